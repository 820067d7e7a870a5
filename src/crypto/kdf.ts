/**
 * Keys from keys and from passphrases. HKDF (RFC 5869) is built on createHmac here: hkdfSync keeps the key in a KeyObject until
 * the garbage collector comes.
 */
import { argon2Sync, createHmac, type Hmac } from "node:crypto";
import { Secret } from "./secret.ts";

const hashLength = 32;

/** HMAC-SHA256 of the parts one after the other, without marks between them. */
export function hmac(key: Secret, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return key.use((bytes) => mac(bytes, parts));
}

/** HMAC-SHA256 in lower-case hex: of a thousand lines a string each is lighter than an array each. */
export function hmacHex(key: Secret, bytes: Uint8Array): string {
  return key.use((own) => createHmac("sha256", own).update(bytes).digest("hex"));
}

/** HMAC-SHA256 of what `feed` gives to `add`, piece by piece, without marks between them: no second copy of a value is made. */
export function hmacOver(key: Secret, feed: (add: (bytes: Uint8Array) => void) => void): Uint8Array<ArrayBuffer> {
  return key.use((bytes) => {
    const work = createHmac("sha256", bytes);
    feed((piece) => void work.update(piece));
    return digestOf(work);
  });
}

/** HKDF-SHA256; `length` ≤ 8160 bytes. An empty salt is 32 zero bytes, as the RFC has it. */
export function hkdf(key: Secret, salt: Uint8Array, info: string | Uint8Array, length: number): Secret {
  if (!Number.isSafeInteger(length) || length < 1 || length > 255 * hashLength) throw new RangeError("hkdf gives 1 to 8160 bytes");
  const about = typeof info === "string" ? new TextEncoder().encode(info) : info;
  const extracted = key.use((bytes) => mac(salt, [bytes]));
  const out = Secret.alloc(length);
  out.use((bytes) => {
    let block = new Uint8Array(0);
    for (let done = 0, count = 1; done < length; done += hashLength, count += 1) {
      const next = mac(extracted, [block, about, Uint8Array.of(count)]);
      block.fill(0);
      block = next;
      bytes.set(block.subarray(0, Math.min(hashLength, length - done)), done);
    }
    block.fill(0);
  });
  extracted.fill(0);
  return out;
}

function mac(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const work = createHmac("sha256", key);
  for (const part of parts) work.update(part);
  return digestOf(work);
}

/** A plain view of it: no Buffer, no copy. */
function digestOf(work: Hmac): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = work.digest();
  return new Uint8Array(buffer, byteOffset, length);
}

export type Argon2Cost = { memoryKiB: number; passes: number; lanes: number };

/** Argon2id version 0x13 (RFC 9106). Takes its time by design and blocks: run it in a process of its own. Throws for a salt < 8 bytes. */
export function argon2id(pass: Secret, salt: Uint8Array, cost: Argon2Cost, length: number): Secret {
  return pass.use((message) => {
    const { memoryKiB: memory, passes, lanes: parallelism } = cost;
    return Secret.take(argon2Sync("argon2id", { message, nonce: salt, memory, passes, parallelism, tagLength: length }));
  });
}
