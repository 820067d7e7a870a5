import { format, inspect } from "node:util";
import fc from "fast-check";
import t from "tap";
import { Secret, secretMemory, wipeAll } from "../../src/crypto/secret.ts";
import { vmLck } from "../../src/sys/process.ts";
import { cannotDrop, plainUser, run } from "../sys/child.ts";
import { shown } from "./vectors.ts";

const text = "correct horse battery staple";
const made = (): Secret => Secret.take(Uint8Array.from(Buffer.from(text)));

t.test("no way of printing shows the bytes", async (t) => {
  const one = made();
  const error = new Error(`about ${String(one)}`);
  const ways = [
    String(one), `${one as unknown as string}`, one.toString(), one.toJSON(), one.valueOf(), "" + (one as unknown as string),
    JSON.stringify(one), JSON.stringify({ one, list: [one] }), inspect(one), inspect({ deep: { one } }, { depth: 9 }),
    inspect(one, { customInspect: false, showHidden: true, getters: true, depth: 9 }), format("%s %o %O %j %d", one, one, one, one, 1),
    error.message, inspect(structuredClone({ ...one })), [one].join(), Object.entries(one).join(), inspect(new Map([[one, one]])),
  ]; // prettier-ignore
  const hex = Buffer.from(text).toString("hex");
  for (const way of ways) {
    t.notOk(way.includes("correct") || way.includes(hex.slice(0, 8)) || way.includes("99, 111"), way);
  }
  t.equal(String(one), "[secret]");
  t.equal(JSON.stringify([one]), '["[secret]"]');
  t.equal(inspect({ one }), "{ one: [secret] }");
  t.same(Object.getOwnPropertyNames(one), [], "nothing to enumerate");
});

t.test("two secrets are never === and no secret becomes a number", async (t) => {
  const one = made();
  const same = one.clone();
  t.notOk(one === same);
  t.throws(() => Number(one), TypeError);
  t.throws(() => +(one as unknown as number), TypeError);
  t.throws(() => (one as unknown as number) * 1, TypeError);
});

t.test("borrow makes no copy, and leaves zeroing to the owner", async (t) => {
  const owner = made();
  owner.use((bytes) => {
    const view = Secret.borrow(bytes);
    t.equal(
      view.use((own) => own),
      bytes,
    );
    t.equal(view.length, bytes.length);
    view.wipe();
    t.equal(view.wiped, true);
    t.throws(() => view.use(() => {}));
    t.equal(Buffer.from(bytes).toString(), text);
  });
  const lent = owner.use((bytes) => Secret.borrow(bytes));
  wipeAll();
  t.equal(lent.wiped, true, "gone with all others");
});

t.test("take moves: the source is zeroed", async (t) => {
  const source = Uint8Array.from(Buffer.from(text));
  const one = Secret.take(source);
  t.ok(source.every((byte) => byte === 0));
  t.equal(one.length, text.length);
  t.equal(shown(one), Buffer.from(text).toString("hex"));
});

t.test("bytes lie outside the V8 heap, 16-byte aligned, and are plain Uint8Arrays", async (t) => {
  for (const length of [0, 1, 32, 33, 4096, 4097]) {
    const one = Secret.alloc(length);
    one.use((bytes) => {
      t.equal(bytes.length, length);
      t.equal(bytes.byteOffset % 16, 0);
      t.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype);
      t.ok(
        bytes.every((byte) => byte === 0),
        "zeroes",
      );
    });
    one.wipe();
  }
});

t.test("a length that is none is refused", async (t) => {
  for (const length of [-1, 1.5, NaN, Infinity]) t.throws(() => Secret.alloc(length), RangeError);
});

t.test("a wiped secret is zeroed, refuses use, and can be wiped again", async (t) => {
  for (const length of [32, 10_000]) {
    const one = Secret.random(length);
    const kept = one.use((bytes) => bytes);
    t.notOk(one.wiped);
    one.wipe();
    one.wipe();
    t.ok(one.wiped);
    const detached = kept.length === 0; // `every` would throw
    t.ok(detached ? true : kept.every((byte) => byte === 0), "even a view that was kept shows zeroes, or nothing");
    t.throws(() => one.use(() => 1), /wiped/);
    t.throws(() => one.clone(), /wiped/);
    t.equal(one.length, length);
    t.equal(String(one), "[secret]");
  }
});

t.test("a second wipe does not touch the secret that got the place meanwhile", async (t) => {
  const first = Secret.random(32);
  first.wipe();
  const second = Secret.take(new Uint8Array(32).fill(9));
  first.wipe();
  t.ok(second.use((bytes) => bytes.every((byte) => byte === 9)));
  const third = Secret.alloc(32);
  third.use((bytes) => bytes.fill(1));
  t.ok(
    second.use((bytes) => bytes.every((byte) => byte === 9)),
    "and the place is not given out twice",
  );
});

