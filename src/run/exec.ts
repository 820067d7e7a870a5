/** The plain lane: this process becomes the program. Same pid, terminal, job control, exit code and signals; our image is gone. */
import { libc } from "../sys/libc.ts";
import { clearNonBlocking, resetSignalsForExec, setCoreLimitZero, setUndumpable } from "../sys/process.ts";
import { startFailure } from "./program.ts";

export type Start = {
  /** absolute */
  program: string;
  /** as typed; the program's argv[0] first */
  command: readonly string[];
  environment: ReadonlyMap<string, string>;
  /** descriptors for the program alone: closed here once it has them */
  inherited?: readonly number[];
};

export type Shield = { restore(): void };

/**
 * Before a value arrives: nobody of the same user may look into this process any more, and it leaves no core file. `restore` gives
 * the core limit back to a program we start; an exec turns the rest back by itself.
 */
export function shield(): Shield {
  setUndumpable();
  return setCoreLimitZero();
}

/** Binds what `shield` and `execInPlace` will call, while the agent works. */
export function prepareExec(): void {
  const { call } = libc();
  void [call.prctl, call.getrlimit, call.setrlimit, call.signal, call.sigprocmask, call.fcntl];
}

/** Does not return. Throws a `RunFailure` when the system refuses. */
export function execInPlace(start: Start, guard: Shield | undefined): never {
  const environment = Object.fromEntries(start.environment);
  guard?.restore();
  resetSignalsForExec();
  for (const fd of [0, 1, 2]) clear(fd);
  if (!process.execve) throw new Error("no execve on this system");
  try {
    process.execve(start.program, [...start.command], environment);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOEXEC") throw startFailure(start.program, error);
    // a script without a first line: execvp and every shell give it to sh
    process.execve("/bin/sh", ["sh", start.program, ...start.command.slice(1)], environment);
  }
  throw new Error("execve returned");
}

function clear(fd: number): void {
  try {
    clearNonBlocking(fd);
  } catch {
    // a closed descriptor stays closed
  }
}
