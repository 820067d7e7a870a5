import { readFileSync } from "node:fs";
import t from "tap";
import { readLimit } from "../../src/sys/limit.ts";
import { mapRegion, memoryFacts } from "../../src/sys/memory.ts";
import { vmLck } from "../../src/sys/process.ts";
import { asRoot, cannotDrop, plainUser, run } from "./child.ts";

t.test("a region is whole pages, zeroes, writable, and lies outside the V8 heap", async (t) => {
  for (const prefer of ["memfd_secret", "mlock", "plain"] as const) {
    const region = mapRegion(5000, prefer);
    t.ok(region.bytes.length >= 5000 && region.bytes.length % 4096 === 0);
    t.ok(region.bytes.every((one) => one === 0));
    region.bytes.fill(7);
    t.ok(region.bytes.every((one) => one === 7));
    t.equal(Object.getPrototypeOf(region.bytes), Uint8Array.prototype);
    if (region.kind === prefer) t.equal(region.why, "");
    region.free();
  }
});

t.test("after free every view is empty, and a second free does nothing", async (t) => {
  const region = mapRegion(10_000);
  const part = region.bytes.subarray(100, 200);
  region.bytes.fill(1);
  region.free();
  region.free();
  t.equal(region.bytes.length, 0);
  t.equal(part.length, 0);
  t.equal(part[0], undefined, "no dangling read");
});

t.test("lengths that are none are refused", async (t) => {
  for (const length of [0, -1, 1.5, NaN, Infinity]) t.throws(() => mapRegion(length), RangeError, String(length));
});

t.test("a locked region is counted by the kernel and given back", async (t) => {
  const before = vmLck();
  const region = mapRegion(65_536);
  if (region.kind !== "unlocked") t.equal(vmLck(), before + 65_536);
  region.free();
  t.equal(vmLck(), before);
});

t.test("a thousand regions come and go without a page left", async (t) => {
  const before = vmLck();
  const maps = () => readFileSync("/proc/self/maps", "latin1").split("\n").length;
  mapRegion(1).free();
  const mapped = maps();
  for (let round = 0; round < 1000; round += 1) mapRegion(4096).free();
  t.equal(vmLck(), before);
  t.ok(maps() < mapped + 50, "mappings do not pile up");
});

t.test("the kernel was told: not in core dumps, not in forked children", async (t) => {
  for (const prefer of ["memfd_secret", "mlock", "plain"] as const) {
    const before = starts();
    const region = mapRegion(3 * 4096, prefer);
    const entry = smaps().find((one) => !before.has(one.start) && one.size === 12 && one.mode.startsWith("rw"));
    t.ok(entry?.flags.includes("dd"), `${prefer}: no dump`);
    if (region.kind === "memfd_secret") t.ok(entry?.flags.includes("dc"), "not copied on fork");
    else t.ok(entry?.flags.includes("wf"), `${prefer}: wiped on fork`);
    if (region.kind !== "unlocked") t.ok(entry?.flags.includes("lo"), `${prefer}: locked`);
    region.free();
  }
});

t.test("inaccessible pages lie right before and behind", async (t) => {
  for (const prefer of ["memfd_secret", "mlock", "plain"] as const) {
    const before = starts();
    const region = mapRegion(3 * 4096, prefer);
    const all = smaps();
    const at = all.findIndex((one) => !before.has(one.start) && one.size === 12 && one.mode.startsWith("rw"));
    const [left, own, right] = all.slice(at - 1, at + 2);
    t.match(left?.mode, /^---/, prefer);
    t.match(right?.mode, /^---/, prefer);
    t.equal(left?.end, own?.start);
    t.equal(own?.end, right?.start);
    region.free();
  }
});

t.test("a step beyond the region kills the process instead of reading on", async (t) => {
  const died = (offset: string): unknown => {
    try {
      return run(`
        const { libc } = await sys("libc.ts");
        const { mapRegion } = await sys("memory.ts");
        const ffi = process.getBuiltinModule("node:ffi");
        const region = mapRegion(4096);
        const at = ffi.getRawPointer(region.bytes);
        say("read " + ffi.getUint8(at + ${offset}, 0));`);
    } catch (failure) {
      return (failure as Error).message;
    }
  };
  t.match(died("4095n"), /^read 0/);
  t.match(died("4096n"), /SIGSEGV/);
  t.match(died("-1n"), /SIGSEGV/);
});

const report = `
  const { mapRegion, memoryFacts } = await sys("memory.ts");
  const region = mapRegion(65536 * 4);
  region.bytes.fill(3);
  say(JSON.stringify({ kind: region.kind, why: region.why, sum: region.bytes.reduce((a, b) => a + b), facts: memoryFacts() }));`;

type Report = { kind: string; why: string; sum: number; facts: ReturnType<typeof memoryFacts> };

t.test(
  "with no or too little lockable memory a region still works, and says why it is not locked",
  { skip: cannotDrop },
  async (t) => {
    for (const memlock of [0, 65_536]) {
      const got = JSON.parse(run(report, { ...plainUser, memlock })) as Report;
      t.equal(got.kind, "unlocked", `${memlock}`);
      t.match(got.why, new RegExp(`mlock: E[A-Z]+, at most ${memlock} bytes may be locked \\(RLIMIT_MEMLOCK\\)`));
      t.equal(got.sum, 65_536 * 4 * 3);
      t.match(got.facts, { kind: "unlocked", limit: memlock, locked: 0, why: got.why });
    }
  },
);

const tooLow = !asRoot && readLimit(8).hard < 1 << 20 ? "the hard limit is below 1 MiB here" : false;

t.test("within the limit an unprivileged process locks", { skip: cannotDrop || tooLow }, async (t) => {
  const got = JSON.parse(run(report, { ...plainUser, memlock: 1 << 20 })) as Report;
  t.not(got.kind, "unlocked");
  t.equal(got.facts.locked, 65_536 * 4);
});

t.test("the facts name the worst kind in use, and what a page would be when none is", async (t) => {
  const idle = memoryFacts();
  const plain = mapRegion(1, "plain");
  t.equal(memoryFacts().kind, "unlocked");
  plain.free();
  t.equal(memoryFacts().kind, idle.kind);
});

type Entry = { start: string; end: string; mode: string; size: number; flags: string[] };

/** Size in KiB, flags as in proc(5). */
function smaps(): Entry[] {
  const entries: Entry[] = [];
  for (const line of readFileSync("/proc/self/smaps", "latin1").split("\n")) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line);
    if (head) entries.push({ start: head[1] ?? "", end: head[2] ?? "", mode: head[3] ?? "", size: 0, flags: [] });
    const last = entries.at(-1);
    if (last && line.startsWith("Size:")) last.size = Number(/\d+/.exec(line)?.[0]);
    if (last && line.startsWith("VmFlags:")) last.flags = line.split(" ").slice(1).filter(Boolean);
  }
  return entries;
}

/** Writable mappings, so that a new one is told from an old of the same size. */
function starts(): Set<string> {
  return new Set(
    smaps()
      .filter((one) => one.mode.startsWith("rw"))
      .map((one) => one.start),
  );
}
