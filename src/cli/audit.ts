/** How lines of the audit log are shown, and what is said of those that are not there. */
import type { AuditLine } from "../calls/audit.ts";
import { ZvaultError } from "../errors.ts";
import { seconds } from "./flags.ts";
import { count } from "./output.ts";

/** Time, verb, how it ended, who asked, paths. */
export function auditCells(line: AuditLine): string[] {
  const text = (name: string): string =>
    typeof line[name] === "string" || typeof line[name] === "number" ? String(line[name]) : "";
  const paths = Array.isArray(line["paths"]) ? line["paths"].map(String) : [];
  const shown = paths.length > 3 ? `${paths.slice(0, 3).join(" ")} … ${paths.length} in all` : paths.join(" ");
  const ended = line["kind"] === "denied" ? "denied" : text("outcome");
  return [text("time"), text("verb") || text("kind"), ended, programOf(line["caller"]), shown];
}

function programOf(caller: unknown): string {
  if (typeof caller !== "object" || caller === null) return "";
  const found = caller as Record<string, unknown>;
  const program = typeof found["program"] === "string" ? (found["program"].split("/").at(-1) ?? "") : "";
  return typeof found["pid"] === "number" ? `${program}[${found["pid"]}]` : program;
}

/** Whoever asked, in reports that count: no process, but program, uid, and what AI tool it was. */
export function asker({ program, uid, tool }: { program: string; uid: number; tool?: string }): string {
  const name = program.split("/").at(-1) ?? "";
  return `${name === "" ? "(unknown)" : name} uid ${uid}${tool === undefined ? "" : ` (${tool})`}`;
}

/** What to say where segments were moved away. `all`: the answer would have had more of what was before them. */
export function moved({ from, missing }: { from: number; missing: number }, all: boolean): string | undefined {
  const parts = [
    ...(all && from > 1 ? [`records before ${from} are in segments that were moved away`] : []),
    ...(missing > 0 ? [`${count(missing, "segment")} in between ${missing === 1 ? "was" : "were"} moved away`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join("; ");
}

/** RFC 3339 of "2h" ago, or of a time as Date reads it. Throws `usage`. */
export function auditTime(typed: string, now: Date): string {
  if (/^\d{1,6}[smhd]$/.test(typed)) return new Date(now.getTime() - seconds(typed, "--since") * 1000).toISOString();
  const time = /^\d{4}-\d\d-\d\d/.test(typed) ? new Date(typed) : undefined;
  if (time && !Number.isNaN(time.getTime())) return time.toISOString();
  throw new ZvaultError("usage", "--since takes a time", { hint: "--since 2h, --since 7d, --since 2026-11-25T14:00:00Z" });
}
