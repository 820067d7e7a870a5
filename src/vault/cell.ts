/**
 * A sealed cell of a record: AES-256-GCM, bound to its place in the log (docs/format.md, "Records"). Its plaintext is: length (4 bytes) ‖
 * content ‖ zero, to a multiple of 64 bytes. Cell 0 is the metadata, each other one a value.
 */
import { open, openBulk, sealBulk } from "../crypto/aead.ts";
import { equal } from "../crypto/equal.ts";
import { fromHex } from "../crypto/hash.ts";
import { hkdf, hmacOver } from "../crypto/kdf.ts";
import { random } from "../crypto/random.ts";
import { Secret } from "../crypto/secret.ts";
import type { Header } from "./header.ts";
import type { Frame } from "./record.ts";

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

export const tag = 16;

const cellLabel = new TextEncoder().encode("zvault cell\0");

/** Binds cell 0 to its place in the log: whoever moves, copies or renumbers a record cannot open it. */
export function metaAad(header: Header, sequence: number, term: number, type: number, cells: number, prev: Uint8Array): Uint8Array {
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

export function valueAad(header: Header, sequence: number, cell: number): Uint8Array {
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

export function recordKey(keys: TermKeys, salt: string): Secret {
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

/** Length of the plaintext of so much content. */
export const padded = (length: number): number => Math.ceil((length + 4) / 64) * 64;

function pad(content: Uint8Array, into: Uint8Array): void {
  new DataView(into.buffer, into.byteOffset).setUint32(0, content.length);
  into.set(content, 4);
  into.fill(0, 4 + content.length);
}

export type Place = { key: Secret; cell: number; aad: Uint8Array };

/** `plain`: room for the plaintext, as long at least; `into`: exactly the sealed cell. */
export function sealCell({ key, cell, aad }: Place, content: Uint8Array, plain: Secret, into: Uint8Array): void {
  plain.use((whole) => {
    const room = whole.subarray(0, into.length - tag);
    pad(content, room);
    sealBulk(key, nonceOf(cell), aad, room, into);
  });
}

/**
 * HMAC(hedge, 32 kernel bytes ‖ sequence ‖ each cell with its length): with a repeated RNG state (a resumed VM snapshot) a key still
 * never meets other content.
 */
export function saltOf(keys: TermKeys, sequence: number, meta: Uint8Array, values: readonly Secret[]): Uint8Array {
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
  const place = { key, cell: ref.cell, aad: valueAad(header, ref.sequence, ref.cell) };
  value.use((content) => sealCell(place, content, plain, again));
  plain.wipe();
  return equal(again, sealed);
}

function contentLength(plain: Uint8Array): number | undefined {
  const length = new DataView(plain.buffer, plain.byteOffset, plain.byteLength).getUint32(0);
  return length <= plain.length - 4 ? length : undefined;
}
