/** Polls that are repeated: the first is on disk before its answer, the others become one line, and none is lost but by a crash. */
import * as fs from "node:fs";
import fc from "fast-check";
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Caller } from "../../src/protocol.ts";
import { lineOf, Polls } from "../../src/vault/audit-polls.ts";
import type { AuditEntry } from "../../src/vault/audit-line.ts";
import type { Receipt } from "../../src/vault/audit.ts";
import { diskIo, type Io } from "../../src/vault/io.ts";
import { ask, bytes, caller, keyFile, makeWorld, openDoor, removeWorld } from "../helpers/vault.ts";

type Line = {
  seq: number;
  kind: string;
  verb: string;
  paths: string[];
  detail?: { polls?: number; since?: string };
  caller?: { pid: number };
};

async function project(t: { teardown(act: () => void | Promise<void>): void }, io: Io = diskIo) {
  const world = makeWorld();
  const clock = { ms: Date.UTC(2026, 10, 25) };
  const { door, now, fatal } = openDoor(world, io, { clock: () => new Date(clock.ms) });
  t.teardown(async () => {
    await door.seal("end");
    removeWorld(world);
  });
  const key = makeKeyFile();
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key.slice()) });
  const entries = ["A", "B"].map((name) => ({ path: `env/shop/${name}` }));
  const asked = { project: "shop", folder: ".", bind: true, entries, layouts: [] };
  await ask(door, world, "kv.import", asked, { body: ["a", "b"].map(bytes) });
  const poll = (name = "A", who: Caller = caller) =>
    ask(door, world, "kv.watch", { folder: ".", refs: [{ path: `env/shop/${name}` }] }, { caller: who });
  const text = (): string => fs.readFileSync(`${world.dir}/audit/000001.jsonl`, "latin1");
  const lines = (): Line[] =>
    text()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Line)
      .filter((line) => line.verb === "kv.watch");
  /** As the agent's timer does. */
  const pass = async (ms: number): Promise<void> => {
    clock.ms += ms;
    now.ms += ms;
    await door.tick();
  };
  return { world, door, poll, lines, pass, clock, fatal, key };
}

const counts = (lines: readonly Line[]): (number | undefined)[] => lines.map((line) => line.detail?.polls);

t.test("the first poll is a line, those that follow within a minute are one at its end", async (t) => {
  const { poll, lines, pass, fatal, door, world } = await project(t);
  await poll();
  t.strictSame(counts(lines()), [undefined]);
  for (let at = 0; at < 4; at++) {
    await pass(11_000);
    await poll();
  }
  t.strictSame(counts(lines()), [undefined], "counted");
  await pass(17_000);
  t.match(lines(), [{}, { kind: "access", paths: ["env/shop/A"], detail: { polls: 4, since: "2026-11-25T00:00:00.000Z" } }]);
  await poll();
  t.strictSame(counts(lines()), [undefined, 4, undefined], "another minute, another line");
  await pass(61_000);
  t.strictSame(counts(lines()), [undefined, 4, undefined], "asked once is a line already");
  t.strictSame(fatal, []);
  t.match((await ask(door, world, "audit.verify", {})).result, { ok: true });
  const { uses } = (await ask(door, world, "audit.uses", { path: "env/shop/A" })).result;
  t.match(
    uses.find((one) => one.verb === "kv.watch"),
    { requests: 6 },
  );
});

t.test("what was counted is a line before the next other one of that caller, and at the seal", async (t) => {
  const { poll, lines, door, world } = await project(t);
  const other = { ...caller, pid: caller.pid + 1 };
  for (let at = 0; at < 3; at++) {
    await poll();
    await poll("A", other);
  }
  t.strictSame(counts(lines()), [undefined, undefined], "each caller has a first line");
  await ask(door, world, "kv.list", { prefix: "" });
  t.match(lines().slice(2), [{ detail: { polls: 2 }, caller: { pid: caller.pid } }], "not the other's");
  await poll("B", other);
  t.strictSame(counts(lines()).slice(3), [2, undefined], "another question is another line");
  await poll("B", other);
  t.strictSame(counts(lines()).length, 5);
  await door.seal("test");
  t.strictSame(counts(lines()).slice(5), [1]);
});

