/**
 * Sealing and opening under a transit key. A version's bytes are only ever the input of HKDF: one key comes out for values, another for
 * the chunks of each stream, others again for each context. sealed = nonce (12, random) ‖ ciphertext ‖ tag (16).
 */
import type { TransitType } from "../../../calls/transit.ts";
import { type Cipher, open, sealBulk } from "../../../crypto/aead.ts";
import { fromHex } from "../../../crypto/hash.ts";
import { hkdf } from "../../../crypto/kdf.ts";
import { random } from "../../../crypto/random.ts";
import { Secret } from "../../../crypto/secret.ts";

export const nonceLength = 12;
export const overhead = nonceLength + 16;

const ciphers: Partial<Record<TransitType, Cipher>> = {
  "aes256-gcm96": "aes-256-gcm",
  "chacha20-poly1305": "chacha20-poly1305",
};

/** undefined: keys of this type do not encrypt. */
export function cipherOf(type: TransitType): Cipher | undefined {
  return ciphers[type];
}

const text = new TextEncoder();
const nothing = new Uint8Array();

function about(label: string, type: TransitType, context: Uint8Array): Uint8Array {
  const head = text.encode(`${label}\0${type}\0`);
  const info = new Uint8Array(head.length + context.length);
  info.set(head);
  info.set(context, head.length);
  return info;
}

/** `context`: empty for a key that is not derived. The caller wipes it. */
export function valueKey(key: Secret, type: TransitType, context: Uint8Array): Secret {
  return hkdf(key, nothing, about("zvault transit value", type, context), 32);
}

/** `stream`: the id of the stream, 32 hex digits. The caller wipes it. */
export function chunkKey(key: Secret, type: TransitType, context: Uint8Array, stream: string): Secret {
  return hkdf(key, fromHex(stream), about("zvault transit chunk", type, context), 32);
}

/** What a chunk is bound to: u64 number ‖ 1 for the last one, else 0 ‖ u32 version of the key ‖ the caller's associated data. */
export function chunkAad(number: number, last: boolean, version: number, aad: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(13 + aad.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(number));
  view.setUint8(8, last ? 1 : 0);
  view.setUint32(9, version);
  bytes.set(aad, 13);
  return bytes;
}

export function sealItem(key: Secret, cipher: Cipher, aad: Uint8Array, value: Secret): Uint8Array<ArrayBuffer> {
  // every byte of it is written: zeroing 512 KiB first is a tenth of the whole
  const sealed = new Uint8Array(Buffer.allocUnsafeSlow(value.length + overhead).buffer);
  sealed.set(random(nonceLength));
  value.use((plain) => sealBulk(key, sealed.subarray(0, nonceLength), aad, plain, sealed.subarray(nonceLength), cipher));
  return sealed;
}

/** undefined: not sealed with this key and associated data. The caller wipes it. */
export function openItem(key: Secret, cipher: Cipher, aad: Uint8Array, sealed: Uint8Array): Secret | undefined {
  if (sealed.length < overhead) return undefined;
  const plain = Secret.alloc(sealed.length - overhead);
  const [nonce, rest] = [sealed.subarray(0, nonceLength), sealed.subarray(nonceLength)];
  if (plain.use((out) => open(key, nonce, aad, rest, out, cipher))) return plain;
  plain.wipe();
  return undefined;
}
