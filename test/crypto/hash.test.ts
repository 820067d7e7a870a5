import { createHash } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { crc32c } from "../../src/crypto/crc32c.ts";
import { equal, equalSecrets } from "../../src/crypto/equal.ts";
import { fromHex, hex, sha256 } from "../../src/crypto/hash.ts";
import { random } from "../../src/crypto/random.ts";
import { Secret } from "../../src/crypto/secret.ts";
import { bytes, load } from "./vectors.ts";

t.test("SHA-256 of parts is that of the whole", async (t) => {
  t.equal(hex(sha256()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  t.equal(hex(sha256(Buffer.from("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (parts) => {
      return hex(sha256(...parts)) === createHash("sha256").update(Buffer.concat(parts)).digest("hex");
    }),
  );
});

t.test("hex and back is the same, and only what hex gives is taken", async (t) => {
  fc.assert(fc.property(fc.uint8Array(), (some) => equal(fromHex(hex(some)), some)));
  t.equal(hex(Uint8Array.of(1, 2, 3, 255).subarray(1)), "0203ff", "a view gives its own bytes only");
  for (const bad of ["0", "0g", "AB", " 00", "00 ", "0x00", "00\n", "zz", "é", "é0", "00\0", "٠٠"]) {
    t.throws(() => fromHex(bad), SyntaxError, JSON.stringify(bad));
  }
  t.throws(() => fromHex("5ecret"), { message: /^[^5]*$/ }, "the text is not in the message");
});

t.test("the CRC-32C vectors of RFC 3720 hold", async (t) => {
  for (const v of load<{ name: string; data: string; crc: string }[]>("crc32c").vectors) {
    t.equal(crc32c(bytes(v.data)).toString(16).padStart(8, "0"), v.crc, v.name);
  }
});

t.test("CRC-32C agrees with the bitwise definition, goes on from a seed, and finds every flipped bit", async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(7), (some, cut, bit) => {
      const whole = crc32c(some);
      if (whole !== bitwise(some) || crc32c(some.subarray(cut), crc32c(some.subarray(0, cut))) !== whole) return false;
      if (cut >= some.length) return true;
      const changed = some.slice();
      changed[cut] = (changed[cut] ?? 0) ^ (1 << bit);
      return crc32c(changed) !== whole;
    }),
    { numRuns: 500 },
  );
});

function bitwise(some: Uint8Array): number {
  let crc = 0xffffffff;
  for (const one of some) {
    crc ^= one;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

t.test("equal compares bytes, and different lengths are unequal", async (t) => {
  fc.assert(fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => equal(a, b) === (Buffer.compare(a, b) === 0)));
  fc.assert(fc.property(fc.uint8Array(), (a) => equal(a, a.slice())));
  t.notOk(equal(new Uint8Array(2), new Uint8Array(3)));
  t.ok(equal(new Uint8Array(0), new Uint8Array(0)));
  t.ok(equal(Buffer.from("abc"), Uint8Array.of(97, 98, 99)), "a Buffer from the pool too");
});

t.test("equalSecrets is the only way to find two secrets equal", async (t) => {
  const one = Secret.random(32);
  const same = one.clone();
  t.ok(equalSecrets(one, same));
  t.ok(equalSecrets(one, one));
  t.notOk(equalSecrets(one, Secret.random(32)));
  t.notOk(equalSecrets(one, Secret.alloc(31)));
  same.wipe();
  t.throws(() => equalSecrets(one, same), /wiped/);
});

t.test("random bytes lie in memory of their own", async (t) => {
  for (const length of [0, 1, 12, 16, 32, 64, 70_000]) {
    const some = random(length);
    t.equal(some.length, length);
    t.equal(some.buffer.byteLength, length, "no pool");
    t.equal(Object.getPrototypeOf(some), Uint8Array.prototype, "a plain Uint8Array");
  }
  t.notSame(random(16), random(16));
});
