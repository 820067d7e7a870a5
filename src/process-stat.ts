/** What `/proc/<pid>/stat` says of a process; readable for everybody, also of processes that are closed to others. */
import { readFileSync } from "node:fs";

/** `startTime`: clock ticks since boot; with the pid it names one process for as long as the machine runs. */
export type ProcessStat = {
  state: string;
  session: number;
  startTime: string;
  parent: number;
  /** it has a controlling terminal */
  terminal: boolean;
  /** what it calls itself, at most 15 bytes */
  comm: string;
  /** changes with each exec; "1:0" of a process that is closed to us */
  image: string;
};

/** Ticks of `startTime` in a second, on every Linux. */
export const ticks = 100;

/** undefined: there is no such process, or it is hidden from us (hidepid). */
export function processStat(pid: number): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // field 2, the program's name in parentheses, may hold anything, parentheses and spaces too
    const end = text.lastIndexOf(")");
    const [state = "", parent, , session, terminal, ...rest] = text.slice(end + 2).split(" ");
    const field = (number: number): string | undefined => rest[number - 8]; // fields count from 1, `rest` begins with the 8th
    const startTime = field(22);
    if (startTime === undefined) return undefined;
    return {
      state,
      session: Number(session),
      startTime,
      parent: Number(parent),
      terminal: terminal !== "0",
      comm: text.slice(text.indexOf("(") + 1, end),
      image: `${field(26)}:${field(28)}`,
    };
  } catch {
    return undefined;
  }
}

/** True once the process is gone or only waits to be reaped: its memory is no more. `startTime`: "" if unknown. */
export function isGone(pid: number, startTime: string): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return true;
  }
  const found = processStat(pid);
  return found !== undefined && (found.state === "Z" || found.state === "X" || (startTime !== "" && found.startTime !== startTime));
}
