/**
 * Segments of the audit log as they lie on the disk: `audit/000001.jsonl …`, which one to go on in, where each begins, and whether its
 * lines are the ones that were written.
 */
import type { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import { type AuditEntry, checkLine, firstPrev, startOfLine } from "./audit-line.ts";
import { type Io, readAll } from "./io.ts";
import { keptRequests } from "./state.ts";

const newline = 10;

/** `folder`: the `audit` folder of a vault. */
export type Segments = { io: Io; folder: string; key: Secret };

/**
 * The segment to go on with. A crash may find the next segment begun while the last lines of the one before are lost, its signed end
 * among them: nothing in the next one counts then, because its lines wait for those before. `atLeast`: this one and those before it are
 * known to be whole.
 */
export function lastSegment(o: Segments, atLeast: number): number | undefined {
  const segments = listSegments(o.io, o.folder);
  const [before, last] = segments.slice(-2);
  if (before === undefined || last === undefined || last !== before + 1 || last <= atLeast) return segments.at(-1);
  const end = readSegment(o.io, o.folder, before, bytesOf(o, before), o.key);
  const bytes = bytesOf(o, last);
  const { sequence, hmac } = end;
  const follows = !end.torn && (bytes.length === 0 ? end.closed : checkSegment(bytes, { sequence, hmac }, o.key).lines > 0);
  if (follows) return last;
  o.io.remove(segmentPath(o.folder, last));
  return before;
}

/** The whole of a segment. */
export function bytesOf(o: Pick<Segments, "io" | "folder">, segment: number): Buffer {
  const fd = o.io.open(segmentPath(o.folder, segment), "read");
  try {
    return readBytes(o.io, fd);
  } finally {
    o.io.close(fd);
  }
}

/** Requests with an intent line and no outcome: what a crash left open. */
export type Intents = { request: string; verb: string; paths: string[] }[];

/** Of lines one behind the other, checked in parts. */
export function openIntents(parts: readonly SegmentReading[]): Intents {
  const open = new Map<string, string>();
  for (const { changes } of parts) {
    for (const request of changes.ended) open.delete(request);
    for (const [request, line] of changes.open) open.set(request, line);
  }
  return Array.from(open, ([request, line]) => {
    const { verb, paths } = JSON.parse(line) as AuditEntry;
    return { request, verb, paths: [...paths] };
  });
}

/** Of the segment before, as many lines as requests may be under way; none where it was moved away or is not what we wrote. */
export function linesBefore(o: Segments, segment: number): SegmentReading[] {
  const path = segmentPath(o.folder, segment - 1);
  if (!o.io.stat(path)) return [];
  const fd = o.io.open(path, "read");
  try {
    const text = lastLines(o.io, fd, 2 * keptRequests);
    const read = checkSegment(text, firstOf(text), o.key);
    return read.problem === undefined ? [read] : [];
  } finally {
    o.io.close(fd);
  }
}

/** The position before a text's first line, as that line has it. */
export function firstOf(text: Buffer): { sequence: number; hmac: string } {
  const line = text.toString("latin1", 0, text.indexOf(newline) + 1);
  const first = /^\{"seq":(\d+),[^\n]*,"prev":"([0-9a-f]{64})","hmac":"[0-9a-f]{64}"\}\n/.exec(line);
  return { sequence: Number(first?.[1] ?? 1) - 1, hmac: first?.[2] ?? firstPrev };
}

/** Whole lines from the end, at least `wanted` of them if there are so many. */
function lastLines(io: Io, fd: number, wanted: number): Buffer {
  const size = io.size(fd);
  for (let length = 128 * 1024; ; length *= 4) {
    const from = Math.max(0, size - length);
    const bytes = new Uint8Array(size - from);
    const text = Buffer.from(bytes.buffer, 0, readAll(io, fd, bytes, from));
    const whole = from === 0 ? text : text.subarray(text.indexOf(newline) + 1);
    if (from === 0 || countLines(whole) >= wanted) return whole;
  }
}

function countLines(text: Buffer): number {
  let count = 0;
  for (let at = text.indexOf(newline); at !== -1; at = text.indexOf(newline, at + 1)) count++;
  return count;
}

export function gone(message: string): ZvaultError {
  return new ZvaultError("damaged", message, {
    hint: "`zvault unseal --accept-rollback` goes on with what is there, and records it",
  });
}

export function name(segment: number): string {
  return `audit/${String(segment).padStart(6, "0")}.jsonl`;
}

export function segmentPath(folder: string, segment: number): string {
  return `${folder}/${String(segment).padStart(6, "0")}.jsonl`;
}

export function listSegments(io: Io, folder: string): number[] {
  const numbers = io.list(folder).flatMap((file) => {
    const found = /^(\d{6})\.jsonl$/.exec(file);
    return found?.[1] ? [Number(found[1])] : [];
  });
  return numbers.toSorted((a, b) => a - b);
}

export function readBytes(io: Io, fd: number): Buffer {
  const bytes = new Uint8Array(io.size(fd));
  return Buffer.from(bytes.buffer, 0, readAll(io, fd, bytes, 0));
}

export type SegmentReading = {
  lines: number;
  /** of the last good line; the start's values when there is none */
  sequence: number;
  hmac: string;
  /** length of the good part */
  bytes: number;
  hmacs: Map<number, string>;
  /** by request: lines of intents without outcome, and outcomes whose intent stands before the first line */
  changes: { open: Map<string, string>; ended: Set<string> };
  /** the last good line is a checkpoint */
  closed: boolean;
  problem?: string;
  /** first bad line, from 1 */
  line?: number;
  /**
   * the bad line has no newline, or a hole: an append that a crash cut short. Whoever makes one up gains no more than by cutting
   * the file there, and the head says how far it must reach.
   */
  torn: boolean;
};

/** Checks a segment's chain from its first line on; its start is taken from the line before it, if that segment is still there. */
export function readSegment(io: Io, folder: string, segment: number, text: Buffer, key: Secret): SegmentReading {
  return checkSegment(text, startOf(io, folder, segment, text), key);
}

/** Position before a segment's first line: from the segment before, or, where that was moved away, what the first line says. */
export function startOf(io: Io, folder: string, segment: number, text: Buffer): { sequence: number; hmac: string } {
  if (segment === 1) return { sequence: 0, hmac: firstPrev };
  const before = io.stat(segmentPath(folder, segment - 1));
  if (before) {
    const fd = io.open(segmentPath(folder, segment - 1), "read");
    try {
      const last = lastLines(io, fd, 1).toString("latin1").trimEnd().split("\n").at(-1) ?? "";
      const entry = JSON.parse(last) as { seq: number; hmac: string };
      return { sequence: entry.seq, hmac: entry.hmac };
    } catch {
      throw gone(`${name(segment - 1)} has no readable last line`);
    } finally {
      io.close(fd);
    }
  }
  return firstOf(text);
}

export function checkSegment(bytes: Buffer, start: { sequence: number; hmac: string }, key: Secret): SegmentReading {
  const text = bytes.toString("latin1");
  const changes = { open: new Map<string, string>(), ended: new Set<string>() };
  const reading: SegmentReading = { lines: 0, ...start, bytes: 0, hmacs: new Map(), changes, closed: false, torn: false };
  let from = 0;
  while (from < text.length) {
    const end = text.indexOf("\n", from);
    if (end === -1) {
      return { ...reading, problem: "is cut short", line: reading.lines + 1, torn: true };
    }
    const checked = checkLine({ bytes, text }, [from, end], [reading.sequence + 1, reading.hmac], key);
    if ("problem" in checked) {
      const torn = text.slice(from, end).includes("\0");
      return { ...reading, problem: checked.problem, line: reading.lines + 1, torn };
    }
    const { kind, request } = startOfLine(text, from, end);
    if (kind === "intent") changes.open.set(request, text.slice(from, end));
    else if (kind === "outcome" && !changes.open.delete(request)) changes.ended.add(request);
    reading.lines += 1;
    reading.sequence += 1;
    reading.hmac = checked.hmac;
    reading.closed = kind === "checkpoint";
    reading.hmacs.set(reading.sequence, checked.hmac);
    from = end + 1;
    reading.bytes = from;
  }
  return reading;
}
