import * as fs from "node:fs";
import t from "tap";
import type { AuditFilter, AuditLine } from "../../src/calls/audit.ts";
import type { Calls } from "../../src/calls.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Caller } from "../../src/protocol.ts";
import { fits } from "../../src/vault/audit-filter.ts";
import { withVault } from "../helpers/content.ts";
import { ask, bytes, caller, codeOf, keyFile, makeWorld, openDoor, removeWorld, type World } from "../helpers/vault.ts";

const line: AuditLine = {
  seq: 7,
  time: "2026-11-25T14:03:00.000Z",
  kind: "outcome",
  request: "00112233aabbccdd",
  verb: "kv.put",
  paths: ["env/shop/A", "app/db"],
  outcome: "done",
  caller: { uid: 1000, pid: 7, program: "/usr/bin/node" },
};
const denied: AuditLine = { ...line, kind: "denied", outcome: undefined, code: "ai-tool" };

/** filter, line, whether it fits */
const rows: [AuditFilter, AuditLine, boolean][] = [
  [{}, line, true],
  [{ verb: "kv.put" }, line, true],
  [{ verb: "kv" }, line, true],
  [{ verb: "k" }, line, false],
  [{ verb: "kv.pu" }, line, false],
  [{ verb: "kv.put.x" }, line, false],
  [{ under: "env/shop" }, line, true],
  [{ under: "env/shop/A" }, line, true],
  [{ under: "app" }, line, true],
  [{ under: "env/sho" }, line, false],
  [{ under: "env/shop/A/B" }, line, false],
  [{ under: "" }, line, true],
  [{ under: "env" }, { ...line, paths: [] }, false],
  [{ under: "env" }, { ...line, paths: "env/shop/A" }, false],
  [{ program: "node" }, line, true],
  [{ program: "/usr/bin/node" }, line, true],
  [{ program: "nod" }, line, false],
  [{ program: "bin/node" }, line, false],
  [{ program: "" }, { ...line, caller: { uid: 1, pid: 1, program: "" } }, false],
  [{ program: "node" }, { ...line, caller: undefined }, false],
  [{ program: "node" }, { ...line, caller: "node" }, false],
  [{ outcome: "done" }, line, true],
  [{ outcome: "failed" }, line, false],
  [{ outcome: "denied" }, line, false],
  [{ outcome: "denied" }, denied, true],
  [{ outcome: "done" }, denied, false],
  [{ since: "2026-11-25T14:03:00Z" }, line, true],
  [{ since: "2026-11-25T14:03:00.001Z" }, line, false],
  [{ since: "2026-11-25T14:03:00Z" }, { ...line, time: "yesterday" }, false],
  [{ request: "00112233aabbccdd" }, line, true],
  [{ request: "00112233" }, line, false],
  [{ verb: "kv", program: "node", outcome: "done" }, line, true],
  [{ verb: "kv", program: "python3", outcome: "done" }, line, false],
];

t.test("a line fits what it has all of", async (t) => {
  for (const [filter, one, wanted] of rows) t.equal(fits(one, filter), wanted, JSON.stringify([filter, one["kind"]]));
});

type Tail = Calls["audit.tail"];
type Ends = { teardown(act: () => void | Promise<void>): void };

