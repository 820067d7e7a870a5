/**
 * One record of the log: framing, and its cells sealed and opened (docs/format.md, "Records").
 *
 *  0  4  mark "zvR1"                       32 32  salt
 *  4  4  length of the record, 8-aligned   64 32  chain hash before this record
 *  8  1  type                              96 4n  length of each sealed cell
 *  9  3  zero                              …      cells, each ending in its 16-byte tag
 * 12  4  term                              …      zero to fill up
 * 16  8  sequence                          −4  4  CRC32C of everything before
 * 24  4  n, number of cells
 * 28  4  zero
 *
 * chain hash = SHA-256(the record). A cell's plaintext is: length (4 bytes) ‖ content ‖ zero, to a multiple of 64 bytes.
 */
import { openBulk, sealBulk, open } from "../crypto/aead.ts";
import { crc32c } from "../crypto/crc32c.ts";
import { equal } from "../crypto/equal.ts";
import { fromHex, hex } from "../crypto/hash.ts";
import { hkdf, hmacOver } from "../crypto/kdf.ts";
import { random } from "../crypto/random.ts";
import { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import { limits } from "../verbs.ts";
import type { Header } from "./header.ts";

export const recordType = { transaction: 1, checkpoint: 2, keysEpoch: 3, machine: 4, predecessors: 5 } as const;
export type RecordType = (typeof recordType)[keyof typeof recordType];

/** Where a sealed cell lies, and whose key opens it. */
export type CellRef = {
  sequence: number;
  term: number;
  /** number of the cell in its record, 0 = metadata */
  cell: number;
  /** of the sealed bytes, in the file */
  offset: number;
  length: number;
};

/** The two keys of a term: one opens records, the other makes salts. */
export type TermKeys = { term: number; key: Secret; hedge: Secret };

export type Frame = {
  offset: number;
  length: number;
  type: number;
  term: number;
  sequence: number;
  /** hex */
  salt: string;
  prev: Uint8Array;
  cells: CellRef[];
  /** the sealed bytes of cell 0, where they were read */
  sealed: Uint8Array;
};

const fixed = 96;
const tag = 16;
const mark = 0x7a765231; // "zvR1"
export const maxRecord = limits.transaction + 4 * 1024 * 1024;

const cellLabel = new TextEncoder().encode("zvault cell\0");

/** Binds cell 0 to its place in the log: whoever moves, copies or renumbers a record cannot open it. */
function metaAad(header: Header, sequence: number, term: number, type: number, cells: number, prev: Uint8Array): Uint8Array {
  const aad = new Uint8Array(cellLabel.length + 16 + 16 + 8 + 8 + 4 + 4 + 4 + 32);
  const view = new DataView(aad.buffer);
  let at = cellLabel.length;
  aad.set(cellLabel, 0);
  aad.set(fromHex(header.id), at);
  aad.set(lineageOf(header), (at += 16));
  view.setBigUint64((at += 16), BigInt(header.generation));
  view.setBigUint64((at += 8), BigInt(sequence));
  view.setUint32((at += 8), term);
  view.setUint32((at += 4), type);
  view.setUint32((at += 4), cells);
  aad.set(prev, at + 4);
  return aad;
}

function valueAad(header: Header, sequence: number, cell: number): Uint8Array {
  const aad = new Uint8Array(cellLabel.length + 16 + 8 + 8 + 4);
  const view = new DataView(aad.buffer);
  let at = cellLabel.length;
  aad.set(cellLabel, 0);
  aad.set(lineageOf(header), at);
  view.setBigUint64((at += 16), BigInt(header.generation));
  view.setBigUint64((at += 8), BigInt(sequence));
  view.setUint32(at + 8, cell);
  return aad;
}

const lineages = new WeakMap<Header, Uint8Array>();

/** Its bytes: asked for with every value. */
function lineageOf(header: Header): Uint8Array {
  const known = lineages.get(header) ?? fromHex(header.lineage);
  lineages.set(header, known);
  return known;
}

/** Nonce = number of the cell: each record has a key of its own, so a nonce never meets the same key twice. */
function nonceOf(cell: number): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(8, cell);
  return nonce;
}

function recordKey(keys: TermKeys, salt: string): Secret {
  return hkdf(keys.key, fromHex(salt), "zvault record", 32);
}

/** The key of the record that was read last, for whoever reads several cells in one synchronous step: most lie in one record. */
export class RecordKeys {
  #sequence: number | undefined;
  #key: Secret | undefined;

