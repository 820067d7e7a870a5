/**
 * Failed unseals: nobody has a key then, so they are JSON lines with a plain SHA-256 chain, which anybody who can write the file can
 * make anew. At the next unseal they are folded into the audit log, marked as unauthenticated, and the file is emptied.
 * Each failure doubles the wait before the next answer: 1, 2, 4 … 32 seconds.
 */
import { hex, sha256 } from "../crypto/hash.ts";
import { ZvaultError } from "../errors.ts";
import type { Caller, VaultRef } from "../protocol.ts";
import { type Io, readFile, writeAll } from "./io.ts";
import { isMoment } from "./moment.ts";
import type { Places } from "./places.ts";
import { standing } from "./standing.ts";

export type FailedUnseal = { time: string; code: string; kind: string; uid: number; pid: number; program: string };

const longestWait = 32;
const fileLimit = 256 * 1024;
/** a path of 4096 characters, each as six */
const lineLimit = 32 * 1024;

type Line = FailedUnseal & { prev: string };

type Read = {
  lines: Line[];
  /** false: something that we did not write, or a line that was taken out */
  whole: boolean;
  /** bytes of the lines; what follows is one that a crash cut short */
  end: number;
  /** hash of the last line */
  prev: string;
};

function parse(io: Io, path: string): Read {
  // larger than we ever make it
  if ((io.stat(path)?.size ?? 0) > fileLimit) return { lines: [], whole: false, end: 0, prev: "" };
  const text = Buffer.from(readFile(io, path, fileLimit) ?? new Uint8Array()).toString("latin1");
  const lines: Line[] = [];
  let prev = "";
  let end = 0;
  for (const one of text.split("\n").slice(0, -1)) {
    const line = parseLine(one);
    if (line?.prev !== prev) return { lines, whole: false, end, prev };
    prev = hex(sha256(Buffer.from(one, "latin1")));
    end += one.length + 1;
    lines.push(line);
  }
  return { lines, whole: true, end, prev };
}

/** Anybody can write this file: only fields of the right kind get into the audit log. */
function parseLine(json: string): Line | undefined {
  let found: unknown;
  try {
    found = JSON.parse(json);
  } catch {
    return undefined;
  }
  const { time, code, kind, uid, pid, program, prev } = (found ?? {}) as Record<string, unknown>;
  const isText = (one: unknown, most: number): one is string => typeof one === "string" && one.length <= most;
  if (!isMoment(time) || !isText(code, 64) || !isText(kind, 64) || !isText(program, 4096) || !isText(prev, 64)) return undefined;
  if (!Number.isSafeInteger(uid) || !Number.isSafeInteger(pid)) return undefined;
  return { time, code, kind, uid: uid as number, pid: pid as number, program, prev };
}

/** Seconds that the next try is made to wait. */
export function waitAfter(failures: number): number {
  return failures === 0 ? 0 : Math.min(2 ** (failures - 1), longestWait);
}

/** Adds a line; the number of failures since the last success. A full or damaged file is begun anew rather than refusing the owner. */
export function noteFailure(io: Io, path: string, time: Date, code: string, kind: string, caller: Caller): number {
  const found = parse(io, path);
  const anew = !found.whole || found.lines.length >= 1000 || found.end > fileLimit - lineLimit;
  if (anew) io.remove(path);
  const prev = anew ? "" : found.prev;
  const line: Line = { time: time.toISOString(), code, kind, uid: caller.uid, pid: caller.pid, program: caller.program, prev };
  const bytes = new TextEncoder().encode(`${print(line)}\n`);
  const fd = io.open(path, "create-or-open");
  try {
    const at = anew ? 0 : found.end;
    // a line that was cut short may have been longer than this one
    if (io.size(fd) > at) io.truncate(fd, at);
    writeAll(io, fd, bytes, at);
  } finally {
    io.close(fd);
  }
  return found.lines.length + 1;
}

/** A credential that was wrong is noted where nobody needs a key to write: beside the vault, if it is one of ours. */
export function noteTry(
  { io, places, clock }: { io: Io; places: Places; clock(): Date },
  ref: VaultRef | undefined,
  kind: string,
  failure: unknown,
  caller: Caller,
): void {
  if (!(failure instanceof ZvaultError && failure.code.startsWith("wrong-"))) return;
  try {
    const known = ref && standing(io, places, ref.id, ref.dir).kind === "known";
    if (!known) io.makeFolder(places.state);
    noteFailure(io, known ? `${ref.dir}/unseal.log` : `${places.state}/unseal.log`, clock(), failure.code, kind, caller);
  } catch {
    // a full or read-only disk must not hide why the credential was refused
  }
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