t.test("a clone lives on its own", async (t) => {
  const one = made();
  const copy = one.clone();
  one.wipe();
  t.equal(shown(copy), Buffer.from(text).toString("hex"));
});

t.test("using wipes at the end of the block, when it throws too", async (t) => {
  let kept: Secret | undefined;
  t.throws(() => {
    using one = Secret.random(16);
    kept = one;
    throw new Error("out");
  });
  t.ok(kept?.wiped);
});

t.test("use gives back what the function gives, and passes its error on", async (t) => {
  t.equal(
    Secret.alloc(3).use((bytes) => bytes.length),
    3,
  );
  t.throws(() => Secret.alloc(3).use(() => { throw new Error("mine"); }), /mine/); // prettier-ignore
});

t.test("wipeAll wipes every living secret, small and large, and new ones can be made after it", async (t) => {
  const all = [1, 16, 100, 4096, 5000, 200_000].map((length) => Secret.random(length));
  wipeAll();
  t.ok(all.every((one) => one.wiped));
  wipeAll();
  t.equal(Secret.random(32).length, 32);
  wipeAll();
});

t.test("whatever is made and wiped in whatever order, secrets never overlap and new ones are zeroed", async () => {
  const step = fc.record({ make: fc.boolean(), length: fc.oneof(fc.nat(100), fc.nat(5000)), pick: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const live: { one: Secret; mark: number }[] = [];
      let mark = 0;
      for (const { make, length, pick } of steps) {
        if (make || live.length === 0) {
          const one = Secret.alloc(length);
          if (!one.use((bytes) => bytes.every((byte) => byte === 0))) return false;
          mark = (mark % 255) + 1;
          one.use((bytes) => bytes.fill(mark));
          live.push({ one, mark });
        } else live.splice(pick % live.length, 1)[0]?.one.wipe();
      }
      const whole = live.every(({ one, mark: own }) => one.use((bytes) => bytes.every((byte) => byte === own)));
      for (const { one } of live) one.wipe();
      return whole;
    }),
  );
});

t.test("tens of thousands of secrets freed leave no locked memory behind but one arena", async (t) => {
  wipeAll();
  const all = Array.from({ length: 20_000 }, (_, at) => Secret.alloc(1 + (at % 200)));
  t.ok(vmLck() > 65_536 || secretMemory().kind === "unlocked");
  for (const one of all) one.wipe();
  for (let round = 0; round < 500; round += 1) Secret.alloc(10_000).wipe();
  t.ok(vmLck() <= 65_536, `${vmLck()} bytes`);
});

const report = `
  const { Secret, secretMemory, wipeAll } = await crypto("secret.ts");
  const { vmLck } = await sys("process.ts");
  const idle = secretMemory();
  const first = Secret.random(32);
  const one = secretMemory();
  const lockedOne = vmLck();
  const many = Array.from({ length: 5000 }, () => Secret.alloc(64));
  many.forEach((each, at) => each.use((bytes) => bytes.fill(at & 255)));
  const big = Secret.alloc(1_000_000);
  const whole = many.every((each, at) => each.use((bytes) => bytes.every((byte) => byte === (at & 255))));
  const full = secretMemory();
  wipeAll();
  say(JSON.stringify({ idle, one, lockedOne, full, whole, left: vmLck() }));`;

type Report = { idle: Kind; one: Kind; lockedOne: number; full: Kind; whole: boolean; left: number };
type Kind = { kind: string; why: string };

t.test("with nothing lockable secrets still work, unlocked, and say why", { skip: cannotDrop }, async (t) => {
  const got = JSON.parse(run(report, { ...plainUser, memlock: 0 })) as Report;
  for (const { kind, why } of [got.idle, got.one, got.full]) {
    t.equal(kind, "unlocked");
    t.match(why, /RLIMIT_MEMLOCK/);
  }
  t.ok(got.whole);
});

t.test("with 64 KiB, and with 8, the first secrets are locked and the rest is told", { skip: cannotDrop }, async (t) => {
  for (const memlock of [65_536, 8192]) {
    const got = JSON.parse(run(report, { ...plainUser, memlock })) as Report;
    t.not(got.one.kind, "unlocked", `${memlock}`);
    t.ok(got.lockedOne > 0 && got.lockedOne <= memlock, `${got.lockedOne} of ${memlock}`);
    t.equal(got.full.kind, "unlocked");
    t.match(got.full.why, /RLIMIT_MEMLOCK/);
    t.ok(got.whole);
    t.ok(got.left <= memlock);
  }
});
