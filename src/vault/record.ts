/**
 * One record of the log: its framing, and how it is made of sealed cells (docs/format.md, "Records").
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
 * chain hash = SHA-256(the record).
 */
import { crc32c } from "../crypto/crc32c.ts";
import { hex } from "../crypto/hash.ts";
import { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import { limits } from "../verbs.ts";
import { type CellRef, metaAad, padded, recordKey, saltOf, sealCell, tag, type TermKeys, valueAad } from "./cell.ts";
import type { Header } from "./header.ts";

export const recordType = { transaction: 1, checkpoint: 2, keysEpoch: 3, machine: 4, predecessors: 5 } as const;
export type RecordType = (typeof recordType)[keyof typeof recordType];

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
const mark = 0x7a765231; // "zvR1"
export const maxRecord = limits.transaction + 4 * 1024 * 1024;

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
    const length = padded(content.length) + tag;
    view.setUint32(fixed + 4 * cell, length);
    sealCell({ key, cell, aad }, content, plain, bytes.subarray(at, at + length));
    at += length;
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
