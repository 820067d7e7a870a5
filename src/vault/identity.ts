/**
 * The identity: the user's own key pairs, one file per user and computer, wrapped by Argon2id(passphrase) (docs/format.md, "Identity").
 *
 *  0  8  magic "zvident" 0x01       40 32  X25519 public key
 *  8  4  format, 1                  72 32  Ed25519 public key
 * 12 12  m (KiB), t, p             104  1  length of the name, then the name (printable ASCII)
 * 24 16  salt                        …  80  sealed: X25519 private key ‖ Ed25519 seed, tag last
 *
 * Key = HKDF(Argon2id(passphrase, salt, m, t, p; 32 bytes), "", "zvault identity"); nonce zero; AAD = everything before.
 */
import { open, seal } from "../crypto/aead.ts";
import { argon2id, hkdf } from "../crypto/kdf.ts";
import { random } from "../crypto/random.ts";
import { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import { format, isNewer, newerFormat } from "./format-version.ts";
import type { Kdf } from "./slots.ts";

export const identityLimit = 4096;
const magic = [0x7a, 0x76, 0x69, 0x64, 0x65, 0x6e, 0x74, 1];
const none = new Uint8Array(0);
const nonce = new Uint8Array(12);

/** What a file may ask for, and what new files get. The product passes `productKdf`; tests may pass a cheaper floor. */
export type KdfPolicy = { use: Kdf; floor: Kdf };

/** Floors after OWASP and RFC 9106 §4 (second recommendation: 64 MiB, t = 3). */
export const productKdf: KdfPolicy = {
  use: { memoryKiB: 128 * 1024, passes: 3, lanes: 4 },
  floor: { memoryKiB: 64 * 1024, passes: 3, lanes: 1 },
};

const ceiling: Kdf = { memoryKiB: 1024 * 1024, passes: 16, lanes: 4 };

/** A hostile file must not choose a cost that is no protection, nor one that never ends. Throws `damaged`. */
export function checkKdf(kdf: Kdf, floor: Kdf): void {
  const names = ["memoryKiB", "passes", "lanes"] as const;
  const bad = names.find((name) => kdf[name] < floor[name] || kdf[name] > ceiling[name]);
  if (bad) throw new ZvaultError("damaged", `the cost of the passphrase is out of bounds (${bad} = ${kdf[bad]})`);
}

export type IdentityFile = {
  bytes: Uint8Array;
  public: Uint8Array;
  signing: Uint8Array;
  name: string;
  kdf: Kdf & { salt: Uint8Array };
};

export function parseIdentity(bytes: Uint8Array): IdentityFile {
  const refuse = (why: string): never => {
    throw new ZvaultError("damaged", `the identity file ${why}`, { hint: "put back a copy of it, or unseal by another way" });
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 185 || magic.some((byte, index) => bytes[index] !== byte)) refuse("is not one");
  const found = view.getUint32(8);
  if (isNewer(found)) throw newerFormat("the identity file", found);
  if (found !== format) refuse("has a damaged format");
  const nameEnd = 105 + view.getUint8(104);
  if (bytes.length !== nameEnd + 80) refuse("has a wrong length");
  const name = Buffer.from(bytes.subarray(105, nameEnd)).toString("latin1");
  if (!/^[\x21-\x7e]{0,64}$/.test(name)) refuse("has a damaged name");
  const kdf = { memoryKiB: view.getUint32(12), passes: view.getUint32(16), lanes: view.getUint32(20), salt: bytes.slice(24, 40) };
  return { bytes, public: bytes.slice(40, 72), signing: bytes.slice(72, 104), name, kdf };
}

function keyOf(passphrase: Secret, kdf: Kdf & { salt: Uint8Array }): Secret {
  const stretched = argon2id(passphrase, kdf.salt, kdf, 32);
  const key = hkdf(stretched, none, "zvault identity", 32);
  stretched.wipe();
  return key;
}

/** `bundle` = X25519 private key ‖ Ed25519 seed. */
export function sealIdentity(
  bundle: Secret,
  publics: { public: Uint8Array; signing: Uint8Array },
  name: string,
  passphrase: Secret,
  policy: KdfPolicy,
): Uint8Array {
  const label = new TextEncoder().encode(name);
  const bytes = new Uint8Array(105 + label.length + 80);
  const view = new DataView(bytes.buffer);
  const kdf = { ...policy.use, salt: random(16) };
  bytes.set(magic, 0);
  view.setUint32(8, 1);
  view.setUint32(12, kdf.memoryKiB);
  view.setUint32(16, kdf.passes);
  view.setUint32(20, kdf.lanes);
  bytes.set(kdf.salt, 24);
  bytes.set(publics.public, 40);
  bytes.set(publics.signing, 72);
  view.setUint8(104, label.length);
  bytes.set(label, 105);
  const at = 105 + label.length;
  const key = keyOf(passphrase, kdf);
  bundle.use((plain) => seal(key, nonce, bytes.subarray(0, at), plain, bytes.subarray(at)));
  key.wipe();
  return bytes;
}

/** undefined: wrong passphrase, or the file was changed; nobody can tell these apart. */
export function openIdentity(file: IdentityFile, passphrase: Secret, policy: KdfPolicy): Secret | undefined {
  checkKdf(file.kdf, policy.floor);
  const key = keyOf(passphrase, file.kdf);
  const bundle = Secret.alloc(64);
  const at = file.bytes.length - 80;
  const fits = bundle.use((into) => open(key, nonce, file.bytes.subarray(0, at), file.bytes.subarray(at), into));
  key.wipe();
  if (fits) return bundle;
  bundle.wipe();
  return undefined;
}
