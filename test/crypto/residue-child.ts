/** Reads a 32-byte key from stdin straight into a Secret, works with it as argv[2] says, says "ready", stays until stdin ends. */
import { readSync, writeSync } from "node:fs";
import * as aead from "../../src/crypto/aead.ts";
import * as ed25519 from "../../src/crypto/ed25519.ts";
import { equalSecrets } from "../../src/crypto/equal.ts";
import { argon2id, hkdf, hmac } from "../../src/crypto/kdf.ts";
import { Secret, wipeAll } from "../../src/crypto/secret.ts";
import * as shamir from "../../src/crypto/shamir.ts";
import * as x25519 from "../../src/crypto/x25519.ts";

const rounds = 50;
const aad = new TextEncoder().encode("aad");
const nonce = new Uint8Array(12);

const works: Record<string, (key: Secret) => unknown> = {
  nothing: () => {},
  "a copy": (key) => ((globalThis as { kept?: unknown }).kept ??= key.use((bytes) => Buffer.from(bytes))),
  clone: (key) => key.clone().wipe(),
  hmac: (key) => hmac(key, aad),
  hkdf: (key) => hkdf(key, nonce, "info", 64).wipe(),
  "seal with it": (key) => {
    for (const length of [40, 1000, 5000]) {
      const sealed = new Uint8Array(length + 16);
      const plain = new Uint8Array(length);
      aead.seal(key, nonce, aad, plain, sealed);
      aead.open(key, nonce, aad, sealed, plain);
      aead.sealBulk(key, nonce, aad, plain, sealed);
      aead.openBulk(key, nonce, aad, sealed, plain);
    }
  },
  "seal it": (key) => {
    using outer = Secret.random(32);
    using back = Secret.alloc(32);
    const sealed = new Uint8Array(48);
    key.use((bytes) => aead.seal(outer, nonce, aad, bytes, sealed));
    back.use((bytes) => aead.open(outer, nonce, aad, sealed, bytes));
    if (!equalSecrets(key, back)) throw new Error("not the same");
  },
  "seal it, unaligned": (key) => {
    using outer = Secret.random(32);
    using odd = Secret.alloc(33);
    const sealed = new Uint8Array(48);
    key.use((bytes) => odd.use((own) => own.set(bytes, 1)));
    odd.use((bytes) => aead.seal(outer, nonce, aad, bytes.subarray(1), sealed));
    odd.use((bytes) => aead.open(outer, nonce, aad, sealed, bytes.subarray(1)));
  },
  "seal a large value of it": (key) => {
    using outer = Secret.random(32);
    for (const length of [5000, 100_000, 1_048_576]) {
      using value = Secret.alloc(length);
      const sealed = new Uint8Array(length + 16);
      key.use((bytes) => value.use((own) => own.set(bytes, 64)));
      value.use((bytes) => aead.seal(outer, nonce, aad, bytes, sealed));
      value.use((bytes) => aead.open(outer, nonce, aad, sealed, bytes));
    }
  },
  "seal it to a public key": (key) => {
    const pair = x25519.generate();
    const sealed = x25519.sealTo(pair.public, key, aad, "info");
    x25519.openWith(pair.private, sealed, aad, "info")?.wipe();
    pair.private.wipe();
  },
  argon2id: (key) => argon2id(key, nonce, { memoryKiB: 64, passes: 1, lanes: 1 }, 32).wipe(),
  "x25519 private key": (key) => x25519.publicOf(key),
  "ed25519 seed": (key) => ed25519.sign(key, aad),
  shamir: async (key) => {
    const parts = await shamir.split(key, 5, 3);
    const back = await shamir.combine(parts.slice(2));
    if (!equalSecrets(key, back)) throw new Error("not the same");
    for (const one of [back, ...parts]) one.wipe();
  },
};

const [name = "", when = ""] = process.argv.slice(2);
const key = Secret.alloc(32);
key.use((bytes) => {
  let done = 0;
  while (done < bytes.length) done += readSync(0, bytes, done, bytes.length - done, null);
});
for (let round = 0; round < rounds; round += 1) await works[name]?.(key);
if (when === "sealed") wipeAll();
if (when === "collected") globalThis.gc?.();
writeSync(1, "ready\n");
try {
  readSync(0, new Uint8Array(1), 0, 1, null);
} catch {
  // the end either way
}
