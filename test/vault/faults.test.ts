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
      return askMemory(io, door, "kv.import", args, { body: names.map((name) => bytes(`imported ${name}`)) });
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
