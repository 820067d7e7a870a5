/** Published vectors through the engine's own paths: planted as keys where the engine takes a key, else at the function it calls. */
import {
  createHmac,
  createPublicKey,
  createVerify,
  hkdfSync,
  createDecipheriv,
  createCipheriv,
  randomBytes,
  verify,
} from "node:crypto";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { p256 } from "@noble/curves/nist.js";
import fc from "fast-check";
import t from "tap";
import type { TransitType } from "../../src/calls/transit.ts";
import { type Cipher, sealBulk } from "../../src/crypto/aead.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { Secret } from "../../src/crypto/secret.ts";
import { parseBlob, printBlob } from "../../src/vault/engines/transit/blob.ts";
import { cipherOf, openItem, sealItem } from "../../src/vault/engines/transit/cipher.ts";
import { spkiOfEd25519 } from "../../src/vault/engines/transit/key.ts";
import { bytes, load, secret } from "../crypto/vectors.ts";
import { textOf, transitVault } from "../helpers/transit.ts";

type Sealed = { name: string; key: string; nonce: string; aad: string; plain: string; sealed: string };

for (const [file, type] of [
  ["gcm", "aes256-gcm96"],
  ["chacha", "chacha20-poly1305"],
] as const)
  t.test(`${type}: ${load(file).source}`, (t) => {
    const cipher = cipherOf(type) as Cipher;
    for (const { name, key, nonce, aad, plain, sealed } of load<Sealed[]>(file).vectors) {
      using own = secret(key);
      const out = new Uint8Array(new ArrayBuffer(plain.length / 2 + 16));
      sealBulk(own, bytes(nonce), bytes(aad), bytes(plain), out, cipher);
      t.equal(Buffer.from(out).toString("hex"), sealed, `${name} sealed`);
      using opened = openItem(own, cipher, bytes(aad), bytes(nonce + sealed));
      t.equal(
        opened?.use((one) => Buffer.from(one).toString("hex")),
        plain,
        `${name} opened`,
      );
      for (let bit = 0; bit < (nonce.length + sealed.length) * 4; bit += 5) {
        const changed = bytes(nonce + sealed);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        t.equal(openItem(own, cipher, bytes(aad), changed), undefined, `${name} bit ${bit}`);
      }
      t.equal(openItem(own, cipher, bytes(`${aad}00`), bytes(nonce + sealed)), undefined, `${name}, other associated data`);
    }
    t.end();
  });

t.test("what is sealed, node:crypto opens; what it seals, opens here", (t) => {
  const data = fc.uint8Array({ maxLength: 6000 });
  fc.assert(
    fc.property(fc.constantFrom<TransitType>("aes256-gcm96", "chacha20-poly1305"), data, data, (type, aad, plain) => {
      const cipher = cipherOf(type) as Cipher;
      const name = cipher as "aes-256-gcm";
      const key = randomBytes(32);
      using own = Secret.take(new Uint8Array(key));
      using value = Secret.take(plain.slice());
      const sealed = sealItem(own, cipher, aad, value);
      const reader = createDecipheriv(name, key, sealed.subarray(0, 12), { authTagLength: 16 });
      reader.setAAD(aad);
      reader.setAuthTag(sealed.subarray(-16));
      const read = Buffer.concat([reader.update(sealed.subarray(12, -16)), reader.final()]);
      const nonce = randomBytes(12);
      const writer = createCipheriv(name, key, nonce, { authTagLength: 16 });
      writer.setAAD(aad);
      const theirs = Buffer.concat([nonce, writer.update(plain), writer.final(), writer.getAuthTag()]);
      using opened = openItem(own, cipher, aad, theirs);
      return read.equals(plain) && opened?.use((one) => Buffer.from(plain).equals(one)) === true;
    }),
    { numRuns: 200 },
  );
  t.end();
});

t.test("a ciphertext of the engine opens with HKDF and AES-GCM of node:crypto, as docs/format.md says", async (t) => {
  const vault = await transitVault(t);
  const key = randomBytes(32);
  await vault.plant("box", "aes256-gcm96", Secret.take(new Uint8Array(key)));
  const { body } = await vault.ask("transit.encrypt", { name: "box", aad: true }, ["hello", "about"]);
  const text = textOf(body[0]);
  t.match(text, /^vault:v1:[A-Za-z0-9+/]+=*$/);
  const blob = Buffer.from(text.slice("vault:v1:".length), "base64");
  const inner = hkdfSync("sha256", key, "", "zvault transit value\0aes256-gcm96\0", 32);
  const reader = createDecipheriv("aes-256-gcm", new Uint8Array(inner), blob.subarray(0, 12));
  reader.setAAD(Buffer.from("about"));
  reader.setAuthTag(blob.subarray(-16));
  t.equal(Buffer.concat([reader.update(blob.subarray(12, -16)), reader.final()]).toString(), "hello");
});

type Ed = { name: string; seed: string; public: string; message: string; signature: string };

