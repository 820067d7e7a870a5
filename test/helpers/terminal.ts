/**
 * A program on a terminal of its own (`script` of util-linux), typed at by a test: `type` waits until the terminal shows a text before it
 * types, because a hidden prompt throws away what was typed before it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { plainPath } from "./start.ts";

export class Terminal {
  readonly #child: ChildProcess;
  readonly #keys: Writable;
  readonly #ended: Promise<number>;
  #seen = "";
  #read = 0;

  /** `line`: for sh. `env`: the whole environment besides PATH. */
  constructor(line: string, o: { cwd: string; env: Record<string, string> }) {
    const env = Object.entries({ PATH: plainPath, TERM: "dumb", SHELL: "/bin/sh", ...o.env }).map(
      ([name, value]) => `${name}=${value}`,
    );
    // orphaned, as start.ts does it: whoever runs the tests is nobody's ancestor. The status comes over descriptor 3, and what is typed
    // goes over 4: node closes descriptor 0 once setsid, its child, has ended
    const shell = ["/bin/sh", "-c", 'script -qefc "$1" /dev/null <&4 3>&- 4<&-; echo $? >&3', "sh", line];
    this.#child = spawn("setsid", ["-f", "/usr/bin/env", "-i", ...env, ...shell], {
      cwd: o.cwd,
      stdio: ["ignore", "pipe", "ignore", "pipe", "pipe"],
    });
    this.#keys = this.#child.stdio[4] as Writable;
    this.#keys.on("error", () => {});
    let status = "";
    this.#child.stdio[3]?.on("data", (chunk: Buffer) => (status += chunk.toString()));
    this.#child.stdout?.on("data", (chunk: Buffer) => (this.#seen += chunk.toString()));
    this.#ended = new Promise((done) => this.#child.on("close", () => done(Number(status || "-1"))));
    this.#ended.then(
      () => this.#keys.destroy(),
      () => undefined,
    );
  }

  /** All that the terminal showed, with "\n" for its line ends. */
  get seen(): string {
    return this.#seen.replaceAll("\r\n", "\n");
  }

  /** Types a line once `prompt` stands there (and was not yet answered); `end` "" types no Enter. Throws after 30 s. */
  async type(prompt: string, answer: string, end = "\r"): Promise<void> {
    for (let left = 1500; !this.#seen.includes(prompt, this.#read); left--) {
      if (left === 0) throw new Error(`no ${JSON.stringify(prompt)} but ${JSON.stringify(this.seen)}`);
      await new Promise((wake) => setTimeout(wake, 20));
    }
    this.#read = this.#seen.indexOf(prompt, this.#read) + prompt.length;
    this.#keys.write(`${answer}${end}`);
  }

  /** The exit code. */
  async end(): Promise<number> {
    const late = setTimeout(() => this.#keys.destroy(), 60_000);
    const code = await this.#ended;
    clearTimeout(late);
    return code;
  }
}
