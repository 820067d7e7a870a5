/**
 * A disk that fails, at every call of every kind of change. What an answer says must be true of what is found afterwards:
 *   done, not-recorded  the change is there
 *   io                  nobody knows: it is there, whole, or not at all
 *   anything else       it is not there
 * and always: what was acknowledged before is there, sealing works, and no key stays in memory.
 */
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import { askMemory, type Content, find, memoryWorld } from "../crash/history.ts";
import { crash, type Fault, MemoryIo } from "../crash/memory-io.ts";
import { leaks, work } from "../helpers/live.ts";
import { bytes, codeOf, keyFile, type Opened, openDoor } from "../helpers/vault.ts";

const slow = process.env["ZVAULT_TEST_SLOW"] === "1";
const [key, second] = [makeKeyFile(), makeKeyFile()];
const credential = { credential: keyFile(key) };
const start: Content = { "env/shop/A": "one", "env/shop/B": "two", "env/shop/C": "three" };

/** A vault with three values on a disk; later disks are copies of it. */
async function firstDisk(): Promise<MemoryIo> {
  const io = new MemoryIo();
  io.makeFolder(memoryWorld.project);
  const { door } = openDoor(memoryWorld, io, { work });
  await askMemory(io, door, "vault.init", { dir: memoryWorld.project, slot: "key-file" }, credential);
  for (const [path, value] of Object.entries(start)) await askMemory(io, door, "kv.put", { path }, { body: [bytes(value)] });
  await door.seal("ready");
  return io;
}

/** The disk as another process finds it that comes after; nothing is lost. */
function copyOf(io: MemoryIo): MemoryIo {
  const copy = crash(io.steps, io.steps.length, { data: "all", names: "all", random: () => 0 });
  // a copy can be copied again
  copy.steps.push(...io.steps);
  copy.nextNode = Math.max(...copy.nodes.keys()) + 1;
  return copy;
}

type Act = { name: string; after: Content; keys?: Uint8Array[]; run(io: MemoryIo, opened: Opened): Promise<unknown> };

const names = ["env/shop/A", "env/shop/N1", "env/shop/N2"];
const acts: Act[] = [
  {
    name: "put",
    after: { ...start, "env/shop/A": "new" },
    run: (io, { door }) => askMemory(io, door, "kv.put", { path: "env/shop/A" }, { body: [bytes("new")] }),
  },
  {
    name: "import",
    after: { ...start, ...Object.fromEntries(names.map((name) => [name, `imported ${name}`])) },
    run: (io, { door }) => {
      const args = { project: "shop", folder: ".", bind: true, entries: names.map((path) => ({ path })), layouts: [] };
      return askMemory(io, door, "kv.import", args, { body: names.map((name) => bytes(`imported ${name}`)), ...credential });
    },
  },
  {
    name: "delete",
    after: { "env/shop/B": "two", "env/shop/C": "three" },
    run: (io, { door }) => askMemory(io, door, "kv.delete", { path: "env/shop/A" }),
  },
  {
    name: "destroy",
    after: { "env/shop/B": "two", "env/shop/C": "three" },
    run: (io, { door }) => askMemory(io, door, "kv.destroy", { path: "env/shop/A" }, credential),
  },
  {
    name: "access add",
    after: start,
    keys: [second],
    run: (io, { door }) =>
      askMemory(io, door, "access.add", { kind: "key-file", label: "second" }, { body: [second], ...credential }),
  },
  {
    name: "rekey",
    after: start,
    run: (io, { door }) => askMemory(io, door, "vault.rekey", {}, credential),
  },
  {
    name: "compact",
    after: start,
    run: (io, { door }) => askMemory(io, door, "vault.compact", {}, credential),
  },
  {
    name: "get",
    after: start,
    run: async (io, { door }) => {
      const { body } = await askMemory(io, door, "kv.get", { path: "env/shop/A" }, credential);
      if (body[0] !== "one") throw new Error("a wrong value");
    },
  },
  { name: "seal", after: start, run: (_, { door }) => door.seal("asked") },
];

const syncs = new Set(["datasync", "sync", "syncFolder"]);
/** Faults by name: what the call `n` meets when `at` is the one that is to fail. */
const faults: Record<string, (at: number) => Fault> = {
  EIO: (at) => (_, n) => (n === at ? { errno: "EIO" } : undefined),
  ENOSPC: (at) => (_, n) => (n === at ? { errno: "ENOSPC" } : undefined),
  EROFS: (at) => (_, n) => (n === at ? { errno: "EROFS" } : undefined),
  EMFILE: (at) => (call, n) => (n === at && call === "open" ? { errno: "EMFILE" } : undefined),
  "short write": (at) => (call, n) => (call === "write" && n === at ? { errno: "", short: true } : undefined),
  "short write, then full": (at) => (call, n) =>
    call === "write" && n === at ? { errno: "", short: true } : n === at + 1 ? { errno: "ENOSPC" } : undefined,
  "sync error from then on": (at) => (call, n) => (n >= at && syncs.has(call) ? { errno: "EIO" } : undefined),
  "full from then on": (at) => (call, n) => (n >= at && ["write", "makeFolder"].includes(call) ? { errno: "ENOSPC" } : undefined),
  "read-only from then on": (at) => (call, n) => (n >= at && call !== "open" && call !== "read" ? { errno: "EROFS" } : undefined),
};