t.test(`ed25519: ${load("ed25519").source}`, async (t) => {
  const vault = await transitVault(t);
  for (const { name, seed, public: shown, message, signature } of load<Ed[]>("ed25519").vectors) {
    const spki = Buffer.concat([spkiOfEd25519, bytes(shown)]).toString("base64");
    await vault.plant(`k${name}`, "ed25519", secret(seed), { public: spki });
    const { body } = await vault.ask("transit.sign", { name: `k${name}` }, [bytes(message)]);
    t.equal(textOf(body[0]), textOf(printBlob(1, bytes(signature))), name);
    const { result } = await vault.ask("transit.verify", { name: `k${name}` }, [body[0] ?? "", bytes(message)]);
    t.same(result.valid, [true]);
    t.same((await vault.ask("transit.verify", { name: `k${name}` }, [body[0] ?? "", bytes(`${message}00`)])).result.valid, [false]);
  }
});

type P256 = { name: string; scalar: string; public: string; message: string; signature: string };

t.test(`ecdsa-p256: ${load("p256").source}`, async (t) => {
  const vault = await transitVault(t);
  for (const { name, scalar, public: shown, message, signature } of load<P256[]>("p256").vectors) {
    const jwk = { kty: "EC", crv: "P-256", x: base64url(shown.slice(2, 66)), y: base64url(shown.slice(66)) };
    const spki = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "der", type: "spki" });
    await vault.plant(name, "ecdsa-p256", secret(scalar), { public: spki.toString("base64") });
    const check = async (mark: Uint8Array, text: Uint8Array): Promise<boolean[]> =>
      (await vault.ask("transit.verify", { name }, [printBlob(1, mark), text])).result.valid;
    t.same(await check(bytes(signature), bytes(message)), [true], "the RFC's own");
    t.same(await check(bytes(signature), bytes(`${message}00`)), [false]);
    for (const cut of [0, 1, 8, signature.length / 2 - 1])
      t.same(await check(bytes(signature).subarray(0, cut || 1), bytes(message)), [false]);
    const { body } = await vault.ask("transit.sign", { name }, [bytes(message)]);
    const made = parseBlob(body[0] ?? new Uint8Array());
    t.equal(
      p256.verify(made?.bytes ?? new Uint8Array(), sha256(bytes(message)), bytes(shown), {
        format: "der",
        prehash: false,
        lowS: false,
      }),
      true,
      "ours, by @noble/curves",
    );
  }
});

function base64url(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64url");
}

type Mac = { name: string; key: string; data: string; mac: string };

t.test(`hmac: ${load("hmac").source}`, async (t) => {
  const vault = await transitVault(t);
  for (const { name, key, data, mac } of load<Mac[]>("hmac").vectors) {
    await vault.plant(`m${name}`, "hmac", secret(key));
    const half = bytes(data).subarray(0, 7);
    const { body } = await vault.ask("transit.hmac", { name: `m${name}`, pieces: [2] }, [half, bytes(data).subarray(7)]);
    const made = parseBlob(body[0] ?? new Uint8Array());
    t.equal(
      Buffer.from(made?.bytes ?? [])
        .toString("hex")
        .slice(0, mac.length),
      mac,
      name,
    );
    t.same((await vault.ask("transit.verify", { name: `m${name}` }, [body[0] ?? "", bytes(data)])).result.valid, [true]);
    t.same((await vault.ask("transit.verify", { name: `m${name}` }, [printBlob(1, randomBytes(32)), bytes(data)])).result.valid, [
      false,
    ]);
    const theirs = createHmac("sha256", bytes(key)).update(bytes(data)).digest();
    t.same((await vault.ask("transit.verify", { name: `m${name}` }, [printBlob(1, theirs), bytes(data)])).result.valid, [true]);
  }
});

t.test("signatures of generated keys are verified by node:crypto and by openssl, with the public key that is told", async (t) => {
  const vault = await transitVault(t);
  const message = randomBytes(200_000);
  writeFileSync(`${vault.world.base}/message`, message);
  const pieces = [3];
  const parts = [message.subarray(0, 10), message.subarray(10, 150_000), message.subarray(150_000)];
  for (const type of ["ed25519", "ecdsa-p256"] as const) {
    const { result: made } = await vault.ask("transit.create", { name: type, type });
    const pem = made.versions[0]?.publicKey ?? "";
    const { body } = await vault.ask("transit.sign", { name: type, pieces }, parts);
    const signature = parseBlob(body[0] ?? new Uint8Array())?.bytes ?? new Uint8Array();
    const key = createPublicKey(pem);
    t.equal(
      type === "ed25519" ? verify(null, message, key, signature) : createVerify("sha256").update(message).verify(key, signature),
      true,
    );
    writeFileSync(`${vault.world.base}/key.pem`, pem);
    writeFileSync(`${vault.world.base}/signature`, signature);
    const raw = type === "ed25519" ? ["-rawin"] : ["-rawin", "-digest", "sha256"];
    const files = ["-in", "message", "-sigfile", "signature", "-pubin", "-inkey", "key.pem"];
    const openssl = (): string =>
      execFileSync("openssl", ["pkeyutl", "-verify", ...raw, ...files], { cwd: vault.world.base, stdio: "pipe" }).toString();
    try {
      t.match(openssl(), /Verified Successfully/, `${type} by openssl`);
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code !== "ENOENT") throw failure;
      t.comment("openssl is not here");
    }
  }
});
