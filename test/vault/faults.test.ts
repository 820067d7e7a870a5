/**
 * A disk that fails, at every call of every verb. What an answer says must be true of what is found afterwards:
 *   done, not-recorded  the change is there, whole
 *   io, or the agent ends itself: nobody knows; it is there, whole, or not at all
 *   anything else       it is not there
 * and always: what was acknowledged before is there, sealing works, and no key stays in memory.
 */
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import { type VerbName, verbs } from "../../src/verbs.ts";
import { askMemory, find, memoryWorld } from "../crash/history.ts";
import { type Fault, MemoryIo } from "../crash/memory-io.ts";
import { leaks, work } from "../helpers/live.ts";
import { samples, secondKey, thirdKey } from "../helpers/samples.ts";
import { copyOf, forgotten, sampleDisk } from "../helpers/sample-disk.ts";
import { share, slow } from "../helpers/slow.ts";
import { bytes, codeOf, keyFile, type Opened, openDoor } from "../helpers/vault.ts";

const key = makeKeyFile();
const credential = { credential: keyFile(key) };

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

/** Ids, times and what is about this sitting only. `uses`: a reservation that nobody used is no change. */
const plain = (value: unknown): string =>
  JSON.stringify(value, (name, part: unknown) =>
    ["id", "parent", "time", "created", "updated", "author", "createdBy", "written", "accessor", "uses", "publicKey"].includes(name)
      ? undefined
      : part,
  );

/** In whole tens of seconds: what a renewal changes, and the time of a test does not. */
function lifeOf({ created, expires }: { created: string; expires: string | null }): number {
  return expires === null ? 0 : Math.round((Date.parse(expires) - Date.parse(created)) / 10_000);
}

/** Everything that a new agent finds there, or the code with which it refuses. */
async function look(io: MemoryIo): Promise<string> {
  const disk = copyOf(io);
  if (!disk.stat(`${memoryWorld.dir}/vault`)) return "no-vault";
  const { door } = openDoor(memoryWorld, disk, { work });
  const code = await codeOf(askMemory(disk, door, "agent.unseal", {}, credential));
  if (code !== "done") return code;
  const { secrets } = (await askMemory(disk, door, "kv.list", { prefix: "", deleted: true })).result;
  const found: unknown[] = [];
  for (const { path } of secrets) {
    const { secret, versions } = (await askMemory(disk, door, "kv.history", { path })).result;
    const refs = versions.filter((one) => one.state === "live").map((one) => ({ path, version: one.number }));
    const { body } = await askMemory(disk, door, "kv.export", { folder: ".", refs }, credential);
    found.push({ secret, versions, body });
  }
  const { slots } = (await askMemory(disk, door, "access.list", {})).result;
  const { projects } = (await askMemory(disk, door, "project.list", {})).result;
  const { keys } = (await askMemory(disk, door, "transit.list", {})).result;
  const { policies } = (await askMemory(disk, door, "policy.list", {})).result;
  const tokens = (await askMemory(disk, door, "token.list", {})).result.tokens.map((one) => ({ ...one, expires: lifeOf(one) }));
  const { roles } = (await askMemory(disk, door, "approle.list", {})).result;
  const secretIds = roles.length === 0 ? [] : (await askMemory(disk, door, "approle.secret-ids", { role: "ci" })).result.secretIds;
  const audit = (await askMemory(disk, door, "audit.verify", {})).result.ok;
  await door.seal("looked");
  // a change of the keys file that was not finished is finished by whoever could open it before
  const opens: boolean[] = [];
  for (const one of [secondKey, thirdKey]) opens.push((await find(copyOf(disk), [one])).code === undefined);
  return plain({ found, slots, projects, keys, policies, opens, audit, tokens, roles, secretIds });
}

type Start = { disk: MemoryIo; before: string };
type Case = { verb: VerbName; start: Start; after: string; answer: string };

/** A door as the sample wants it. */
async function ready({ disk }: Start, verb: VerbName): Promise<{ io: MemoryIo; opened: Opened }> {
  const io = copyOf(disk);
  const opened = openDoor(memoryWorld, io, { work });
  if ((samples[verb].on ?? "open") === "open") await askMemory(io, opened.door, "agent.unseal", {}, credential);
  return { io, opened };
}

/** The sample's request; what it answers, as far as that is the same every time. */
async function ask(io: MemoryIo, { door }: Opened, verb: VerbName): Promise<string> {
  const { args, body, fresh = false } = samples[verb];
  const answer = await askMemory(io, door, verb, args, { ...credential, ...(body ? { body } : {}) });
  // what the audit log says has times in it
  const timed = verb === "backup.sync" || verb.startsWith("audit.");
  return verbs[verb].audit === "read" && !timed && !fresh ? plain(answer) : "";
}

async function caseOf(verb: VerbName, start: Start): Promise<Case> {
  const { io, opened } = await ready(start, verb);
  const answer = await ask(io, opened, verb);
  await opened.door.seal("end");
  const { holds, changes } = samples[verb];
  const after = await look(io);
  // a sample that does nothing would pass every test
  if (changes === (after === start.before))
    throw new Error(`the sample of ${verb} ${changes ? "changes nothing" : "changes something"}`);
  if (holds && !holds(io)) throw new Error(`the sample of ${verb} does not do what it must`);
  return { verb, start, after, answer };
}

