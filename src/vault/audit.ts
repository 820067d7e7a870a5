/**
 * The audit log: append-only segments `audit/000001.jsonl …` of HMAC-chained lines. `record` hands out a Receipt once the line is
 * on disk, and every engine call takes one: a call without an audit record does not compile.
 */
import { sign } from "../crypto/ed25519.ts";
import { RunningSha256 } from "../crypto/hash.ts";
import type { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import { lineOf, Polls } from "./audit-polls.ts";
import { type AuditEntry, type AuditPosition, checkLine, firstPrev, newRequest, printLine } from "./audit-line.ts";
import { GroupSync } from "./group-sync.ts";
import { type Io, readAll, writeAll } from "./io.ts";
import { keptRequests } from "./state.ts";
import { Watchers } from "./watchers.ts";

const proof = Symbol("only the audit log issues receipts");

/** Proof that the audit record of a request is on disk. */
export class Receipt {
  readonly request: string;
  constructor(issuer: typeof proof, request: string) {
    if (issuer !== proof) throw new TypeError("a receipt is issued by the audit log");
    this.request = request;
  }
}

/** A segment is closed at the first line that ends beyond either: unsealing checks every line of the open one. */
const segmentBytes = 512 * 1024;
const segmentLines = 1000;

export type SegmentEnd = { segment: number; lines: number; hmac: string };

export type AuditOptions = {
  io: Io;
  /** the `audit` folder */
  folder: string;
  key: Secret;
  clock(): Date;
};

export class AuditLog {
  readonly #o: AuditOptions;
  readonly #fd: number;
  readonly #sync: GroupSync;
  #segment: number;
  #sequence: number;
  #lines: number;
  #size: number;
  #prev: string;
  /** of the segment's lines, as we wrote or checked them: what is signed is not read again */
  readonly #sum = new RunningSha256();
  /** the last line that is known to be on disk */
  #durable: AuditPosition;
  /** of the segment before: its last lines are on disk before any of this one counts */
  #before: Promise<void> | undefined;
  #closed = false;
  /** woken by each line */
  written = new Watchers();
  #polls = new Polls();

  private constructor(o: AuditOptions, fd: number, at: AuditPosition, lines: number, size: number) {
    this.#o = o;
    this.#fd = fd;
    this.#durable = at;
    this.#sync = new GroupSync(async () => {
      await this.#before;
      const { position } = this;
      await o.io.datasync(fd);
      this.#durable = position;
    });
    this.#segment = at.segment;
    this.#sequence = at.sequence;
    this.#prev = at.hmac;
    this.#lines = lines;
    this.#size = size;
  }

  /** Makes segment `after.segment + 1`; without `after` the first one of a vault. */
  static async create(o: AuditOptions, after?: AuditPosition): Promise<AuditLog> {
    const segment = (after?.segment ?? 0) + 1;
    const fd = o.io.open(segmentPath(o.folder, segment), "create-exclusive");
    await o.io.syncFolder(o.folder);
    return new AuditLog(o, fd, { segment, sequence: after?.sequence ?? 0, hmac: after?.hmac ?? firstPrev }, 0, 0);
  }

  /**
   * Opens the last segment for appending. A torn end after the last durable line is cut off; a missing or changed line is `damaged`.
   * `head`: where the audit log was last known to be durable. `closed`: the last segment whose end an anchor holds.
   */
  static open(o: AuditOptions, head: AuditPosition | undefined, closed = 0): { log: AuditLog; cut: number; intents: Intents } {
    if (!o.io.stat(o.folder)) throw gone("the audit log is gone");
    const segment = lastSegment(o, Math.max(closed + 1, head?.segment ?? 1));
    if (segment === undefined) throw gone("the audit log is gone");
    if (head && segment < head.segment) throw gone(`audit segment ${head.segment} is gone`);
    const path = segmentPath(o.folder, segment);
    const fd = o.io.open(path, "append-read-write");
    try {
      const text = readText(o.io, fd);
      const read = readSegment(o.io, o.folder, segment, text, o.key);
      if (read.problem !== undefined && !read.torn) throw gone(`${name(segment)} line ${read.line} ${read.problem}`);
      if (head && head.segment === segment && read.sequence < head.sequence) {
        throw gone(`the audit log ends at record ${read.sequence}, but ${head.sequence} was written`);
      }
      const known = head && head.segment === segment ? read.hmacs.get(head.sequence) : head?.hmac;
      if (head && head.segment === segment && read.lines > 0 && known !== undefined && known !== head.hmac) {
        throw gone(`audit record ${head.sequence} is not the one that was written`);
      }
      const cut = o.io.size(fd) - read.bytes;
      if (cut > 0) o.io.truncate(fd, read.bytes);
      const at = { segment, sequence: read.sequence, hmac: read.hmac };
      const log = new AuditLog(o, fd, at, read.lines, read.bytes);
      log.#sum.add(Buffer.from(text.slice(0, read.chars), "latin1"));
      // what was under way when a segment was closed may have its outcome in the next one
      const before = read.lines < keptRequests ? linesBefore(o, segment) : "";
      return {
        log,
        cut,
        intents: openIntents(before + text.slice(0, read.chars)),
      };
    } catch (failure) {
      o.io.close(fd);
      throw failure;
    }
  }

  get position(): AuditPosition {
    return { segment: this.#segment, sequence: this.#sequence, hmac: this.#prev };
  }

  /** For the head, which never leads. */
  get durable(): AuditPosition {
    return this.#durable;
  }

  /** Goes on where `before` is now; nothing was written here yet. */
  follow(before: AuditLog): void {
    this.#sequence = before.#sequence;
    this.#prev = before.#prev;
    this.#durable = before.#durable;
    this.written = before.written;
    this.#polls = before.#polls;
    this.#before = before.sync();
    // whoever waits for a line here learns of a failure; until then nobody does
    this.#before.catch(() => undefined);
  }

  get full(): boolean {
    return this.#size > segmentBytes || this.#lines >= segmentLines;
  }

  get end(): SegmentEnd {
    return { segment: this.#segment, lines: this.#lines, hmac: this.#prev };
  }

  /** Writes and syncs. No line, no receipt: throws `audit-failed`, and nothing may happen then. */
  async record(entry: AuditEntry): Promise<Receipt> {
    this.note(entry);
    try {
      await this.#sync.wait();
    } catch (cause) {
      throw new ZvaultError("io", "the audit log could not be synced", { cause });
    }
    return new Receipt(proof, entry.request);
  }

  /** As `record`, for what a caller asks again and again: within a minute of the first line the others are counted. */
  poll(entry: AuditEntry): Promise<Receipt> {
    const now = this.#o.clock();
    const again = this.#polls.again(entry, now);
    if (again) return again;
    const receipt = this.record(entry);
    this.#polls.begin(entry, now, receipt);
    return receipt;
  }

  /** Counted polls are not lines yet. */
  get polled(): boolean {
    return this.#polls.some;
  }

  /** Lines of the polls whose minute is over; at the seal of all. Throws `audit-failed`, and keeps what is not written. */
  endPolls(which: "over" | "all"): void {
    this.#writePolls(this.#polls.over(which === "all" ? "all" : this.#o.clock()));
  }

  #writePolls(polls: ReturnType<Polls["over"]>): void {
    for (const poll of polls) {
      const line = lineOf(poll);
      if (line) this.#write(line);
      this.#polls.end(poll);
    }
  }

  /** Writes without waiting for the disk: outcome lines, whose intent is already there. Throws `audit-failed`. */
  note(entry: AuditEntry): void {
    this.#writePolls(this.#polls.before(entry));
    this.#write(entry);
  }

  /** The last line of a segment: signed for those who have no key of this vault's. `since`: the first segment that ends with one. */
  checkpoint(seed: Secret, vault: string, since: number): void {
    const detail = { vault, segment: this.#segment, since, lines: this.#lines, sha256: this.#sum.hex };
    const entry = { kind: "checkpoint", request: newRequest(), verb: "audit.checkpoint", paths: [], detail } as const;
    this.#write(entry, (message) => sign(seed, message));
  }

  #write(entry: AuditEntry, signer?: (message: Uint8Array) => Uint8Array): void {
    if (this.#closed) throw new ZvaultError("sealed", "the vault is sealed");
    const { clock, key } = this.#o;
    const [line, hmac] = printLine(entry, this.#sequence + 1, clock(), this.#prev, key, signer);
    const bytes = new TextEncoder().encode(`${line}\n`);
    this.#append(bytes);
    this.#sum.add(bytes);
    this.#sequence += 1;
    this.#lines += 1;
    this.#prev = hmac;
    this.written.wake();
  }

  #append(bytes: Uint8Array): void {
    const { io } = this.#o;
    try {
      if (io.size(this.#fd) !== this.#size) throw new ZvaultError("damaged", "the audit log changed under us");
      writeAll(io, this.#fd, bytes, this.#size);
      this.#size += bytes.length;
    } catch (cause) {
      this.#cutBack();
      const why = cause instanceof ZvaultError ? cause.message : "write failed";
      throw new ZvaultError("audit-failed", `no audit record can be written (${why}), so nothing was done`, {
        hint: "free some disk space; `zvault seal` still works",
        cause,
      });
    }
  }

  /** Half a line must not stay in front of the next one. If even that fails, the next append sees the wrong size and refuses. */
  #cutBack(): void {
    try {
      if (this.#o.io.size(this.#fd) > this.#size) this.#o.io.truncate(this.#fd, this.#size);
    } catch {
      // kept: the size check of the next append refuses
    }
  }

  sync(): Promise<void> {
    return this.#sync.wait();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#o.io.close(this.#fd);
  }
}

/**
 * The segment to go on with. A crash may find the next segment begun while the last lines of the one before are lost, its signed end
 * among them: nothing in the next one counts then, because its lines wait for those before. `atLeast`: this one and those before it are
 * known to be whole.
 */
function lastSegment(o: AuditOptions, atLeast: number): number | undefined {
  const segments = listSegments(o.io, o.folder);
  const [before, last] = segments.slice(-2);
  if (before === undefined || last === undefined || last !== before + 1 || last <= atLeast) return segments.at(-1);
  const end = readSegment(o.io, o.folder, before, textOf(o, before), o.key);
  const text = textOf(o, last);
  const { sequence, hmac } = end;
  const follows = !end.torn && (text === "" ? end.closed : checkSegment(text, { sequence, hmac }, o.key).lines > 0);
  if (follows) return last;
  o.io.remove(segmentPath(o.folder, last));
  return before;
}

export function textOf(o: Pick<AuditOptions, "io" | "folder">, segment: number): string {
  const fd = o.io.open(segmentPath(o.folder, segment), "read");
  try {
    return readText(o.io, fd);
  } finally {
    o.io.close(fd);
  }
}

/** Requests with an intent line and no outcome: what a crash left open. */
export type Intents = { request: string; verb: string; paths: string[] }[];

function openIntents(text: string): Intents {
  const open = new Map<string, Intents[number]>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const entry = JSON.parse(line) as AuditEntry;
    if (entry.kind === "outcome") open.delete(entry.request);
    else if (entry.kind === "intent") {
      open.set(entry.request, { request: entry.request, verb: entry.verb, paths: [...entry.paths] });
    }
  }
  return [...open.values()];
}

/** Of the segment before, as many lines as requests may be under way; none where it was moved away or is not what we wrote. */
function linesBefore(o: AuditOptions, segment: number): string {
  const path = segmentPath(o.folder, segment - 1);
  if (!o.io.stat(path)) return "";
  const fd = o.io.open(path, "read");
  try {
    const text = lastLines(o.io, fd, 2 * keptRequests);
    return checkSegment(text, firstOf(text), o.key).problem === undefined ? text : "";
  } finally {
    o.io.close(fd);
  }
}

/** The position before a text's first line, as that line has it. */
export function firstOf(text: string): { sequence: number; hmac: string } {
  const first = /^\{"seq":(\d+),[^\n]*,"prev":"([0-9a-f]{64})","hmac":"[0-9a-f]{64}"\}\n/.exec(text);
  return { sequence: Number(first?.[1] ?? 1) - 1, hmac: first?.[2] ?? firstPrev };
}

/** Whole lines from the end, at least `wanted` of them if there are so many. */
function lastLines(io: Io, fd: number, wanted: number): string {
  const size = io.size(fd);
  for (let length = 128 * 1024; ; length *= 4) {
    const from = Math.max(0, size - length);
    const bytes = new Uint8Array(size - from);
    const text = Buffer.from(bytes.buffer, 0, readAll(io, fd, bytes, from)).toString("latin1");
    const whole = from === 0 ? text : text.slice(text.indexOf("\n") + 1);
    if (from === 0 || whole.split("\n").length > wanted) return whole;
  }
}

function gone(message: string): ZvaultError {
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

function readText(io: Io, fd: number): string {
  const bytes = new Uint8Array(io.size(fd));
  const done = readAll(io, fd, bytes, 0);
  return Buffer.from(bytes.buffer, 0, done).toString("latin1");
}

export type SegmentReading = {
  lines: number;
  /** of the last good line; the start's values when there is none */
  sequence: number;
  hmac: string;
  /** length of the good part */
  bytes: number;
  chars: number;
  hmacs: Map<number, string>;
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

/** Fields stand in our order. */
function isCheckpoint(line: string): boolean {
  return /^\{"seq":\d+,"time":"[^"]*","kind":"checkpoint",/.test(line);
}

/** Checks a segment's chain from its first line on; its start is taken from the line before it, if that segment is still there. */
function readSegment(io: Io, folder: string, segment: number, text: string, key: Secret): SegmentReading {
  return checkSegment(text, startOf(io, folder, segment, text), key);
}

/** Position before a segment's first line: from the segment before, or, where that was moved away, what the first line says. */
export function startOf(io: Io, folder: string, segment: number, text: string): { sequence: number; hmac: string } {
  if (segment === 1) return { sequence: 0, hmac: firstPrev };
  const before = io.stat(segmentPath(folder, segment - 1));
  if (before) {
    const fd = io.open(segmentPath(folder, segment - 1), "read");
    try {
      const last = lastLines(io, fd, 1).trimEnd().split("\n").at(-1) ?? "";
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

export function checkSegment(text: string, start: { sequence: number; hmac: string }, key: Secret): SegmentReading {
  const reading: SegmentReading = { lines: 0, ...start, bytes: 0, chars: 0, hmacs: new Map(), closed: false, torn: false };
  let from = 0;
  while (from < text.length) {
    const end = text.indexOf("\n", from);
    if (end === -1) {
      return { ...reading, problem: "is cut short", line: reading.lines + 1, torn: true };
    }
    const line = text.slice(from, end);
    const checked = checkLine(line, reading.sequence + 1, reading.hmac, key);
    if ("problem" in checked) {
      return { ...reading, problem: checked.problem, line: reading.lines + 1, torn: line.includes("\0") };
    }
    reading.lines += 1;
    reading.sequence += 1;
    reading.hmac = checked.hmac;
    reading.closed = isCheckpoint(line);
    reading.hmacs.set(reading.sequence, checked.hmac);
    from = end + 1;
    reading.bytes = from;
    reading.chars = from;
  }
  return reading;
}