  /** Of record `sequence` of one log; `salt` is asked where that is not the last one. */
  of(keys: TermKeys, sequence: number, salt: () => string): Secret {
    if (this.#key && this.#sequence === sequence) return this.#key;
    const next = recordKey(keys, salt());
    this.#key?.wipe();
    this.#sequence = sequence;
    this.#key = next;
    return next;
  }

  wipe(): void {
    this.#key?.wipe();
    this.#key = undefined;
  }
}

const padded = (length: number): number => Math.ceil((length + 4) / 64) * 64;

function pad(content: Uint8Array, into: Uint8Array): void {
  new DataView(into.buffer, into.byteOffset).setUint32(0, content.length);
  into.set(content, 4);
  into.fill(0, 4 + content.length);
}

export type Unsealed = { type: RecordType; sequence: number; prev: Uint8Array; meta: Uint8Array; values: readonly Secret[] };

/** Bytes the record will take; what is refused for its size is refused before anything is sealed. */
export function sealedLength(meta: number, values: readonly Secret[]): number {
  let cells = padded(meta) + tag;
  for (const value of values) cells += padded(value.length) + tag;
  return Math.ceil((fixed + 4 * (values.length + 1) + cells + 4) / 8) * 8;
}

/** The whole record as it goes to disk. The record's key lives in here, for this one record. */
export function sealRecord(header: Header, keys: TermKeys, record: Unsealed): Uint8Array {
  const { type, sequence, prev, meta, values } = record;
  const total = sealedLength(meta.length, values);
  if (total > maxRecord) throw new ZvaultError("too-large", "the change is larger than 64 MiB", { hint: "do it in several steps" });
  const bytes = new Uint8Array(new ArrayBuffer(total));
  const view = new DataView(bytes.buffer);
  const salt = saltOf(keys, sequence, meta, values);
  view.setUint32(0, mark);
  view.setUint32(4, total);
  view.setUint8(8, type);
  view.setUint32(12, keys.term);
  view.setBigUint64(16, BigInt(sequence));
  view.setUint32(24, values.length + 1);
  bytes.set(salt, saltAt.start);
  bytes.set(prev, prevAt.start);

  const key = recordKey(keys, hex(salt));
  const most = values.reduce((length, value) => Math.max(length, padded(value.length)), padded(meta.length));
  const plain = Secret.alloc(most);
  let at = fixed + 4 * (values.length + 1);
  const put = (cell: number, content: Uint8Array, aad: Uint8Array): void => {
    const length = padded(content.length);
    view.setUint32(fixed + 4 * cell, length + tag);
    plain.use((whole) => {
      const room = whole.subarray(0, length);
      pad(content, room);
      sealBulk(key, nonceOf(cell), aad, room, bytes.subarray(at, at + length + tag));
    });
    at += length + tag;
  };
  try {
    put(0, meta, metaAad(header, sequence, keys.term, type, values.length + 1, prev));
    for (const [index, value] of values.entries())
      value.use((content) => put(index + 1, content, valueAad(header, sequence, index + 1)));
  } finally {
    key.wipe();
    plain.wipe();
  }
  view.setUint32(total - 4, crc32c(bytes.subarray(0, total - 4)));
  return bytes;
}

/**
 * HMAC(hedge, 32 kernel bytes ‖ sequence ‖ each cell with its length): with a repeated RNG state (a resumed VM snapshot) a key still
 * never meets other content.
 */
function saltOf(keys: TermKeys, sequence: number, meta: Uint8Array, values: readonly Secret[]): Uint8Array {
  const number = new Uint8Array(8);
  const view = new DataView(number.buffer);
  return hmacOver(keys.hedge, (add) => {
    const addNumber = (value: number): void => {
      view.setBigUint64(0, BigInt(value));
      add(number);
    };
    add(random(32));
    addNumber(sequence);
    addNumber(meta.length);
    add(meta);
    for (const value of values) {
      addNumber(value.length);
      value.use(add);
    }
  });
}

/** Reads the fixed part at `at`. undefined: no record starts here. `available`: bytes of the file from there on. */
export function parseFixed(view: DataView, at: number, available: number): { length: number; cells: number } | undefined {
  if (view.byteLength - at < fixed) return undefined;
  const length = view.getUint32(at + 4);
  const cells = view.getUint32(at + 24);
  if (view.getUint32(at) !== mark || length % 8 !== 0 || length > maxRecord || length > available) return undefined;
  if (cells < 1 || cells > limits.entries * 2 || length < fixed + 4 * cells + 4) return undefined;
  return { length, cells };
}

/** Of a record whose fixed part was found good by `parseFixed`; nothing else of it is checked. */
export function parsePlace(view: DataView, at: number): { type: number; sequence: number } {
  return { type: view.getUint8(at + 8), sequence: view.getUint32(at + 16) * 2 ** 32 + view.getUint32(at + 20) };
}

/** Where a record's salt stands in it, and the chain hash before it. */
export const saltAt = { start: 32, end: 64 } as const;
export const prevAt = { start: 64, end: 96 } as const;

/** A whole record whose checksum and lengths fit, or undefined. Nothing in it is authenticated yet. `checked`: its checksum was good. */
export function parseFrame(bytes: Uint8Array, offset: number, checked = false): Frame | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = parseFixed(view, 0, bytes.length);
  if (!start || start.length !== bytes.length) return undefined;
  if (!checked && view.getUint32(start.length - 4) !== crc32c(bytes.subarray(0, start.length - 4))) return undefined;
  const { sequence } = parsePlace(view, 0);
  const term = view.getUint32(12);
  const salt = hex(bytes.subarray(saltAt.start, saltAt.end));
  const cells: CellRef[] = [];
  let at = fixed + 4 * start.cells;
  for (let cell = 0; cell < start.cells; cell++) {
    const length = view.getUint32(fixed + 4 * cell);
    if (length < 64 + tag || (length - tag) % 64 !== 0 || at + length > start.length - 4) return undefined;
    cells.push({ sequence, term, cell, offset: offset + at, length });
    at += length;
  }
  if (start.length - 4 - at >= 8 || !bytes.subarray(at, start.length - 4).every((byte) => byte === 0)) return undefined;
  const meta = cells[0]?.length ?? 0;
  const sealed = bytes.subarray(fixed + 4 * start.cells, fixed + 4 * start.cells + meta);
  if (view.getUint8(9) !== 0 || view.getUint16(10) !== 0 || view.getUint32(28) !== 0) return undefined;
  return {
    offset,
    length: start.length,
    type: view.getUint8(8),
    term,
    sequence,
    salt,
    prev: bytes.slice(prevAt.start, prevAt.end),
    cells,
    sealed,
  };
}

