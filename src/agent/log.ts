/**
 * The agent's own log: `agent.log` in the state folder, 0600, at most 1 MiB. It never prints, and messages of errors that are not ours are
 * left out, because they may repeat what they were given (JSON.parse does).
 */
import { closeSync, constants, fstatSync, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { ZvaultError } from "../errors.ts";

const largest = 1024 * 1024;

export class AgentLog {
  readonly #path: string;

  /** `state`: the state folder. */
  constructor(state: string) {
    this.#path = `${state}/agent.log`;
    try {
      mkdirSync(state, { recursive: true, mode: 0o700 });
    } catch {
      // `write` will not get far either
    }
  }

  /** Never throws: what cannot be logged must not stop a seal. */
  write(text: string): void {
    const line = `${new Date().toISOString()} ${process.pid} ${text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 4000)}\n`;
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    let fd: number | undefined;
    try {
      fd = openSync(this.#path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
      const found = fstatSync(fd);
      if (!found.isFile() || found.uid !== process.geteuid?.()) return;
      if (found.size + line.length > largest) ftruncateSync(fd);
      writeSync(fd, line);
    } catch {
      // full disk, read-only disk: nothing to be done
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  failure(where: string, failure: unknown): void {
    this.write(`${where}: ${describe(failure)}`);
  }
}

/** Code and message of one of our errors; of others their class, errno and where they were thrown. */
export function describe(failure: unknown): string {
  if (failure instanceof ZvaultError) return `${failure.code}: ${failure.message}`;
  if (!(failure instanceof Error)) return "thrown: something that is no error";
  const { code, syscall } = failure as NodeJS.ErrnoException;
  const frames = (failure.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [failure.name, code, syscall, ...frames.slice(0, 8).map((line) => line.trim())].filter(Boolean).join(" | ");
}