t.test("a clock that is set back begins another minute", async (t) => {
  const { poll, lines, clock } = await project(t);
  await poll();
  await poll();
  clock.ms -= 1;
  await poll();
  t.strictSame(counts(lines()), [undefined, 1, undefined]);
});

t.test("no poll is answered before the first one's line is on disk", async (t) => {
  let held: (() => void)[] | undefined;
  const io: Io = {
    ...diskIo,
    async datasync(fd) {
      if (held) await new Promise<void>((go) => held?.push(go));
      await diskIo.datasync(fd);
    },
  };
  const { poll } = await project(t, io);
  held = [];
  let answered = 0;
  const all = [0, 1, 2].map(() => poll().then(() => (answered += 1)));
  for (let turn = 0; turn < 50 && held.length === 0; turn++) await new Promise((done) => setTimeout(done, 2));
  t.ok(held.length > 0);
  t.equal(answered, 0);
  const waiting = held;
  held = undefined;
  for (const go of waiting) go();
  await Promise.all(all);
  t.equal(answered, 3);
});

t.test("a first line that cannot be written refuses the poll, and the next one tries again", async (t) => {
  let broken = false;
  const io: Io = {
    ...diskIo,
    write(fd, from, position) {
      if (broken) throw Object.assign(new Error("full"), { code: "ENOSPC" });
      return diskIo.write(fd, from, position);
    },
  };
  const { poll, lines } = await project(t, io);
  broken = true;
  await t.rejects(poll(), { code: "audit-failed" });
  await t.rejects(poll(), { code: "audit-failed" });
  broken = false;
  await poll();
  t.strictSame(counts(lines()), [undefined]);
});

t.test("what differs in more than its time is another poll", async (t) => {
  const entry: AuditEntry = { kind: "access", request: "r", verb: "kv.watch", paths: ["A"], caller, policy: "local" };
  const others: Partial<AuditEntry>[] = [
    { paths: ["B"] },
    { policy: "other" },
    { token: "0123456789abcdef01234567" },
    { presence: "key-file" },
    { detail: { a: 1 } },
    { caller: { ...caller, startTime: "2" } },
    { caller: { ...caller, uid: caller.uid + 1 } },
    { caller: { ...caller, verdict: "sign", tool: "x" } },
  ];
  const polls = new Polls();
  const receipt = Promise.resolve({} as Receipt);
  polls.begin(entry, new Date(0), receipt);
  t.equal(polls.again({ ...entry, request: "another" }, new Date(1)), receipt);
  for (const one of others) t.equal(polls.again({ ...entry, ...one }, new Date(1)), undefined, JSON.stringify(one));
});

t.test("however they come, every poll is in a line or counted in one", async () => {
  const entries = ["A", "B"].flatMap((path) =>
    [1, 2].map((pid): AuditEntry => ({
      kind: "access",
      request: "r",
      verb: "kv.watch",
      paths: [path],
      caller: { ...caller, pid },
    })),
  );
  const step = fc.record({ entry: fc.constantFrom(...entries), wait: fc.constantFrom(0, 1, 30_000, 60_000, -5) });
  await fc.assert(
    fc.asyncProperty(fc.array(step), async (steps) => {
      const polls = new Polls();
      const receipt = Promise.resolve({} as Receipt);
      let [now, written] = [1e12, 0];
      const end = (some: ReturnType<Polls["over"]>): void => {
        for (const poll of some) {
          written += lineOf(poll) ? poll.count : 0;
          polls.end(poll);
        }
      };
      for (const { entry, wait } of steps) {
        now += wait;
        if (polls.again(entry, new Date(now))) continue;
        // as the audit log does: what is due before this line, then the line
        end(polls.before(entry));
        written += 1;
        polls.begin(entry, new Date(now), receipt);
      }
      end(polls.over("all"));
      return written === steps.length;
    }),
  );
});
