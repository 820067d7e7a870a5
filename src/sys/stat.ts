/** Who belongs to whom, by `/proc/<pid>/stat`, which can be read of every process. */
import { readdirSync, readFileSync } from "node:fs";

/** `foreground`: group in front of its terminal; -1 if it has none. */
export type Stat = { parent: number; group: number; session: number; terminal: number; foreground: number };

/** undefined: there is no such process, or it is hidden from us. */
export function statOf(pid: number | "self"): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // field 2, the program's name in parentheses, may hold anything
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [parent = 0, group = 0, session = 0, terminal = 0, foreground = -1] = fields.slice(1, 6).map(Number);
    return { parent, group, session, terminal, foreground };
  } catch {
    return undefined;
  }
}

/** Whether a terminal would send its signals to us: our group is the foreground group of one. */
export function inForeground(): boolean {
  const own = statOf("self");
  return own !== undefined && own.terminal !== 0 && own.group === own.foreground;
}

/**
 * Whether nobody could continue us if we stopped: no shell in our session waits for our group. The kernel drops the terminal's stop
 * signals for such a group (POSIX: orphaned process group).
 */
export function isOrphaned(): boolean {
  const own = statOf("self");
  if (!own) return true;
  for (let up = statOf(own.parent); up && up.session === own.session; up = statOf(up.parent)) {
    if (up.group !== own.group) return false;
  }
  return true;
}

/** Whether our process group has members besides us and our ancestors: the other programs of a pipeline. */
export function hasPeers(): boolean {
  const own = statOf("self");
  if (!own) return false;
  const ours = new Set([process.pid]);
  for (let pid = own.parent; pid > 0; pid = statOf(pid)?.parent ?? 0) ours.add(pid);
  return readdirSync("/proc").some(
    (name) => /^\d+$/.test(name) && !ours.has(Number(name)) && statOf(Number(name))?.group === own.group,
  );
}