const same = (one: Content | undefined, other: Content): boolean => {
  const sorted = (content: Content): string => JSON.stringify(Object.entries(content).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return one !== undefined && sorted(one) === sorted(other);
};

/** What is wrong after the act met this fault; and whether it met one at all. */
async function problemOf(disk: MemoryIo, act: Act, at: number, fault: string): Promise<{ problem?: string; met: boolean }> {
  const io = copyOf(disk);
  leaks(); // of looking at the disk before
  const opened = openDoor(memoryWorld, io, { work });
  await askMemory(io, opened.door, "agent.unseal", {}, credential);
  const began = io.calls;
  let met = false;
  const make = faults[fault]?.(began + at);
  io.fault = (call, n) => {
    const found = make?.(call, n);
    if (found) met = true;
    return found;
  };
  const code = await codeOf(act.run(io, opened));
  const reached = io.calls >= began + at;
  // the agent ends itself after a fatal failure; either way everything is wiped
  await opened.door.seal("end");
  io.fault = undefined;
  const left = leaks();
  const said = `${act.name}, call ${at}, ${fault}: ${code}${opened.fatal.length > 0 ? " (fatal)" : ""}`;
  if (left.length > 0) return { problem: `${said}: not wiped: ${left.join("; ")}`, met: reached };
  if (!met) return code === "done" ? { met: reached } : { problem: `${said} without a fault`, met: reached };
  const there = copyOf(io);
  const found = await find(there, [key]);
  if (found.code !== undefined) return { problem: `${said}: the vault is refused (${found.code})`, met: reached };
  const isAfter = same(found.content, act.after) && (await opensWith(there, act.keys ?? []));
  const isBefore = same(found.content, start) && !(act.keys && (await opensWith(there, act.keys)));
  const unchanging = same(act.after, start) && !act.keys;
  const allowed =
    code === "done" || code === "not-recorded"
      ? isAfter
      : code === "io"
        ? isAfter || isBefore
        : unchanging
          ? isBefore || isAfter
          : isBefore;
  return allowed ? { met: reached } : { problem: `${said}: found ${JSON.stringify(found.content)}`, met: reached };
}

async function opensWith(io: MemoryIo, keys: readonly Uint8Array[]): Promise<boolean> {
  for (const one of keys) if ((await find(copyOf(io), [one])).code !== undefined) return false;
  return true;
}

t.test("whatever call fails in whatever way, the answer is true and nothing is lost", { timeout: 3_600_000 }, async (t) => {
  const disk = await firstDisk();
  t.same(leaks(), [], "no secret is left of the first sitting");
  const problems: string[] = [];
  let tried = 0;
  for (const act of acts) {
    for (const [index, fault] of Object.keys(faults).entries()) {
      for (let at = 1, more = true; more; at++) {
        // quickly: each call meets two of the kinds
        if (!slow && (at + index) % 4 !== 0) {
          if (at > 400) break;
          continue;
        }
        const { problem, met } = await problemOf(disk, act, at, fault);
        more = met;
        tried += 1;
        if (problem !== undefined) problems.push(problem);
      }
    }
  }
  for (const problem of problems) t.comment(problem);
  t.same(problems.slice(0, 8), []);
  t.ok(tried > 300, `${tried} faults`);
});

/** A vault that is open on a copy of the first disk. */
async function open(disk: MemoryIo): Promise<{ io: MemoryIo; opened: Opened }> {
  const io = copyOf(disk);
  const opened = openDoor(memoryWorld, io, { work });
  await askMemory(io, opened.door, "agent.unseal", {}, credential);
  return { io, opened };
}

const auditFile = `${memoryWorld.dir}/audit/000001.jsonl`;
const lastLines = (io: MemoryIo, count: number): { kind: string; verb: string; outcome?: string }[] =>
  Buffer.from(io.contentOf(auditFile))
    .toString()
    .trimEnd()
    .split("\n")
    .slice(-count)
    .map((line) => JSON.parse(line) as { kind: string; verb: string; outcome?: string });

/** Fails the writes that are lines of the audit log, from the `from`-th on; those to other files go through. */
function fullForAudit(io: MemoryIo, from: number): void {
  let lines = 0;
  const { write } = io;
  io.write = (fd, bytesOf, position) => {
    const isLine = bytesOf[0] === 0x7b && Buffer.from(bytesOf.subarray(0, 8)).toString().startsWith('{"seq":');
    if (isLine && ++lines >= from) io.fault = () => ({ errno: "ENOSPC" });
    try {
      return write.call(io, fd, bytesOf, position);
    } finally {
      io.fault = undefined;
    }
  };
}

t.test("without an audit line there is no change and no value", async (t) => {
  const disk = await firstDisk();
  const { io, opened } = await open(disk);
  const before = io.contentOf(`${memoryWorld.dir}/vault`);
  fullForAudit(io, 1);
  t.equal(await codeOf(askMemory(io, opened.door, "kv.put", { path: "env/shop/A" }, { body: [bytes("new")] })), "audit-failed");
  t.equal(await codeOf(askMemory(io, opened.door, "kv.delete", { path: "env/shop/A" })), "audit-failed");
  t.equal(await codeOf(askMemory(io, opened.door, "kv.get", { path: "env/shop/A" }, credential)), "audit-failed");
  t.equal(await codeOf(askMemory(io, opened.door, "vault.rotate", {}, credential)), "audit-failed");
  t.equal(
    await codeOf(askMemory(io, opened.door, "kv.get", { path: "env/shop/A" })),
    "audit-failed",
    "a refusal is written down too",
  );
  t.same(io.contentOf(`${memoryWorld.dir}/vault`), before);
  t.same(opened.fatal, []);
  t.equal(await opened.door.seal("full"), 1);
});

t.test("a change whose outcome cannot be written says so, and nothing but seal is served until it can", async (t) => {
  const disk = await firstDisk();
  const { io, opened } = await open(disk);
  const { door } = opened;
  const { write } = io;
  fullForAudit(io, 2);
  t.equal(await codeOf(askMemory(io, door, "kv.put", { path: "env/shop/A" }, { body: [bytes("new")] })), "not-recorded");
  t.equal(await codeOf(askMemory(io, door, "kv.list", { prefix: "" })), "audit-failed");
  t.equal(await codeOf(askMemory(io, door, "kv.put", { path: "env/shop/B" }, { body: [bytes("never")] })), "audit-failed");
  t.same(lastLines(io, 1), [{ ...lastLines(io, 1)[0], kind: "intent", verb: "kv.put" }]);
  io.write = write;
  await askMemory(io, door, "kv.list", { prefix: "" });
  const [, outcome, access] = lastLines(io, 3);
  t.match(outcome, { kind: "outcome", verb: "kv.put", outcome: "done" });
  t.match(access, { kind: "access", verb: "kv.list" });
  t.same((await askMemory(io, door, "kv.get", { path: "env/shop/A" }, credential)).body, ["new"]);
  t.same((await askMemory(io, door, "kv.get", { path: "env/shop/B" }, credential)).body, ["two"]);
  t.same(opened.fatal, []);
  t.match((await askMemory(io, door, "audit.verify", {})).result, { ok: true });
  await door.seal("end");
});

t.test("an outcome that was owed when the vault was sealed is written by the next unseal", async (t) => {
  const disk = await firstDisk();
  const { io, opened } = await open(disk);
  const { write } = io;
  fullForAudit(io, 2);
  t.equal(await codeOf(askMemory(io, opened.door, "kv.put", { path: "env/shop/A" }, { body: [bytes("new")] })), "not-recorded");
  await opened.door.seal("full");
  io.write = write;
  const next = openDoor(memoryWorld, io, { work });
  await askMemory(io, next.door, "agent.unseal", {}, credential);
  t.match(lastLines(io, 2)[0], { kind: "outcome", verb: "kv.put", outcome: "done" });
  t.match((await askMemory(io, next.door, "audit.verify", {})).result, { ok: true });
  await next.door.seal("end");
});

t.test("when a full disk has room again the vault works on", async (t) => {
  const disk = await firstDisk();
  const { io, opened } = await open(disk);
  const { door } = opened;
  const writes = new Set(["write", "makeFolder"]);
  for (let at = 1; at < 12; at++) {
    const began = io.calls;
    io.fault = (call, n) => (n >= began + at && writes.has(call) ? { errno: "ENOSPC" } : undefined);
    const code = await codeOf(askMemory(io, door, "kv.put", { path: "env/shop/A" }, { body: [bytes(`value ${at}`)] }));
    io.fault = undefined;
    t.ok(["audit-failed", "disk-full", "not-recorded", "done"].includes(code), `full from call ${at} on: ${code}`);
    await askMemory(io, door, "kv.put", { path: "env/shop/B" }, { body: [bytes(`after ${at}`)] });
    t.same((await askMemory(io, door, "kv.get", { path: "env/shop/B" }, credential)).body, [`after ${at}`]);
  }
  t.match((await askMemory(io, door, "vault.verify", {})).result, { ok: true });
  t.same(opened.fatal, []);
  await door.seal("end");
  const found = await find(copyOf(io), [key]);
  t.equal(found.content?.["env/shop/B"], "after 11");
});
