/**
 * Failed unseals: nobody has a key then, so they are JSON lines with a plain SHA-256 chain, which anybody who can write the file can
 * make anew. At the next unseal they are folded into the audit log, marked as unauthenticated, and the file is emptied.
 * Each failure doubles the wait before the next answer: 1, 2, 4 … 32 seconds.
 */
import { hex, sha256 } from "../crypto/hash.ts";
import type { Caller } from "../protocol.ts";
import { type Io, readFile, writeAll } from "./io.ts";

export type FailedUnseal = { time: string; code: string; kind: string; uid: number; pid: number; program: string };

const longestWait = 32;
const fileLimit = 256 * 1024;

type Line = FailedUnseal & { prev: string };

function parse(io: Io, path: string): { lines: Line[]; whole: boolean } {
  // whoever fills it up keeps nobody out
  const tooLarge = (io.stat(path)?.size ?? 0) > fileLimit;
  const bytes = (tooLarge ? undefined : readFile(io, path, fileLimit)) ?? new Uint8Array();
  if (tooLarge) return { lines: [], whole: false };
  const lines: Line[] = [];
  let prev = "";
  for (const text of Buffer.from(bytes).toString("latin1").split("\n").slice(0, -1)) {
    try {
      const line = JSON.parse(text) as Line;
      if (line.prev !== prev || !isLine(line)) return { lines, whole: false };
      prev = hex(sha256(Buffer.from(text, "latin1")));
      lines.push(line);
    } catch {
      return { lines, whole: false };
    }
  }
  return { lines, whole: true };
}

/** Anybody may have written it: what is in it goes into the audit log, and on terminals. */
function isLine(line: Line): boolean {
  const { time, code, kind, uid, pid, program } = line;
  const isText = (one: unknown, most: number): boolean => typeof one === "string" && one.length <= most;
  const texts = isText(time, 32) && isText(code, 64) && isText(kind, 64) && isText(program, 4096);
  return texts && Number.isSafeInteger(uid) && Number.isSafeInteger(pid);
}

/** Seconds that the next try is made to wait. */
export function waitAfter(failures: number): number {
  return failures === 0 ? 0 : Math.min(2 ** (failures - 1), longestWait);
}

/** Adds a line; the number of failures since the last success. A full or damaged file is begun anew rather than refusing the owner. */
export function noteFailure(io: Io, path: string, time: Date, code: string, kind: string, caller: Caller): number {
  const { lines, whole } = parse(io, path);
  if (!whole || lines.length >= 1000) io.remove(path);
  const last = whole ? lines.at(-1) : undefined;
  const prev = last ? hex(sha256(Buffer.from(print(last), "latin1"))) : "";
  const line: Line = { time: time.toISOString(), code, kind, uid: caller.uid, pid: caller.pid, program: caller.program, prev };
  const fd = io.open(path, "create-or-open");
  try {
    writeAll(io, fd, new TextEncoder().encode(`${print(line)}\n`), io.size(fd));
  } finally {
    io.close(fd);
  }
  return lines.length + 1;
}

function print(line: Line): string {
  const { time, code, kind, uid, pid, program, prev } = line;
  const json = JSON.stringify({ time, code, kind, uid, pid, program, prev });
  return json.replace(/[^\x20-\x7e]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export function readFailures(io: Io, path: string): { failures: FailedUnseal[]; whole: boolean } {
  if (!io.stat(path)) return { failures: [], whole: true };
  const { lines, whole } = parse(io, path);
  return { failures: lines, whole };
}
