import fc from "fast-check";
import t from "tap";
import { open, openBulk, seal, sealBulk } from "../../src/crypto/aead.ts";
import { Secret } from "../../src/crypto/secret.ts";
import { bytes, load, secret } from "./vectors.ts";

type Vector = { name: string; key: string; nonce: string; aad: string; plain: string; sealed: string };

t.test("the published vectors of AES-256-GCM hold by both engines", async (t) => {
  for (const { name, ...v } of load<Vector[]>("gcm").vectors) {
    const key = secret(v.key);
    for (const [make, read] of [
      [seal, open],
      [sealBulk, openBulk],
    ] as const) {
      const out = new Uint8Array(v.sealed.length / 2);
      make(key, bytes(v.nonce), bytes(v.aad), bytes(v.plain), out);
      t.same(out, bytes(v.sealed), `case ${name} sealed`);
      const back = new Uint8Array(v.plain.length / 2);
      t.ok(read(key, bytes(v.nonce), bytes(v.aad), out, back), `case ${name} opened`);
      t.same(back, bytes(v.plain));
    }
  }
});

const length = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(4095, 4096, 4097, 8192, 70_000));
const message = length.chain((n) => fc.record({ n: fc.constant(n), fill: fc.nat(255), at: fc.nat(n + 15), bit: fc.nat(7) }));

t.test("what is sealed opens again by either engine, at every alignment", async () => {
  fc.assert(
    fc.property(message, fc.uint8Array({ maxLength: 40 }), fc.nat(7), fc.boolean(), (m, aad, shift, bulk) => {
      using key = Secret.random(32);
      const plain = new Uint8Array(m.n + shift).fill(m.fill).subarray(shift);
      const sealed = new Uint8Array(m.n + 16 + shift).subarray(shift);
      const back = new Uint8Array(m.n + shift).subarray(shift);
      const nonce = new Uint8Array(12).fill(m.bit);
      (bulk ? sealBulk : seal)(key, nonce, aad, plain, sealed);
      return (bulk ? open : openBulk)(key, nonce, aad, sealed, back) && Buffer.compare(plain, back) === 0;
    }),
  );
});

t.test("a changed byte is refused, and nothing of the plaintext is left in the output", async () => {
  fc.assert(
    fc.property(message, fc.boolean(), (m, bulk) => {
      using key = Secret.random(32);
      const nonce = new Uint8Array(12);
      const aad = Uint8Array.of(1);
      const sealed = new Uint8Array(m.n + 16);
      seal(key, nonce, aad, new Uint8Array(m.n).fill(7), sealed);
      sealed[m.at] = (sealed[m.at] ?? 0) ^ (1 << m.bit);
      const out = new Uint8Array(m.n).fill(9);
      return !(bulk ? openBulk : open)(key, nonce, aad, sealed, out) && out.every((one) => one === 0);
    }),
  );
});

t.test("another key, nonce or aad is refused", async (t) => {
  const key = Secret.random(32);
  const nonce = new Uint8Array(12);
  const aad = Uint8Array.of(1, 2);
  const sealed = new Uint8Array(21);
  const out = new Uint8Array(5);
  seal(key, nonce, aad, Uint8Array.of(1, 2, 3, 4, 5), sealed);
  for (const read of [open, openBulk]) {
    t.ok(read(key, nonce, aad, sealed, out));
    t.notOk(read(Secret.random(32), nonce, aad, sealed, out));
    t.notOk(read(key, new Uint8Array(12).fill(1), aad, sealed, out));
    t.notOk(read(key, nonce, Uint8Array.of(1), sealed, out));
    t.notOk(read(key, nonce, new Uint8Array(0), sealed, out));
  }
});

t.test("wrong lengths are a mistake of the caller, told without the bytes", async (t) => {
  const key = Secret.random(32);
  const nonce = new Uint8Array(12);
  const none = new Uint8Array(0);
  for (const work of [seal, sealBulk]) {
    t.throws(() => work(key, nonce, none, new Uint8Array(3), new Uint8Array(18)), RangeError);
    t.throws(() => work(key, new Uint8Array(13), none, none, new Uint8Array(16)), RangeError);
    t.throws(() => work(Secret.random(16), nonce, none, none, new Uint8Array(16)), RangeError);
  }
  for (const work of [open, openBulk]) {
    t.throws(() => work(key, nonce, none, new Uint8Array(18), new Uint8Array(3)), RangeError);
    t.throws(() => work(key, nonce, none, new Uint8Array(15), none), RangeError, "shorter than a tag");
  }
});

t.test("sealing in place works: plain and out may be the same memory", async (t) => {
  const key = Secret.random(32);
  const nonce = new Uint8Array(12);
  for (const size of [100, 9000]) {
    const memory = new Uint8Array(size + 16).fill(5, 0, size);
    seal(key, nonce, nonce, memory.subarray(0, size), memory);
    t.ok(open(key, nonce, nonce, memory, memory.subarray(0, size)));
    t.ok(memory.subarray(0, size).every((one) => one === 5));
  }
});
