/**
 * The last state of a vault that was on disk, kept outside of the project so that a log or audit put back is noticed: two MACed slots
 * of 512 bytes, written in turn (docs/format.md, "Heads"). It may lag, it never leads: it is written after the sync it speaks of, and
 * itself synced only every ten seconds and at seal.
 *
 *  0  4  magic "zvH1"                 72  8  sequence of the last record
 *  4  4  zero                         80 32  chain hash after it
 *  8  8  counter: the higher slot     112  4  audit segment
 * 16 16  vault id                     116  8  audit sequence
 * 32 16  lineage id                   124 32  HMAC of that audit line
 * 48  8  generation                   156 324 zero
 * 56 16  zero                         480 32  HMAC-SHA256(head key, bytes 0–479)
 */
import { equal } from "../crypto/equal.ts";
import { fromHex, hex } from "../crypto/hash.ts";
import { hmac } from "../crypto/kdf.ts";
import type { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import type { AuditPosition } from "./audit-line.ts";
import { isNewer, newerFormat } from "./format-version.ts";
import { folderOf, type Io, readAll, writeAll } from "./io.ts";

export type LogPosition = { lineage: string; generation: number; sequence: number; chain: string };
export type Head = { id: string; log: LogPosition; audit: AuditPosition };

const slotLength = 512;
const macAt = 480;

function printSlot(head: Head, counter: number, key: Secret): Uint8Array {
  const bytes = new Uint8Array(slotLength);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("zvH1"), 0);
  view.setBigUint64(8, BigInt(counter));
  bytes.set(fromHex(head.id), 16);
  bytes.set(fromHex(head.log.lineage), 32);
  view.setBigUint64(48, BigInt(head.log.generation));
  view.setBigUint64(72, BigInt(head.log.sequence));
  bytes.set(fromHex(head.log.chain), 80);
  view.setUint32(112, head.audit.segment);
  view.setBigUint64(116, BigInt(head.audit.sequence));
  bytes.set(fromHex(head.audit.hmac), 124);
  bytes.set(hmac(key, bytes.subarray(0, macAt)), macAt);
  return bytes;
}

function parseSlot(bytes: Uint8Array, key: Secret): { head: Head; counter: number } | undefined {
  if (bytes.length < slotLength || !equal(bytes.subarray(macAt), hmac(key, bytes.subarray(0, macAt)))) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, slotLength);
  // "zvH1": the digit is the format
  const found = view.getUint8(3) - 0x30;
  if (isNewer(found)) throw newerFormat("the last seen state of this vault", found);
  const part = (from: number, length: number): string => hex(bytes.subarray(from, from + length));
  const number = (from: number): number => Number(view.getBigUint64(from));
  return {
    counter: number(8),
    head: {
      id: part(16, 16),
      log: { lineage: part(32, 16), generation: number(48), sequence: number(72), chain: part(80, 32) },
      audit: { segment: view.getUint32(112), sequence: number(116), hmac: part(124, 32) },
    },
  };
}

function parseSlots(io: Io, fd: number, bytes: Uint8Array, key: Secret): { head: Head; counter: number }[] {
  try {
    return [bytes.subarray(0, slotLength), bytes.subarray(slotLength)].flatMap((slot) => parseSlot(slot, key) ?? []);
  } catch (failure) {
    io.close(fd);
    throw failure;
  }
}

export class HeadStore {
  readonly #io: Io;
  readonly #path: string;
  readonly #key: Secret;
  #fd: number | undefined;
  #counter: number;
  #dirty = false;
  #last: Head | undefined;

  private constructor(io: Io, path: string, key: Secret, fd: number | undefined, counter: number, last: Head | undefined) {
    this.#io = io;
    this.#path = path;
    this.#key = key;
    this.#fd = fd;
    this.#counter = counter;
    this.#last = last;
  }

  /** Reads the head, if there is one. Throws `newer-format`, and `damaged` when a file is there and none of its slots is ours and whole. */
  static open(io: Io, path: string, id: string, key: Secret): HeadStore {
    if (!io.stat(path)) return new HeadStore(io, path, key, undefined, 0, undefined);
    const fd = io.open(path, "read-write");
    const bytes = new Uint8Array(2 * slotLength);
    readAll(io, fd, bytes, 0);
    const slots = parseSlots(io, fd, bytes, key);
    const best = slots.toSorted((a, b) => b.counter - a.counter)[0];
    if (!best || best.head.id !== id) {
      io.close(fd);
      throw new ZvaultError("damaged", `the last seen state of this vault cannot be read (${path})`, {
        hint: "`zvault unseal --accept-rollback` goes on with what is there, and records it",
      });
    }
    return new HeadStore(io, path, key, fd, best.counter, best.head);
  }

  get last(): Head | undefined {
    return this.#last;
  }

  /** One write, not synced. Whatever `head` says must be on disk. */
  write(head: Head): void {
    this.#fd ??= this.#create();
    const counter = this.#counter + 1;
    writeAll(this.#io, this.#fd, printSlot(head, counter, this.#key), (counter % 2) * slotLength);
    // only now: the next try after a failure goes to the same slot, the other one stays whole
    this.#counter = counter;
    this.#last = head;
    this.#dirty = true;
  }

  #create(): number {
    this.#io.remove(this.#path);
    this.#io.makeFolder(folderOf(this.#path));
    const fd = this.#io.open(this.#path, "create-exclusive");
    writeAll(this.#io, fd, new Uint8Array(2 * slotLength), 0);
    return fd;
  }

  async sync(): Promise<void> {
    if (!this.#dirty || this.#fd === undefined) return;
    this.#dirty = false;
    await this.#io.sync(this.#fd);
    if (this.#counter <= 2) await this.#io.syncFolder(folderOf(this.#path));
  }

  close(): void {
    if (this.#fd !== undefined) this.#io.close(this.#fd);
    this.#fd = undefined;
  }
}
