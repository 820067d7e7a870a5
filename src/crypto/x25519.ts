/**
 * Sealing to a public key: X25519 with an ephemeral key, HKDF-SHA256, AES-256-GCM.
 *
 *     sealed = ephemeral public (32) ‖ ciphertext ‖ tag (16)
 *     key    = HKDF-SHA256(shared, salt = ephemeral public ‖ recipient public, info, 32); nonce = 12 zero bytes, as each key is used once
 *
 * By OpenSSL (constant time). Its key objects hold a copy of a private key until the garbage collector comes: long-lived private
 * keys are used in a process of their own, which ends.
 */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { open, seal } from "./aead.ts";
import { hkdf } from "./kdf.ts";
import { Secret } from "./secret.ts";

const keyLength = 32;
const tagLength = 16;
const zeroNonce = new Uint8Array(12);

export function generate(): { private: Secret; public: Uint8Array<ArrayBuffer> } {
  const secret = Secret.random(keyLength);
  return { private: secret, public: publicOf(secret) };
}

/** Throws a RangeError when `secret` has not 32 bytes. */
export function publicOf(secret: Secret): Uint8Array<ArrayBuffer> {
  return rawPublic(createPublicKey(privateKey(secret)));
}

/** Throws a RangeError for a public key that is none: wrong length, or of small order (the shared secret would be zero). */
export function sealTo(recipient: Uint8Array, plain: Secret, aad: Uint8Array, info: string): Uint8Array<ArrayBuffer> {
  const ephemeral = generate();
  using ephemeralPrivate = ephemeral.private;
  using shared = agree(ephemeralPrivate, recipient);
  if (!shared) throw new RangeError("the public key is of small order");
  using key = wrapKey(shared, ephemeral.public, recipient, info);
  const sealed = new Uint8Array(new ArrayBuffer(keyLength + plain.length + tagLength));
  sealed.set(ephemeral.public);
  plain.use((bytes) => seal(key, zeroNonce, aad, bytes, sealed.subarray(keyLength)));
  return sealed;
}

/** Undefined: not sealed to this key with this aad and info, or changed. */
export function openWith(secret: Secret, sealed: Uint8Array, aad: Uint8Array, info: string): Secret | undefined {
  if (sealed.length < keyLength + tagLength) return undefined;
  const ephemeral = sealed.subarray(0, keyLength);
  using shared = agree(secret, ephemeral);
  if (!shared) return undefined;
  using key = wrapKey(shared, ephemeral, publicOf(secret), info);
  const plain = Secret.alloc(sealed.length - keyLength - tagLength);
  if (plain.use((bytes) => open(key, zeroNonce, aad, sealed.subarray(keyLength), bytes))) return plain;
  plain.wipe();
  return undefined;
}

/** Undefined when the shared secret is all zero: OpenSSL refuses that (RFC 7748, section 6.1). */
function agree(secret: Secret, peer: Uint8Array): Secret | undefined {
  if (peer.length !== keyLength) throw new RangeError(`a public key has ${keyLength} bytes, not ${peer.length}`);
  const publicKey = createPublicKey({ key: Buffer.from(peer), format: "raw-public", asymmetricKeyType: "x25519" });
  const mine = privateKey(secret);
  let shared: Uint8Array;
  try {
    shared = diffieHellman({ privateKey: mine, publicKey });
  } catch {
    return undefined;
  }
  return Secret.take(shared);
}

function wrapKey(shared: Secret, ephemeral: Uint8Array, recipient: Uint8Array, info: string): Secret {
  const salt = new Uint8Array(2 * keyLength);
  salt.set(ephemeral);
  salt.set(recipient, keyLength);
  return hkdf(shared, salt, info, keyLength);
}

function privateKey(secret: Secret): KeyObject {
  if (secret.length !== keyLength) throw new RangeError(`a private key has ${keyLength} bytes, not ${secret.length}`);
  return secret.use((key) => createPrivateKey({ key, format: "raw-private", asymmetricKeyType: "x25519" }));
}

function rawPublic(key: KeyObject): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(key.export({ format: "raw-public" }));
}
