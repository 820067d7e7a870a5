import fc from "fast-check";
import t from "tap";
import { equalSecrets } from "../../src/crypto/equal.ts";
import { Secret } from "../../src/crypto/secret.ts";
import { combine, split } from "../../src/crypto/shamir.ts";
import { bytes, secret, shown } from "./vectors.ts";

const plan = fc.record({
  some: fc.uint8Array({ minLength: 1, maxLength: 64 }),
  n: fc.integer({ min: 2, max: 9 }),
  k: fc.integer({ min: 2, max: 9 }),
  order: fc.infiniteStream(fc.nat()),
});

t.test("any k of n parts give the secret back, in any order", async () => {
  await fc.assert(
    fc.asyncProperty(plan, async ({ some, n, k, order }) => {
      fc.pre(k <= n);
      const whole = Secret.take(Uint8Array.from(some));
      const parts = await split(whole, n, k);
      const mixed = parts.map((part) => ({ part, at: order.next().value ?? 0 })).toSorted((a, b) => a.at - b.at);
      const back = await combine(mixed.slice(0, k).map((one) => one.part));
      return parts.length === n && parts.every((part) => part.length === some.length + 1) && equalSecrets(whole, back);
    }),
  );
});

t.test("fewer than k parts give something else", async (t) => {
  const whole = Secret.random(32);
  const parts = await split(whole, 5, 3);
  t.notOk(equalSecrets(whole, await combine(parts.slice(0, 2))));
});

t.test("255 parts all have their own number, the last byte, from 1 to 255", async (t) => {
  const parts = await split(Secret.random(4), 255, 2);
  const numbers = parts.map((part) => part.use((own) => own[4] ?? 0)).toSorted((a, b) => a - b);
  t.same(
    numbers,
    Array.from({ length: 255 }, (_, at) => at + 1),
  );
});

t.test("parts worked out by hand over GF(2^8) combine, so the x byte is last and the field is that of AES", async (t) => {
  // f(x) = 0x2a + 0x53·x over x⁸+x⁴+x³+x+1: f(1) = 0x79, f(2) = 0x2a ^ 0xa6 = 0x8c
  t.equal(shown(await combine([secret("7901"), secret("8c02")])), "2a");
});

t.test("parts that cannot be right are refused, and the secrets given stay as they were", async (t) => {
  const [a, b, c] = await split(Secret.random(32), 3, 2);
  if (!a || !b || !c) throw new Error("three parts");
  const before = shown(a);
  await t.rejects(combine([]), RangeError);
  await t.rejects(combine([a]), RangeError);
  await t.rejects(combine([a, a]), /given twice/);
  await t.rejects(combine([a, a.clone()]), /given twice/);
  await t.rejects(combine([a, Secret.take(bytes("00".repeat(33)))]), /no number/);
  await t.rejects(combine([a, Secret.random(32)]), /different lengths/);
  await t.rejects(combine([secret("01"), secret("02")]), RangeError, "no bytes but the number");
  t.equal(shown(a), before);
  b.wipe();
  await t.rejects(combine([a, b]), /wiped/);
  t.ok(await combine([a, c]));
});

t.test("numbers out of range and an empty secret are refused before anything is made", async (t) => {
  const whole = Secret.random(32);
  for (const [n, k] of [[1, 1], [2, 1], [2, 3], [256, 2], [5, 2.5], [NaN, 2]] as const) {
    await t.rejects(split(whole, n, k), RangeError, `${n} ${k}`);
  } // prettier-ignore
  await t.rejects(split(Secret.alloc(0), 3, 2), RangeError);
});