/** Where in a request the fault came, by the audit lines that were there: before or at its intent, then up to its outcome, then later. */
type Stage = "intent" | "effect" | "outcome" | "no intent";

function stageOf(io: MemoryIo, since: number): Stage {
  const path = `${memoryWorld.dir}/audit/000001.jsonl`;
  if (!io.stat(path)) return "no intent";
  const lines = Buffer.from(io.contentOf(path)).toString("latin1").slice(since);
  if (lines.includes('"kind":"outcome"')) return "outcome";
  return lines.includes('"kind":"intent"') ? "effect" : "intent";
}

/** What is wrong after the verb met this fault; and whether there are later calls to fail. */
async function problemOf(one: Case, at: number, fault: string): Promise<{ problem?: string; more: boolean; stage?: Stage }> {
  const { verb, start, after } = one;
  leaks(); // of looking at the disk before
  const { io, opened } = await ready(start, verb);
  const began = io.calls;
  const since = io.stat(`${memoryWorld.dir}/audit/000001.jsonl`)?.size ?? 0;
  let stage: Stage | undefined;
  const make = faults[fault]?.(began + at);
  io.fault = (call, n) => {
    const found = make?.(call, n);
    if (found) stage ??= stageOf(io, since);
    return found;
  };
  let answer = "";
  const code = await codeOf(ask(io, opened, verb).then((said) => (answer = said)));
  const more = io.calls >= began + at;
  // the agent ends itself after a fatal failure; either way everything is wiped
  await opened.door.seal("end");
  io.fault = undefined;
  const left = leaks();
  const problem = await verdict();
  const said = `${verb}, call ${at}, ${fault}: ${code}${opened.fatal.length > 0 ? " (fatal)" : ""}`;
  return { more, ...(stage ? { stage } : {}), ...(problem === undefined ? {} : { problem: `${said}: ${problem}` }) };

  async function verdict(): Promise<string | undefined> {
    if (left.length > 0) return `not wiped: ${left.join("; ")}`;
    if (!stage) return code === "done" ? undefined : "without a fault";
    if (verb === "agent.seal" && code !== "done") return "seal must always work";
    if (code === "done" && answer !== one.answer) return `answered ${answer}, not ${one.answer}`;
    if (code === "done" && samples[verb].holds?.(io) === false) return "not what it said";
    if (["internal", "protocol"].includes(code) || !/^[a-z-]+$/.test(code)) return "no error of ours";
    const found = await look(io);
    // a disk that can be read only from between two renames on: it says where the vault is
    const moved = io.list(memoryWorld.project).some((name) => name.startsWith(".zvault.before-"));
    if (code === "gone" && verb === "backup.restore" && found === "no-vault" && moved) return undefined;
    const done = code === "done" || code === "not-recorded";
    const unknown = code === "io" || opened.fatal.length > 0;
    if (found === after && (done || unknown || after === start.before)) return undefined;
    if (found === start.before && !done) return undefined;
    return `found ${found}, not ${one.after} nor ${start.before}`;
  }
}

t.test(
  "whatever call of whatever verb fails in whatever way, the answer is true and nothing is lost",
  { timeout: 7_200_000 },
  async (t) => {
    const disk = await sampleDisk(key);
    t.same(leaks(), [], "no secret is left of the first sitting");
    const unknown = copyOf(disk);
    unknown.steps.push(...forgotten(unknown));
    const nothing = new MemoryIo();
    nothing.makeFolder(memoryWorld.project);
    const starts: Record<string, Start> = {};
    for (const [name, one] of Object.entries({ open: disk, unknown: copyOf(unknown), nothing }))
      starts[name] = { disk: one, before: await look(one) };
    t.match([starts["unknown"]?.before, starts["nothing"]?.before], ["not-adopted", "no-vault"]);
    const problems: string[] = [];
    const stages: Partial<Record<Stage, number>> = {};
    let tried = 0;
    const only = process.env["ZVAULT_TEST_VERBS"]?.split(",");
    const names = (Object.keys(verbs) as VerbName[]).filter((name) => only?.includes(name) ?? true);
    const { from, to } = share(names.length);
    for (const [number, verb] of names.entries()) {
      if (number < from || number >= to) continue;
      const { on = "open" } = samples[verb];
      const start = starts[on === "sealed" ? "open" : on];
      if (!start) return t.fail(`no disk for ${verb}`);
      const one = await caseOf(verb, start);
      for (const [index, fault] of Object.keys(faults).entries()) {
        for (let at = 1, more = true; more; at++) {
          // quickly: a few calls of each verb, each with another fault
          if (!slow && (at * 5 + index * 7 + number) % 61 !== 0) {
            if (at > 60) break;
            continue;
          }
          const found = await problemOf(one, at, fault);
          more = found.more;
          if (!found.stage) continue;
          tried += 1;
          stages[found.stage] = (stages[found.stage] ?? 0) + 1;
          if (found.problem !== undefined) problems.push(found.problem);
        }
      }
    }
    for (const problem of problems) t.comment(problem);
    t.same(problems.slice(0, 8), []);
    t.comment(`${tried} faults in ${to - from} verbs (${JSON.stringify(stages)} by stage), ${problems.length} wrong`);
    t.ok(tried > 80, `${tried} faults`);
  },
);

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
  const disk = await sampleDisk(key);
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
  const disk = await sampleDisk(key);
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
  const disk = await sampleDisk(key);
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
  const disk = await sampleDisk(key);
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
