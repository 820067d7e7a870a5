/**
 * The audit log: append-only segments `audit/000001.jsonl …` of HMAC-chained lines. `record` hands out a Receipt once the line is
 * on disk, and every engine call takes one: a call without an audit record does not compile.
 */
import { sign } from "../crypto/ed25519.ts";
import { RunningSha256 } from "../crypto/hash.ts";
import type { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import { lineOf, Polls } from "./audit-polls.ts";
import { type AuditEntry, type AuditPosition, firstPrev, newRequest, printLine } from "./audit-line.ts";
import {
  gone,
  type Intents,
  lastSegment,
  linesBefore,
  name,
  openIntents,
  readSegment,
  readBytes,
  segmentPath,
  type Segments,
} from "./audit-segment.ts";
import { GroupSync } from "./group-sync.ts";
import { writeAll } from "./io.ts";
import { keptRequests } from "./state.ts";
import { Watchers } from "./watchers.ts";

const proof = Symbol("only the audit log issues receipts");

/** Proof that the audit record of a request is on disk. */
export class Receipt {
  readonly request: string;
  /** an object that only looks like a receipt is none */
  readonly [proof] = true;
  constructor(issuer: typeof proof, request: string) {
    if (issuer !== proof) throw new TypeError("a receipt is issued by the audit log");
    this.request = request;
  }
}

/** A segment is closed at the first line that ends beyond either: unsealing checks every line of the open one. */
const segmentBytes = 256 * 1024;
const segmentLines = 500;

export type SegmentEnd = { segment: number; lines: number; hmac: string };

export type AuditOptions = Segments & { clock(): Date };

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
      const text = readBytes(o.io, fd);
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
      log.#sum.add(text.subarray(0, read.bytes));
      // what was under way when a segment was closed may have its outcome in the next one
      const before = read.lines < keptRequests ? linesBefore(o, segment) : [];
      return { log, cut, intents: openIntents([...before, read]) };
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