/** A vault whose audit log has three segments, the last one open. */
async function threeSegments(t: Ends) {
  const world = makeWorld();
  const key = makeKeyFile();
  const first = openDoor(world);
  await ask(first.door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  await first.door.seal("test");
  for (let segment = 1; segment < 3; segment++) {
    await withVault(world, key, async (vault) => {
      for (let at = 0; at < 5; at++) vault.event("test.line", { segment, at });
      await vault.nextSegment();
    });
  }
  const opened = openDoor(world);
  t.teardown(async () => {
    await opened.door.seal("end");
    removeWorld(world);
  });
  await ask(opened.door, world, "agent.unseal", {}, { credential: keyFile(key) });
  const tail = async (args: Tail["args"], who: Caller = caller): Promise<Tail["result"]> =>
    (await ask(opened.door, world, "audit.tail", args, { caller: who })).result;
  return { world, key, ...opened, tail };
}

const seqs = (found: { lines: AuditLine[] }): number[] => found.lines.map((one) => one["seq"] as number);
const segmentFile = (world: World, segment: number): string => `${world.dir}/audit/00000${segment}.jsonl`;

t.test("what fits is found in closed segments too, and those that were moved away are told", async (t) => {
  const { world, tail } = await threeSegments(t);
  const all = await tail({ verb: "test", lines: 100 });
  t.equal(all.lines.length, 10);
  t.match(all, { from: 1, missing: 0 });
  t.strictSame(
    seqs(all),
    seqs(all).toSorted((a, b) => a - b),
    "in order",
  );
  t.strictSame(seqs(await tail({ verb: "test", lines: 7 })), seqs(all).slice(-7), "the last ones");
  const everything = await tail({ lines: 1000 });
  t.strictSame(
    seqs(everything),
    Array.from({ length: everything.last }, (_, at) => at + 1),
    "none left out, none twice",
  );
  fs.renameSync(segmentFile(world, 2), `${world.base}/moved`);
  const gap = await tail({ verb: "test", lines: 100 });
  t.match(gap, { from: 1, missing: 1 });
  t.equal(gap.lines.length, 5);
  fs.renameSync(segmentFile(world, 1), `${world.base}/moved-too`);
  const rest = await tail({ verb: "test", lines: 100 });
  t.match(rest, { lines: [], missing: 0 });
  t.ok(rest.from > 10, "the first record that is there");
});

t.test("going on from a record gives every line once, whatever the size of the step", async (t) => {
  const { tail } = await threeSegments(t);
  const { last } = await tail({ lines: 1 });
  for (const step of [1, 3, 1000]) {
    const found: number[] = [];
    for (let after = 0; after < last;) {
      const part = await tail({ after, lines: step });
      found.push(...seqs(part).filter((one) => one <= last));
      t.ok(part.last > after);
      after = part.last;
    }
    t.strictSame(
      found,
      Array.from({ length: last }, (_, at) => at + 1),
    );
  }
});

t.test("who waits is told of what fits, and of the seal; two who wait do not wake each other", async (t) => {
  const { world, door, tail } = await threeSegments(t);
  const { last } = await tail({ lines: 1 });
  const count = (): number => fs.readFileSync(segmentFile(world, 3), "latin1").split("\n").length;
  const waiting = [0, 1].map(() => tail({ after: last, wait: true, verb: "kv.put", outcome: "done" }));
  const open = codeOf(tail({ after: last + 2, wait: true, verb: "kv.delete" }));
  await ask(door, world, "kv.list", { prefix: "" });
  await ask(door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("x")] });
  for (const found of await Promise.all(waiting)) t.match(found.lines, [{ verb: "kv.put", outcome: "done" }]);
  const before = count();
  const all = [0, 1].map(() => tail({ after: last, wait: true }));
  for (const found of await Promise.all(all)) {
    t.ok(found.lines.length > 0);
    t.notOk(
      found.lines.some((one) => (one["detail"] as { follow?: true } | undefined)?.follow),
      "not of waiting itself",
    );
  }
  t.equal(count(), before + 2, "one line each");
  await door.seal("asked");
  t.equal(await open, "sealed");
});

t.test("following does not keep the vault open: nobody uses it", async (t) => {
  const { world, door, key, now, tail } = await threeSegments(t);
  await ask(door, world, "agent.unseal", { idle: 600 }, { credential: keyFile(key) });
  const { last } = await tail({ lines: 1 });
  now.ms += 500_000;
  const waiting = codeOf(tail({ after: last + 1, wait: true, verb: "kv.delete" }));
  await tail({ after: 0, wait: true });
  now.ms += 101_000;
  await door.tick();
  t.equal(await waiting, "sealed");
});