/** Metadata of a record. undefined: it is not what was written here. */
export function openMeta(header: Header, keys: TermKeys, frame: Frame): Uint8Array | undefined {
  const { sealed } = frame;
  const key = recordKey(keys, frame.salt);
  const plain = new Uint8Array(new ArrayBuffer(sealed.length - tag));
  const aad = metaAad(header, frame.sequence, frame.term, frame.type, frame.cells.length, frame.prev);
  const fits = openBulk(key, nonceOf(0), aad, sealed, plain);
  key.wipe();
  const length = fits ? contentLength(plain) : undefined;
  return length === undefined ? undefined : plain.subarray(4, 4 + length);
}

/** A value; `sealed` = the bytes at `ref`. undefined: it is not what was written here. */
export function openValue(header: Header, key: Secret, ref: CellRef, sealed: Uint8Array): Secret | undefined {
  const plain = Secret.alloc(sealed.length - tag);
  try {
    return plain.use((room) => {
      if (!open(key, nonceOf(ref.cell), valueAad(header, ref.sequence, ref.cell), sealed, room)) return undefined;
      const length = contentLength(room);
      if (length === undefined) return undefined;
      const value = Secret.alloc(length);
      value.use((into) => into.set(room.subarray(4, 4 + length)));
      return value;
    });
  } finally {
    plain.wipe();
  }
}

/**
 * True when the sealed bytes open to exactly `value`: sealing is one to one, so `value` is sealed again in the same place and compared. No
 * plaintext is made, and it is four times as fast as opening.
 */
export function opensTo(header: Header, key: Secret, ref: CellRef, sealed: Uint8Array, value: Secret): boolean {
  const length = padded(value.length);
  if (sealed.length !== length + tag) return false;
  const plain = Secret.alloc(length);
  const again = new Uint8Array(new ArrayBuffer(sealed.length));
  value.use((content) =>
    plain.use((room) => {
      pad(content, room);
      sealBulk(key, nonceOf(ref.cell), valueAad(header, ref.sequence, ref.cell), room, again);
    }),
  );
  plain.wipe();
  return equal(again, sealed);
}

function contentLength(plain: Uint8Array): number | undefined {
  const length = new DataView(plain.buffer, plain.byteOffset, plain.byteLength).getUint32(0);
  return length <= plain.length - 4 ? length : undefined;
}
