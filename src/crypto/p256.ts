/**
 * ECDSA over P-256 with SHA-256 (FIPS 186-5) by OpenSSL; signatures are ASN.1 DER. As with Ed25519, a key object holds a copy of the
 * private key until the garbage collector comes.
 */
import { createPrivateKey, createPublicKey, createVerify, type KeyObject, createSign, generateKeyPairSync } from "node:crypto";
import { Secret } from "./secret.ts";

const keyLength = 32;
const curve = { asymmetricKeyType: "ec", namedCurve: "P-256" } as const;

/** A private key: the scalar, 32 bytes big-endian, from 1 to n − 1. */
export function generateScalar(): Secret {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return Secret.take(new Uint8Array(privateKey.export({ format: "raw-private" })));
}

/** SubjectPublicKeyInfo, DER. Throws for a scalar that is none. */
export function publicOf(scalar: Secret): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createPublicKey(privateKey(scalar)).export({ format: "der", type: "spki" }));
}

/** Another one each time. */
export function sign(scalar: Secret, pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const work = createSign("sha256");
  for (const piece of pieces) work.update(piece);
  return new Uint8Array(work.sign(privateKey(scalar)));
}

/** False for anything that is no signature of the message by this key, whatever its form. `spki`: as `publicOf` gives it. */
export function verify(spki: Uint8Array, pieces: readonly Uint8Array[], signature: Uint8Array): boolean {
  try {
    const work = createVerify("sha256");
    for (const piece of pieces) work.update(piece);
    return work.verify(createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }), signature);
  } catch {
    return false;
  }
}

function privateKey(scalar: Secret): KeyObject {
  if (scalar.length !== keyLength) throw new RangeError(`a scalar has ${keyLength} bytes, not ${scalar.length}`);
  return scalar.use((key) => createPrivateKey({ key, format: "raw-private", ...curve }));
}
