/** What `/proc/<pid>/stat` says of a process; readable for everybody, also of processes that are closed to others. */
import { readFileSync } from "node:fs";

/** `startTime`: clock ticks since boot; with the pid it names one process for as long as the machine runs. */
export type ProcessStat = { state: string; session: number; startTime: string };

/** undefined: there is no such process, or it is hidden from us (hidepid). */
export function processStat(pid: number): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // field 2, the program's name in parentheses, may hold anything, parentheses and spaces too
    const [state = "", , , session, ...rest] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const startTime = rest[22 - 7]; // fields count from 1, `rest` begins with the 7th
    return startTime === undefined ? undefined : { state, session: Number(session), startTime };
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
