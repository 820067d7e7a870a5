/** Finds CMD as a shell would: on the PATH of the caller, never of a file. 127: not found, 126: found but cannot be executed. */
import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { notExecutable, notFound, RunFailure } from "./exit.ts";

const defaultPath = "/usr/local/bin:/usr/bin:/bin";

/** Absolute path of the program. Throws `RunFailure` with 126 or 127. */
export function findProgram(command: string, path: string | undefined, cwd: string): string {
  if (command === "") throw missing(command);
  if (command.includes("/")) {
    const full = resolve(cwd, command);
    const problem = problemOf(full);
    if (problem === undefined) return full;
    throw problem === "absent" ? missing(command) : refused(command, problem);
  }
  let blocked: { full: string; problem: string } | undefined;
  for (const folder of (path ?? defaultPath).split(":")) {
    const full = resolve(cwd, folder, command);
    const problem = problemOf(full);
    if (problem === undefined) return full;
    if (problem !== "absent") blocked ??= { full, problem };
  }
  throw blocked && blocked.problem !== "is a directory" ? refused(blocked.full, blocked.problem) : missing(command);
}

function problemOf(full: string): string | undefined {
  try {
    const stat = statSync(full);
    if (stat.isDirectory()) return "is a directory";
    if (!stat.isFile()) return "is no regular file";
    accessSync(full, constants.X_OK);
    return undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === "EACCES" || code === "EPERM" ? "is not executable" : "absent";
  }
}

function missing(command: string): RunFailure {
  return new RunFailure("not-found", `no program ${JSON.stringify(command)}`, {
    exit: notFound,
    hint: command.includes(" ") ? "a line for a shell: zvault run -- sh -c '…'" : "is it installed, and on PATH?",
    names: [command],
  });
}

function refused(command: string, why: string): RunFailure {
  return new RunFailure("denied", `${command} ${why}`, {
    exit: notExecutable,
    hint: "chmod +x makes a program of a script",
    names: [command],
  });
}

/** What a failed exec or spawn says. */
export function startFailure(command: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "E2BIG") {
    return new RunFailure("too-large", "the environment and the arguments are too large for the system", {
      hint: "--only A,B sets fewer variables",
    });
  }
  // the file is there, so it is the interpreter in its first line that is not
  if (code === "ENOENT") return refused(command, "names an interpreter that does not exist");
  if (code === "EACCES" || code === "EPERM" || code === "ENOEXEC") return refused(command, `cannot be executed: ${code}`);
  return error;
}

/** The kernel's limit for one NAME=value, in bytes (MAX_ARG_STRLEN). */
const longestEntry = 131_072;

export function checkSizes(environment: ReadonlyMap<string, string>): void {
  const long = [...environment].filter(([name, value]) => Buffer.byteLength(name) + Buffer.byteLength(value) + 2 > longestEntry);
  if (long.length === 0) return;
  const names = long.map(([name]) => name);
  throw new RunFailure("too-large", `too large for an environment (128 KiB): ${names.join(", ")}`, {
    hint: "--only A,B leaves variables out",
    names,
  });
}
