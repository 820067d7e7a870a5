/** A terminal whose every byte a test sees and sends: the master of a pty of our own. */
import { write } from "node:fs";
import { ReadStream } from "node:tty";
import { rawModes, type Modes } from "../../src/sys/modes.ts";
import { openPty } from "../../src/sys/pty.ts";
import { type Change, childChange, spawnProgram } from "../../src/sys/spawn.ts";

export class RawTerminal {
  /** where a program finds it */
  readonly path: string;
  readonly #master: number;
  readonly #stream: ReadStream;
  #seen: Buffer[] = [];
  #take: (bytes: Uint8Array) => void = (bytes) => this.#seen.push(Buffer.from(bytes));

  constructor(modes: Modes = rawModes(new Uint32Array(16), false)) {
    const { master, path } = openPty(modes, { rows: 24, columns: 80 });
    this.#master = master;
    this.path = path;
    const buffer = new Uint8Array(new ArrayBuffer(65_536));
    const callback = (count: number) => {
      this.#take(buffer.subarray(0, count));
      return true;
    };
    this.#stream = new ReadStream(master, { onread: { buffer, callback } } as unknown as { readable: boolean });
    this.#stream.on("error", () => undefined);
    this.#stream.resume();
  }

  get seen(): Buffer {
    return Buffer.concat(this.#seen);
  }

  /** From now on what comes is given to `take` and not kept. */
  drain(take: (bytes: Uint8Array) => void): void {
    this.#take = take;
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Types, as fast as it is taken. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const done = await new Promise<number>((settle, fail) => {
        write(this.#master, bytes, at, bytes.length - at, null, (error, count) => {
          if (error && error.code !== "EAGAIN") fail(error);
          else settle(error ? 0 : count);
        });
      });
      at += done;
      if (done === 0) await new Promise((wake) => setTimeout(wake, 2));
    }
  }

  /** Starts a program as the leader of a session with this terminal. */
  start(argv: readonly string[], env: Record<string, string>): number {
    return spawnProgram({
      program: argv[0] ?? "",
      argv,
      env: new Map(Object.entries(env)),
      actions: [
        { fd: 0, open: this.path },
        { fd: 1, from: 0 },
        { fd: 2, from: 0 },
      ],
      session: true,
    });
  }

  close(): void {
    this.#stream.destroy();
  }
}

/** Waits for the end of a program of `start`. Throws after a minute. */
export async function endOf(pid: number): Promise<Change> {
  for (let left = 6000; left > 0; left--) {
    const change = childChange(pid);
    if (change?.kind === "exited" || change?.kind === "killed") return change;
    await new Promise((wake) => setTimeout(wake, 10));
  }
  throw new Error("did not end");
}
