/** Ed25519 (RFC 8032) by OpenSSL. As with X25519, a key object holds a copy of the seed until the garbage collector comes. */
import { createPrivateKey, createPublicKey, type KeyObject, sign as signWith, verify as verifyWith } from "node:crypto";
import { Secret } from "./secret.ts";

const keyLength = 32;
const signatureLength = 64;

export function generateSeed(): Secret {
  return Secret.random(keyLength);
}

/** Throws a RangeError when `seed` has not 32 bytes. */
export function publicOf(seed: Secret): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createPublicKey(privateKey(seed)).export({ format: "raw-public" }));
}

/** 64 bytes, the same each time. */
export function sign(seed: Secret, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(signWith(null, message, privateKey(seed)));
}

/** False for anything that is no signature of `message` by this key, wrong lengths and points off the curve too. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== keyLength || signature.length !== signatureLength) return false;
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: "raw-public", asymmetricKeyType: "ed25519" });
    return verifyWith(null, message, key, signature);
  } catch {
    return false;
  }
}

function privateKey(seed: Secret): KeyObject {
  if (seed.length !== keyLength) throw new RangeError(`a seed has ${keyLength} bytes, not ${seed.length}`);
  return seed.use((key) => createPrivateKey({ key, format: "raw-private", asymmetricKeyType: "ed25519" }));
}
