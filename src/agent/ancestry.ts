/**
 * The processes above a caller, as /proc shows them: each one's file, name, script and marks. What is read once is kept for as long as
 * the process is the same one and has not exec'ed; only its parent is looked up each time, because that changes when one dies.
 */
import { closeSync, openSync, readlinkSync, readSync } from "node:fs";
import { type ProcessStat, processStat, ticks } from "../process-stat.ts";
import type { Ancestor } from "../signs/judge.ts";
import { type Marks, marksIn } from "../signs/marks.ts";
import { isInterpreter } from "../signs/program.ts";

export type Parent = Ancestor & { pid: number; startTime: string };

/** A chain is as long as somebody makes it. */
const deepest = 64;
const kept = 512;
/** bytes */
const longestEnviron = 256 * 1024;
const longestArgv = 8192;

const known = new Map<string, Ancestor>();

/** From the parent of `first` up to the first process of this pid namespace, or to where nothing is seen any more. */
export function ancestorsOf(first: ProcessStat): Parent[] {
  const found: Parent[] = [];
  for (let pid = first.parent; pid > 0 && found.length < deepest;) {
    const stat = processStat(pid);
    if (!stat) break;
    found.push({ pid, startTime: stat.startTime, ...look(pid, stat) });
    pid = stat.parent;
  }
  return found;
}

function look(pid: number, stat: ProcessStat): Ancestor {
  const key = `${pid} ${stat.startTime} ${stat.image} ${stat.comm}`;
  let seen = known.get(key);
  if (!seen) {
    if (known.size >= kept) known.clear();
    const exe = exeOf(pid);
    const argv = isInterpreter(exe, stat.comm) ? text(`/proc/${pid}/cmdline`, longestArgv).split("\0") : [];
    seen = { exe, comm: stat.comm, argv, marks: marksOfProcess(pid), started: Number(stat.startTime) / ticks };
    known.set(key, seen);
  }
  return seen;
}

/** "" for a process that is closed to us. */
export function exeOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}

/** Of the environment it was started with; {} for a process that is closed to us. */
export function marksOfProcess(pid: number): Marks {
  return marksIn(text(`/proc/${pid}/environ`, longestEnviron));
}

const buffer = Buffer.alloc(longestEnviron);

function text(path: string, longest: number): string {
  let fd: number | undefined;
  let length = 0;
  try {
    fd = openSync(path, "r");
    while (length < longest) {
      const count = readSync(fd, buffer, length, longest - length, null);
      if (count === 0) break;
      length += count;
    }
    return buffer.toString("latin1", 0, length);
  } catch {
    return "";
  } finally {
    if (fd !== undefined) closeSync(fd);
    buffer.fill(0, 0, length); // an environment may hold somebody's values
  }
}
