/**
 * The layer through which plaintext becomes log records and back: opens and checks the log, appends, reads values. It holds the file;
 * what the records mean is `state.ts`'s business.
 */
import { equal } from "../crypto/equal.ts";
import { fromHex, hex, sha256, sha256Hex } from "../crypto/hash.ts";
import type { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import { frameOf, type Walk, walk } from "./frames.ts";
import { GroupSync } from "./group-sync.ts";
import type { LogPosition } from "./head.ts";
import { type Header, headerLength, parseHeader, printHeader } from "./header.ts";
import { type Io, readAll, writeAll, writeFresh } from "./io.ts";
import { type CellRef, openMeta, openValue, opensTo, RecordKeys, type TermKeys } from "./cell.ts";
import { type Frame, recordType, type RecordType, saltAt, sealRecord } from "./record.ts";
import { checkPinned, cutTail, type Expected, judge } from "./recovery.ts";

/** What the barrier needs of the keyring. */
export type TermView = { readonly current: TermKeys; get(term: number): TermKeys | undefined };

export type Replayed = { type: RecordType; sequence: number; meta: Uint8Array; values: CellRef[] };

/** A log as it was found: which file, and its records walked. No key is needed for that. */
export type FoundLog = { file: { dev: string; ino: string }; bytes: Uint8Array; header: Header; walk: Walk };

export type OpenOptions = Expected & {
  terms: TermView;
  /** looked at before, while the keys were unwrapped */
  found?: FoundLog;
  /** a record that must be there, pinned by a person */
  expect?: { sequence: number; chain: string };
  /** receives the last checkpoint, then every record after it */
  replay(record: Replayed): void;
};

/** Where a record lies, and the chain hash that stands for its bytes. */
export type Appended = { offset: number; length: number; chain: Uint8Array };

export class Barrier {
  readonly #io: Io;
  readonly #path: string;
  readonly #terms: TermView;
  readonly #fd: number;
  readonly #file: { dev: string; ino: string };
  readonly #sync: GroupSync;
  readonly header: Header;
  /** where the records lie, from the first one on */
  readonly #offsets: number[];
  #sequence: number;
  #chain: Uint8Array;
  #end: number;
  #last: Appended = { offset: 0, length: 0, chain: new Uint8Array(0) };
  #sinceCheckpoint = 0;
  #metaSinceCheckpoint = 0;
  #durable: LogPosition;
  /** opened to be read, with a torn end that stays where it is */
  #torn = 0;

  private constructor(io: Io, path: string, terms: TermView, fd: number, header: Header, at: At) {
    this.#io = io;
    this.#path = path;
    this.#terms = terms;
    this.#fd = fd;
    this.#file = io.identity(fd);
    this.header = header;
    this.#sequence = at.sequence;
    this.#chain = at.chain;
    this.#end = at.end;
    this.#offsets = at.offsets;
    this.#durable = this.position;
    this.#sync = new GroupSync(async () => {
      const { position } = this;
      await io.datasync(fd);
      this.#durable = position;
    });
  }

  /** A new log with nothing but its header, on disk (its folder is not synced). */
  static async create(io: Io, path: string, terms: TermView, header: Header): Promise<Barrier> {
    const bytes = printHeader(header);
    await writeFresh(io, path, bytes);
    const fd = io.open(path, "append-read-write");
    return new Barrier(io, path, terms, fd, header, {
      sequence: header.first - 1,
      chain: sha256(bytes),
      end: headerLength,
      offsets: [],
    });
  }

  /** For `open`, ahead of it. Throws `damaged` for a header that is none. */
  static look(io: Io, path: string): FoundLog {
    const fd = io.open(path, "read");
    try {
      return look(io, fd, path);
    } finally {
      io.close(fd);
    }
  }

  /** Throws `damaged`, `rolled-back`, `forked`, `old-keys`. `notices` say what was mended. */
  static open(o: OpenOptions): { barrier: Barrier; notices: string[] } {
    const fd = o.io.open(o.path, "append-read-write");
    try {
      const { bytes, header, walk: found } = o.found && isStill(o.io, fd, o.found) ? o.found : look(o.io, fd, o.path);
      const notices = judge(o, header, found, (step) => metaOf(o, header, frameOf(o.io, fd, o.path, step)));
      if (o.expect) checkPinned(found, header, o.expect);
      if (found.bad) notices.push(cutTail(o, fd, found));
      const barrier = new Barrier(o.io, o.path, o.terms, fd, header, endOf(bytes, header, found));
      barrier.#replay(o, found);
      return { barrier, notices };
    } catch (failure) {
      o.io.close(fd);
      throw failure;
    }
  }

  /** To be looked at: nothing is cut off, and nothing can be appended. Throws as `open` does. */
  static openToRead(o: OpenOptions): Barrier {
    const fd = o.io.open(o.path, "read");
    try {
      const { bytes, header, walk: found } = look(o.io, fd, o.path);
      judge(o, header, found, (step) => metaOf(o, header, frameOf(o.io, fd, o.path, step)));
      const barrier = new Barrier(o.io, o.path, o.terms, fd, header, endOf(bytes, header, found));
      barrier.#torn = found.size - found.end;
      barrier.#replay(o, found);
      return barrier;
    } catch (failure) {
      o.io.close(fd);
      throw failure;
    }
  }

  #replay(o: OpenOptions, found: Walk): void {
    // what lies before a checkpoint is authenticated by it: its seal binds the chain hash
    const from = Math.max(
      0,
      found.steps.findLastIndex((step) => step.type === recordType.checkpoint),
    );
    for (const step of found.steps.slice(from)) {
      const frame = frameOf(o.io, this.#fd, o.path, step);
      const meta = metaOf(o, this.header, frame);
      if (step.type !== recordType.checkpoint) this.#metaSinceCheckpoint += meta.length;
      o.replay({ type: frame.type as RecordType, sequence: frame.sequence, meta, values: frame.cells.slice(1) });
    }
    this.#sinceCheckpoint = found.steps.length - from;
  }

  get position(): LogPosition {
    const { lineage, generation } = this.header;
    return { lineage, generation, sequence: this.#sequence, chain: hex(this.#chain) };
  }

  /** The last record that is known to be on disk; others may have been appended since. For the head, which never leads. */
  get durable(): LogPosition {
    return this.#durable;
  }

  get size(): number {
    return this.#end;
  }

  /** Bytes of a change that was not finished, in a log that was opened to be read. */
  get torn(): number {
    return this.#torn;
  }

  get records(): number {
    return this.#sequence - this.header.first + 1;
  }

  /** Records appended or replayed since the last checkpoint. */
  get sinceCheckpoint(): number {
    return this.#sinceCheckpoint;
  }

  /** Bytes of metadata in these: an import of thousands is one record, and as much to read. */
  get metaSinceCheckpoint(): number {
    return this.#metaSinceCheckpoint;
  }

  /**
   * Seals and writes one record; it counts once `synced()` resolved. Synchronous, so whoever decides can append in the same step.
   * Throws `disk-full` and the like with nothing written; `damaged` when the file is not the one we left.
   */
  append(type: RecordType, meta: Uint8Array, values: readonly Secret[]): CellRef[] {
    this.#checkUnchanged();
    const sequence = this.#sequence + 1;
    const bytes = sealRecord(this.header, this.#terms.current, { type, sequence, prev: this.#chain, meta, values });
    try {
      writeAll(this.#io, this.#fd, bytes, this.#end);
    } catch (failure) {
      this.#io.truncate(this.#fd, this.#end);
      throw failure;
    }
    const frame = cellsOf(bytes, this.#end, sequence, this.#terms.current.term);
    this.#sequence = sequence;
    this.#offsets.push(this.#end);
    this.#chain = sha256(bytes);
    this.#last = { offset: this.#end, length: bytes.length, chain: this.#chain };
    this.#end += bytes.length;
    const fresh = type === recordType.checkpoint;
    this.#sinceCheckpoint = fresh ? 1 : this.#sinceCheckpoint + 1;
    this.#metaSinceCheckpoint = fresh ? 0 : this.#metaSinceCheckpoint + meta.length;
    return frame.slice(1);
  }

  #checkUnchanged(): void {
    const named = this.#io.stat(this.#path);
    const same = named?.dev === this.#file.dev && named.ino === this.#file.ino;
    if (!same || this.#io.size(this.#fd) !== this.#end) {
      throw new ZvaultError("damaged", "the vault changed under us: another program wrote to it or moved it", {
        hint: "it was sealed; `zvault unseal` checks what is there",
      });
    }
  }

  /** Resolves when all that was appended is on disk. A failure is final: nothing may be appended after it. */
  synced(): Promise<void> {
    return this.#sync.wait();
  }

  /** Work on several cells in one synchronous step: the key of a record is made once for them. */
  together<T>(work: (keys: RecordKeys) => T): T {
    const keys = new RecordKeys();
    try {
      return work(keys);
    } finally {
      keys.wipe();
    }
  }

  /** Throws `damaged` when the cell is not what was written. The caller wipes it. */
  read(ref: CellRef, made?: RecordKeys): Secret {
    if (!made) return this.together((keys) => this.read(ref, keys));
    const sealed = new Uint8Array(new ArrayBuffer(ref.length));
    const got = readAll(this.#io, this.#fd, sealed, ref.offset);
    const keys = this.#terms.get(ref.term);
    const value = got === ref.length && keys ? openValue(this.header, this.#keyOf(ref, keys, made), ref, sealed) : undefined;
    if (!value) throw new ZvaultError("damaged", `cell ${ref.cell} of record ${ref.sequence} at byte ${ref.offset} is damaged`);
    return value;
  }

  /** True when what lies on disk at `ref` opens to exactly `value`. */
  holds(ref: CellRef, value: Secret): boolean {
    return this.together((keys) => this.#opens(ref, this.bytes(ref.offset, ref.length), value, keys));
  }

  #opens(ref: CellRef, sealed: Uint8Array, value: Secret, made: RecordKeys): boolean {
    const keys = this.#terms.get(ref.term);
    return keys !== undefined && opensTo(this.header, this.#keyOf(ref, keys, made), ref, sealed, value);
  }

  /** A salt that was changed since makes a key that opens nothing. */
  #keyOf({ sequence }: CellRef, keys: TermKeys, made: RecordKeys): Secret {
    return made.of(keys, sequence, () => {
      const offset = this.#offsets[sequence - this.header.first];
      if (offset === undefined) throw new ZvaultError("damaged", `there is no record ${sequence} in ${this.#path}`);
      return hex(this.bytes(offset + saltAt.start, saltAt.end - saltAt.start));
    });
  }

  /** The record that was appended last, to be read back once it is on disk. */
  get last(): Appended {
    return this.#last;
  }

  /**
   * Reads a record back: undefined if it lies on disk as it was written and its values open to exactly `values`; else what is wrong, as
   * the place of a value, or "record" for the rest of it.
   */
  readBack(
    { offset, length, chain }: Appended,
    cells: readonly CellRef[],
    values: readonly Secret[],
  ): number | "record" | undefined {
    const bytes = this.bytes(offset, length);
    const wrong = this.together((keys) =>
      values.findIndex((value, at) => {
        const ref = cells[at];
        return !ref || !this.#opens(ref, bytes.subarray(ref.offset - offset, ref.offset - offset + ref.length), value, keys);
      }),
    );
    if (wrong !== -1) return wrong;
    return bytes.length === length && equal(sha256(bytes), chain) ? undefined : "record";
  }

  /** Walks the file again and opens every cell. Throws like `open`; the number of records. */
  verify(): number {
    const bytes = new Uint8Array(headerLength);
    readAll(this.#io, this.#fd, bytes, 0);
    const header = parseHeader(bytes, this.#path);
    const found = walk(this.#io, this.#fd, bytes, header.first);
    const last = found.steps.at(-1);
    if ((found.bad && this.#torn === 0) || (last?.chain ?? sha256Hex(bytes)) !== hex(this.#chain)) {
      throw new ZvaultError("damaged", `${this.#path} is not what was written, at byte ${found.bad?.offset ?? found.end}`);
    }
    for (const step of found.steps) {
      const frame = frameOf(this.#io, this.#fd, this.#path, step);
      metaOf({ path: this.#path, terms: this.#terms }, header, frame);
      this.together((keys) => {
        for (const ref of frame.cells.slice(1)) this.read(ref, keys).wipe();
      });
    }
    return found.steps.length;
  }

  /** All bytes of the log as they are now, for the mirror and backups: ciphertext. */
  bytes(from: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(new ArrayBuffer(length));
    return bytes.subarray(0, readAll(this.#io, this.#fd, bytes, from));
  }

  close(): void {
    this.#io.close(this.#fd);
  }
}

function look(io: Io, fd: number, path: string): FoundLog {
  const bytes = new Uint8Array(headerLength);
  const got = readAll(io, fd, bytes, 0);
  const header = parseHeader(bytes.subarray(0, got), path);
  return { file: io.identity(fd), bytes, header, walk: walk(io, fd, bytes, header.first) };
}

/** Other bytes of the same length are found by their seals. */
function isStill(io: Io, fd: number, { file, walk: { size } }: FoundLog): boolean {
  const now = io.identity(fd);
  return now.dev === file.dev && now.ino === file.ino && io.size(fd) === size;
}

type At = { sequence: number; chain: Uint8Array; end: number; offsets: number[] };

function endOf(bytes: Uint8Array, header: Header, { steps, end }: Walk): At {
  const last = steps.at(-1);
  return {
    sequence: last?.sequence ?? header.first - 1,
    chain: last ? fromHex(last.chain) : sha256(bytes),
    end,
    offsets: steps.map((step) => step.offset),
  };
}

/** Offsets of the cells of a record just sealed; its framing needs no check. */
function cellsOf(bytes: Uint8Array, offset: number, sequence: number, term: number): CellRef[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = view.getUint32(24);
  let at = offset + 96 + 4 * count;
  return Array.from({ length: count }, (_, cell) => {
    const length = view.getUint32(96 + 4 * cell);
    at += length;
    return { sequence, term, cell, offset: at - length, length };
  });
}

function metaOf(o: Pick<OpenOptions, "path" | "terms">, header: Header, frame: Frame): Uint8Array {
  const keys = o.terms.get(frame.term);
  if (!keys) {
    throw new ZvaultError("old-keys", `record ${frame.sequence} needs term ${frame.term}, which the keys file does not hold`, {
      hint: "an older keys file was put back; `zvault backup restore` takes both files from the mirror",
    });
  }
  const meta = openMeta(header, keys, frame);
  if (!meta)
    throw new ZvaultError("damaged", `${o.path}: record ${frame.sequence} at byte ${frame.offset} is not what was written`);
  return meta;
}
