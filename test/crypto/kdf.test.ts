import { argon2Sync, hkdfSync } from "node:crypto";
import fc from "fast-check";
import { argon2id as nobleArgon2id } from "@noble/hashes/argon2.js";
import t from "tap";
import { argon2id, hkdf, hmac, hmacOver } from "../../src/crypto/kdf.ts";
import { Secret } from "../../src/crypto/secret.ts";
import { bytes, load, secret, shown } from "./vectors.ts";

t.test("the HMAC-SHA256 vectors of RFC 4231 hold, however the data is cut into parts", async (t) => {
  for (const v of load<{ name: string; key: string; data: string; mac: string }[]>("hmac").vectors) {
    const data = bytes(v.data);
    t.same(hmac(secret(v.key), data), bytes(v.mac), v.name);
    t.same(hmac(secret(v.key), data.subarray(0, 3), new Uint8Array(0), data.subarray(3)), bytes(v.mac), `${v.name} in parts`);
    const over = hmacOver(secret(v.key), (add) => {
      for (const byte of data) add(Uint8Array.of(byte));
    });
    t.same(over, bytes(v.mac), `${v.name} byte by byte`);
  }
});

t.test("the HKDF-SHA256 vectors of RFC 5869 hold", async (t) => {
  for (const v of load<{ name: string; key: string; salt: string; info: string; length: number; out: string }[]>("hkdf").vectors) {
    // Our info is text. A.2's is not UTF-8, so that one checks the engine that ours is compared with below.
    const reference = Buffer.from(hkdfSync("sha256", bytes(v.key), bytes(v.salt), bytes(v.info), v.length)).toString("hex");
    t.equal(reference, v.out, `${v.name} by node`);
    const info = bytes(v.info).toString() === "" ? "" : undefined;
    if (info !== undefined) t.equal(shown(hkdf(secret(v.key), bytes(v.salt), info, v.length)), v.out, v.name);
  }
});

t.test("HKDF agrees with node's for every key, salt, info and length", async () => {
  const short = fc.uint8Array({ maxLength: 100 });
  fc.assert(
    fc.property(short, short, fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 300 }), (key, salt, info, length) => {
      const reference = Buffer.from(hkdfSync("sha256", key, salt, info, length)).toString("hex");
      return shown(hkdf(Secret.take(Uint8Array.from(key)), salt, info, length)) === reference;
    }),
  );
  t.equal(hkdf(Secret.random(32), new Uint8Array(0), "", 8160).length, 8160, "the longest there is");
});

t.test("HKDF refuses lengths it cannot give", async (t) => {
  for (const length of [0, -1, 8161, 1.5, NaN]) t.throws(() => hkdf(Secret.random(32), new Uint8Array(0), "", length), RangeError);
});

type Argon = {
  name: string; password: string; salt: string; secret?: string; associated?: string;
  memoryKiB: number; passes: number; lanes: number; out: string;
}; // prettier-ignore

t.test("the Argon2id vectors of RFC 9106 and of the reference code hold, by node and by noble", async (t) => {
  for (const v of load<Argon[]>("argon2id").vectors) {
    const cost = { memoryKiB: v.memoryKiB, passes: v.passes, lanes: v.lanes };
    if (v.secret !== undefined && v.associated !== undefined) {
      // Ours takes neither secret nor associated data: this one checks the engine.
      const given = {
        message: bytes(v.password),
        nonce: bytes(v.salt),
        memory: v.memoryKiB,
        passes: v.passes,
        parallelism: v.lanes,
      };
      const out = argon2Sync("argon2id", { ...given, tagLength: 32, secret: bytes(v.secret), associatedData: bytes(v.associated) });
      t.equal(out.toString("hex"), v.out, v.name);
      continue;
    }
    t.equal(shown(argon2id(secret(v.password), bytes(v.salt), cost, 32)), v.out, v.name);
    if (v.memoryKiB > 1024) continue; // seconds in JavaScript
    const second = nobleArgon2id(bytes(v.password), bytes(v.salt), { m: v.memoryKiB, t: v.passes, p: v.lanes, dkLen: 32 });
    t.equal(Buffer.from(second).toString("hex"), v.out, `${v.name} by noble`);
  }
});

t.test("every cost of Argon2id changes the result", async (t) => {
  const pass = Secret.take(Uint8Array.of(1, 2, 3));
  const salt = new Uint8Array(16);
  const base = { memoryKiB: 64, passes: 2, lanes: 1 };
  const all = [base, { ...base, memoryKiB: 128 }, { ...base, passes: 3 }, { ...base, lanes: 2 }];
  t.equal(new Set(all.map((cost) => shown(argon2id(pass, salt, cost, 32)))).size, all.length);
  t.equal(shown(argon2id(pass, salt, base, 32)), shown(argon2id(pass, salt, base, 32)));
});

t.test("Argon2id takes an empty passphrase and refuses a salt under 8 bytes", async (t) => {
  const cost = { memoryKiB: 64, passes: 1, lanes: 1 };
  t.equal(argon2id(Secret.alloc(0), new Uint8Array(16), cost, 32).length, 32);
  t.throws(() => argon2id(Secret.alloc(5), new Uint8Array(7), cost, 32));
});
