/**
 * The `keys` file: the slots, and the keyring wrapped under the root key (docs/format.md, "Keys").
 *
 *  0  8  magic "zvkeys\0" 0x01      40 …  slots
 *  8  4  format, 1                   … 4  length of the wrapped keyring
 * 12 16  vault id                    … 32 salt, then the sealed keyring, its tag last
 * 28  8  epoch                       … 32 MAC: HMAC(HKDF(root, "zvault keys mac"), everything before)
 * 36  2  number of slots
 * 38  2  zero
 */
import { open, seal } from "../crypto/aead.ts";
import { equal } from "../crypto/equal.ts";
import { fromHex, hex } from "../crypto/hash.ts";
import { hkdf, hmac } from "../crypto/kdf.ts";
import { random } from "../crypto/random.ts";
import { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import { format, isNewer, newerFormat } from "./format-version.ts";
import { Keyring } from "./keyring.ts";
import type { TermKeys } from "./cell.ts";
import { parseSlot, printSlot, type Slot } from "./slots.ts";

export const keysLimit = 64 * 1024;
export const slotLimit = 16;
const magic = [0x7a, 0x76, 0x6b, 0x65, 0x79, 0x73, 0, 1];
const none = new Uint8Array(0);
const nonce = new Uint8Array(12); // each wrap has a key of its own, made from its salt

/** What can be read without the root key. Bounds are checked, nothing is believed. */
export type KeysFile = { bytes: Uint8Array; id: string; epoch: number; slots: Slot[] };

function refuse(why: string): never {
  throw new ZvaultError("damaged", `the keys file ${why}`, { hint: "`zvault backup restore` takes the newest mirror" });
}

export function parseKeys(bytes: Uint8Array): KeysFile {
  if (bytes.length < 40 + 4 + 48 + 32 || bytes.length > keysLimit) refuse("has a wrong length");
  if (magic.some((byte, index) => bytes[index] !== byte)) refuse("is not one");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found = view.getUint32(8);
  if (isNewer(found)) throw newerFormat("the keys file", found);
  if (found !== format) refuse("has a damaged format");
  const epoch = view.getBigUint64(28);
  if (epoch > 2n ** 48n) refuse("has an epoch out of bounds");
  const { slots, end } = readSlots(bytes, view.getUint16(36));
  if (end + 4 > bytes.length || end + 4 + view.getUint32(end) + 32 !== bytes.length) refuse("has a wrong length");
  return { bytes, id: hex(bytes.subarray(12, 28)), epoch: Number(epoch), slots };
}

function readSlots(bytes: Uint8Array, count: number): { slots: Slot[]; end: number } {
  if (count < 1 || count > slotLimit) refuse(`has ${count} slots`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const slots: Slot[] = [];
  let at = 40;
  for (let index = 0; index < count; index++) {
    const length = at + 2 > bytes.length ? 0 : view.getUint16(at);
    if (length < 28 || at + length > bytes.length) refuse("has a slot out of bounds");
    slots.push(parseSlot(bytes.slice(at, at + length)));
    at += length;
  }
  return { slots, end: at };
}

function aadOf(id: string, epoch: number): Uint8Array {
  const aad = new Uint8Array(24);
  aad.set(fromHex(id), 0);
  new DataView(aad.buffer).setBigUint64(16, BigInt(epoch));
  return aad;
}

/** Opens the keyring and checks the whole file. Throws `damaged`: changed by someone without the root key. */
export function openKeys(file: KeysFile, root: Secret): Keyring {
  const { bytes } = file;
  const macKey = hkdf(root, none, "zvault keys mac", 32);
  const fits = equal(bytes.subarray(-32), hmac(macKey, bytes.subarray(0, -32)));
  macKey.wipe();
  if (!fits) refuse("was changed (its MAC does not fit)");
  const { end } = readSlots(bytes, file.slots.length);
  const salt = bytes.subarray(end + 4, end + 36);
  const sealed = bytes.subarray(end + 36, -32);
  const key = hkdf(root, salt, "zvault keyring", 32);
  const plain = Secret.alloc(sealed.length - 16);
  try {
    if (!plain.use((into) => open(key, nonce, aadOf(file.id, file.epoch), sealed, into)))
      refuse("has a keyring that does not open");
    return Keyring.parse(plain);
  } finally {
    plain.wipe();
    key.wipe();
  }
}

export type NewKeys = {
  id: string;
  epoch: number;
  slots: readonly Slot[];
  keyring: Keyring;
  /** a term that is not in the keyring yet */
  extra?: TermKeys;
  root: Secret;
};

/** A whole keys file. The slots' wraps must be of `root`. */
export function printKeys(o: NewKeys): Uint8Array {
  const { id, epoch, slots, keyring, root } = o;
  if (slots.length > slotLimit) throw new ZvaultError("too-large", `a vault has at most ${slotLimit} slots`);
  const printed = slots.map((slot) => (slot.kind ? printSlot(slot) : slot.wrap));
  const salt = random(32);
  const key = hkdf(root, salt, "zvault keyring", 32);
  const plain = keyring.print(o.extra);
  const sealed = new Uint8Array(plain.length + 16);
  plain.use((bytes) => seal(key, nonce, aadOf(id, epoch), bytes, sealed));
  plain.wipe();
  key.wipe();

  const start = new Uint8Array(40);
  const view = new DataView(start.buffer);
  start.set(magic, 0);
  view.setUint32(8, 1);
  start.set(fromHex(id), 12);
  view.setBigUint64(28, BigInt(epoch));
  view.setUint16(36, slots.length);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, salt.length + sealed.length);
  const body = Buffer.concat([start, ...printed, length, salt, sealed]);
  if (body.length + 32 > keysLimit) throw new ZvaultError("too-large", "the keys file would be larger than 64 KiB");
  const macKey = hkdf(root, none, "zvault keys mac", 32);
  const bytes = new Uint8Array(Buffer.concat([body, hmac(macKey, body)]));
  macKey.wipe();
  return bytes;
}
