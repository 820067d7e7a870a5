import { ed25519 as nobleEd25519, x25519 as nobleX25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import t from "tap";
import * as ed25519 from "../../src/crypto/ed25519.ts";
import { Secret } from "../../src/crypto/secret.ts";
import * as x25519 from "../../src/crypto/x25519.ts";
import { bytes, load, secret, shown } from "./vectors.ts";

type Pair = { private: string; public: string };
type X25519Vectors = {
  alice: Pair;
  bob: Pair;
  shared: string;
  sealed: { info: string; aad: string; plain: string; sealed: string };
  smallOrder: string[];
};
const x = load<X25519Vectors>("x25519").vectors;

t.test("the public keys of RFC 7748 come out, and noble agrees on the shared secret", async (t) => {
  for (const one of [x.alice, x.bob]) t.same(x25519.publicOf(secret(one.private)), bytes(one.public));
  t.equal(Buffer.from(nobleX25519.getSharedSecret(bytes(x.alice.private), bytes(x.bob.public))).toString("hex"), x.shared);
});

t.test("a message that Python sealed by the same rule opens", async (t) => {
  const { info, aad, plain, sealed } = x.sealed;
  const back = x25519.openWith(secret(x.bob.private), bytes(sealed), bytes(aad), info);
  t.equal(back && shown(back), plain);
  t.equal(x25519.openWith(secret(x.alice.private), bytes(sealed), bytes(aad), info), undefined, "the wrong recipient");
});

t.test("what is sealed to a public key opens with its private key, whatever the length", async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.uint8Array({ maxLength: 50 }), fc.string(), (some, aad, info) => {
      const pair = x25519.generate();
      const plain = Secret.take(Uint8Array.from(some));
      const sealed = x25519.sealTo(pair.public, plain, aad, info);
      const back = x25519.openWith(pair.private, sealed, aad, info);
      return sealed.length === 48 + some.length && back !== undefined && shown(back) === Buffer.from(some).toString("hex");
    }),
    { numRuns: 50 },
  );
});

t.test("no changed bit, cut, other aad, info or key is taken", async (t) => {
  const pair = x25519.generate();
  const aad = Uint8Array.of(1, 2, 3);
  const sealed = x25519.sealTo(pair.public, Secret.random(32), aad, "info");
  t.ok(x25519.openWith(pair.private, sealed, aad, "info"));
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = sealed.slice();
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 7)); // bit 7 of byte 31 is ignored by X25519; the salt still sees it (below)
    t.equal(x25519.openWith(pair.private, changed, aad, "info"), undefined, `byte ${at}`);
    t.equal(x25519.openWith(pair.private, sealed.subarray(0, at), aad, "info"), undefined, `cut at ${at}`);
  }
  const high = sealed.slice();
  high[31] = (high[31] ?? 0) ^ 0x80;
  t.equal(x25519.openWith(pair.private, high, aad, "info"), undefined, "the ignored bit is bound by the salt");
  t.equal(x25519.openWith(pair.private, sealed, aad.subarray(1), "info"), undefined);
  t.equal(x25519.openWith(pair.private, sealed, aad, "other"), undefined);
  t.equal(x25519.openWith(x25519.generate().private, sealed, aad, "info"), undefined);
});

t.test("two seals of the same are different: the ephemeral key is fresh", async (t) => {
  const pair = x25519.generate();
  const plain = Secret.random(32);
  t.notSame(x25519.sealTo(pair.public, plain, new Uint8Array(0), ""), x25519.sealTo(pair.public, plain, new Uint8Array(0), ""));
});

t.test("a public key that makes the shared secret zero is refused on both sides", async (t) => {
  for (const key of x.smallOrder) {
    t.throws(() => x25519.sealTo(bytes(key), Secret.random(32), new Uint8Array(0), ""), RangeError, key);
    const sealed = new Uint8Array(80);
    sealed.set(bytes(key));
    t.equal(x25519.openWith(x25519.generate().private, sealed, new Uint8Array(0), ""), undefined);
  }
});

t.test("keys of a wrong length are refused", async (t) => {
  t.throws(() => x25519.publicOf(Secret.random(31)), RangeError);
  t.throws(() => x25519.sealTo(new Uint8Array(33), Secret.random(32), new Uint8Array(0), ""), RangeError);
  t.throws(() => ed25519.publicOf(Secret.random(33)), RangeError);
  t.throws(() => ed25519.sign(Secret.random(64), new Uint8Array(0)), RangeError);
});

type Ed = { name: string; seed: string; public: string; message: string; signature: string };

t.test("the Ed25519 vectors of RFC 8032 hold, by noble too", async (t) => {
  for (const v of load<Ed[]>("ed25519").vectors) {
    t.same(ed25519.publicOf(secret(v.seed)), bytes(v.public), v.name);
    t.same(ed25519.sign(secret(v.seed), bytes(v.message)), bytes(v.signature), v.name);
    t.ok(ed25519.verify(bytes(v.public), bytes(v.message), bytes(v.signature)), v.name);
    t.same(Uint8Array.from(nobleEd25519.sign(bytes(v.message), bytes(v.seed))), bytes(v.signature), `${v.name} by noble`);
  }
});

t.test("a signature holds for its message and key only", async (t) => {
  const seed = ed25519.generateSeed();
  const key = ed25519.publicOf(seed);
  const message = Uint8Array.of(1, 2, 3);
  const signature = ed25519.sign(seed, message);
  t.ok(ed25519.verify(key, message, signature));
  for (let at = 0; at < 64; at += 1) {
    const changed = signature.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    t.notOk(ed25519.verify(key, message, changed), `byte ${at}`);
  }
  t.notOk(ed25519.verify(key, Uint8Array.of(1, 2), signature));
  t.notOk(ed25519.verify(ed25519.publicOf(ed25519.generateSeed()), message, signature));
});

t.test("rubbish as key or signature is a plain no", async (t) => {
  const message = new Uint8Array(3);
  for (const length of [0, 31, 33]) t.notOk(ed25519.verify(new Uint8Array(length), message, new Uint8Array(64)));
  for (const length of [0, 63, 65]) t.notOk(ed25519.verify(new Uint8Array(32), message, new Uint8Array(length)));
  t.notOk(ed25519.verify(new Uint8Array(32).fill(0xff), message, new Uint8Array(64).fill(0xff)));
});
