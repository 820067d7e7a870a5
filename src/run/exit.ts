/**
 * How a run that zvault itself ends is told: lines on stderr that begin with `zvault:`, exit 125 (126 and 127 for a program that
 * cannot be started), and for programs one JSON object on the descriptor of `--json-errors`. Also: ending as the child ended.
 */
import { writeSync } from "node:fs";
import { ZvaultError, type ErrorCode, type ErrorInit } from "../errors.ts";
import { Refused } from "../signs/refusal.ts";

/** Exit codes of `run` itself; a child's code is passed on as it is. */
export const ownFailure = 125;
export const notExecutable = 126;
export const notFound = 127;

/** A failure with an exit code of its own, or with lines between message and hint. */
export class RunFailure extends ZvaultError {
  readonly exit: number;
  readonly details: readonly string[];

  constructor(code: ErrorCode, message: string, init: ErrorInit & { exit?: number; details?: readonly string[] } = {}) {
    super(code, message, init);
    this.exit = init.exit ?? ownFailure;
    this.details = init.details ?? [];
  }
}

/** Tells the failure and returns the exit code. Never throws: a closed stderr is no reason to end otherwise. */
export function tell(error: unknown, jsonErrors: number | undefined): number {
  const known = error instanceof ZvaultError ? error : internal();
  const exit = known instanceof RunFailure ? known.exit : ownFailure;
  const details = known instanceof RunFailure ? known.details.map((line) => `zvault:   ${line}\n`) : [];
  const hint = known.hint === undefined ? "" : `zvault: hint: ${known.hint}\n`;
  const lines = known instanceof Refused ? known.lines.map((line) => `zvault: ${line}\n`).join("") : undefined;
  say(2, lines ?? `zvault: error: ${known.message}\n${details.join("")}${hint}`);
  if (jsonErrors !== undefined) {
    const { code, message, names } = known;
    // `exit`: the code this failure has outside of `run`
    say(jsonErrors, `${JSON.stringify({ error: { code, message, hint: known.hint ?? null, names, exit: known.exitCode } })}\n`);
  }
  return exit;
}

/** An error nobody foresaw may hold anything: it gets an id and is not shown. */
function internal(): ZvaultError {
  return new ZvaultError("internal", `internal error ${errorId()}`, {
    hint: "please report it with what you typed",
  });
}

/** One line of a note: control characters of names and paths do not reach the terminal. */
export function note(text: string): void {
  say(2, `zvault: ${text}\n`);
}

export function say(fd: number, text: string): void {
  const bytes = Buffer.from(text.replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?"));
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}

export type Ending = { code: number | null; signal: NodeJS.Signals | null };

/** Ends this process the way the child ended; a shell then sees the same signal, and 128 + n where a signal cannot be sent. */
export function endAs(ending: Ending): never {
  if (ending.signal === null) process.exit(ending.code ?? ownFailure);
  process.removeAllListeners(ending.signal);
  // as pid 1 of a container we cannot end ourselves by a signal
  if (process.pid !== 1) {
    process.kill(process.pid, ending.signal);
    // another thread may have to take it
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
  }
  process.exit(128 + process.getBuiltinModule("node:os").constants.signals[ending.signal]);
}

/** Names an internal error to whoever reports it; no secret, so node:crypto (5 ms) is not loaded for it. */
function errorId(): string {
  return Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
}
