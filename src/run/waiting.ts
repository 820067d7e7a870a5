/**
 * Requests that came while the vault was sealed, for the person who unseals next: "claude asked 2 min ago for: npm test (7 secrets)".
 * The agent is not there while all is sealed, so the client keeps them, in the folder of the socket, for a quarter of an hour. No value,
 * and of the command only words that are no arguments: those may hold a secret. What is read there is a claim of whoever wrote it.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { marksOf } from "../signs/marks.ts";
import { marks } from "../signs/tools.ts";

export type Waiting = {
  /** RFC 3339 */
  time: string;
  /** "npm test" */
  program: string;
  /** references that were asked for */
  count: number;
  /** name of the program that asked */
  caller: string;
};

const most = 16;
const largest = 16 * 1024;
const lasting = 15 * 60_000;
const shells = new Set([
  "sh",
  "bash",
  "dash",
  "zsh",
  "fish",
  "ksh",
  "env",
  "sudo",
  "zvault",
  "timeout",
  "nohup",
  "nice",
  "tmux: server",
]);

function place(runtime: string): string {
  return `${runtime}/waiting`;
}

/** Never throws: a run that fails for want of a person does not fail twice. */
export function rememberRequest(
  runtime: string,
  command: readonly string[],
  count: number,
  caller: string,
  now = Date.now(),
): void {
  const one: Waiting = { time: new Date(now).toISOString(), program: programOf(command), count, caller: caller.slice(0, 64) };
  const others = waitingRequests(runtime, now).filter((old) => old.program !== one.program || old.caller !== one.caller);
  const text = [...others, one].slice(-most).map((line) => `${JSON.stringify(line)}\n`);
  const fresh = `${place(runtime)}.${process.pid}`;
  try {
    const fd = openSync(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    try {
      writeSync(fd, text.join(""));
    } finally {
      closeSync(fd);
    }
    renameSync(fresh, place(runtime));
  } catch {
    rmSync(fresh, { force: true });
  }
}

/** The last quarter of an hour's, oldest first; whatever is not in our form is passed over. */
export function waitingRequests(runtime: string, now = Date.now()): Waiting[] {
  return read(runtime)
    .split("\n")
    .flatMap((line): Waiting[] => {
      try {
        const { time, program, count, caller } = JSON.parse(line) as Record<string, unknown>;
        const fits =
          typeof time === "string" && typeof program === "string" && typeof caller === "string" && Number.isSafeInteger(count);
        const age = fits ? now - Date.parse(time) : NaN;
        if (!fits || !(age >= 0 && age <= lasting)) return [];
        return [
          {
            time: new Date(Date.parse(time)).toISOString(),
            program: program.slice(0, 80),
            count: Math.max(0, count as number),
            caller: caller.slice(0, 64),
          },
        ];
      } catch {
        return [];
      }
    })
    .slice(-most);
}

/** Never throws: whatever stands there is no reason for an unseal to fail. */
export function forgetRequests(runtime: string): void {
  try {
    rmSync(place(runtime), { force: true });
  } catch {
    // told once more, then
  }
}

function read(runtime: string): string {
  try {
    const fd = openSync(place(runtime), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = fstatSync(fd);
      return found.isFile() && found.uid === process.geteuid?.() && found.size <= largest ? readFileSync(fd, "utf8") : "";
    } finally {
      closeSync(fd);
    }
  } catch {
    return "";
  }
}

/** The program and the words after it that look like names of a task: `npm run test:unit`, `python …`. */
export function programOf(command: readonly string[]): string {
  const [first = "", ...rest] = command;
  const words = rest.slice(0, 2);
  const end = words.findIndex((word) => !/^[a-z][a-z0-9:_.-]{0,23}$/.test(word));
  const shown = end < 0 ? words : words.slice(0, end);
  return [basename(first).slice(0, 40), ...shown, ...(shown.length < rest.length ? ["…"] : [])].join(" ");
}

/** An AI tool whose variables are in `env`, else the nearest ancestor that is no shell, by its name; "" where nobody can be seen. */
export function callerName(env: NodeJS.ProcessEnv, pid = process.ppid): string {
  const mark = Object.keys(marksOf(env)).find((name) => marks.has(name));
  if (mark !== undefined) return marks.get(mark) ?? "";
  let at = pid;
  for (let left = 12; at > 1 && left > 0; left--) {
    const stat = statOf(at);
    if (!stat) return "";
    if (!shells.has(stat.name)) return stat.name;
    at = stat.parent;
  }
  return "";
}

function statOf(pid: number): { name: string; parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const close = text.lastIndexOf(")");
    return { name: text.slice(text.indexOf("(") + 1, close), parent: Number(text.slice(close + 2).split(" ")[1]) };
  } catch {
    return undefined;
  }
}
