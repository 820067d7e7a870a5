/**
 * Puts a terminal back as it was when we cannot: we were killed (`kill -9`) while it was raw. A shell of a few lines waits for the end of a
 * pipe from us. It holds no value and has an empty environment; a session of its own, so that what kills our group leaves it alone.
 * After our death it waits a moment: an interactive shell restores the terminal by itself, and then it must not interfere.
 */
import { accessSync, closeSync, constants, writeSync } from "node:fs";
import { type Modes, sttyText } from "../sys/modes.ts";
import { pipe2 } from "../sys/pipe.ts";
import { childChange, spawnProgram } from "../sys/spawn.ts";

const shell = "/bin/sh";
/** stdin: the pipe, lines "SAVED RAW" or empty; 3: the terminal */
const script = `
while read -r line; do last=$line; done
set -- $last
[ $# = 2 ] || exit 0
sleep 0.1
[ "$(stty -g <&3)" = "$2" ] && stty "$1" <&3
`;

export class TerminalWatch {
  readonly #pid: number;
  readonly #pipe: number;

  private constructor(pid: number, pipe: number) {
    this.#pid = pid;
    this.#pipe = pipe;
  }

  /** undefined where it cannot be had (no shell): the terminal is then as safe as with any other raw program. */
  static start(terminal: number): TerminalWatch | undefined {
    let ends: [number, number] | undefined;
    try {
      accessSync(shell, constants.X_OK);
      ends = pipe2();
      const pid = spawnProgram({
        program: shell,
        argv: ["sh", "-c", script, "zvault-terminal"],
        env: new Map([["PATH", "/usr/bin:/bin"]]),
        actions: [
          { fd: 0, from: ends[0] },
          { fd: 1, open: "/dev/null" },
          { fd: 2, open: "/dev/null" },
          { fd: 3, from: terminal },
        ],
        session: true,
      });
      closeSync(ends[0]);
      return new TerminalWatch(pid, ends[1]);
    } catch {
      for (const fd of ends ?? []) closeSync(fd);
      return undefined;
    }
  }

  taken(saved: Modes, raw: Modes): void {
    this.#say(`${sttyText(saved)} ${sttyText(raw)}\n`);
  }

  left(): void {
    this.#say("\n");
  }

  end(): void {
    closeSync(this.#pipe);
    try {
      process.kill(this.#pid, "SIGKILL");
      for (let left = 200; left > 0 && childChange(this.#pid) === undefined; left--)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    } catch {
      // gone already
    }
  }

  #say(line: string): void {
    try {
      writeSync(this.#pipe, line);
    } catch {
      // it was killed
    }
  }
}
