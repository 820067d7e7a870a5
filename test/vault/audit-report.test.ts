import fc from "fast-check";
import t from "tap";
import type { AuditLine } from "../../src/calls/audit.ts";
import type { Calls } from "../../src/calls.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { opens, Openings, Stats, Uses } from "../../src/vault/audit-report.ts";
import { verbs, type VerbName } from "../../src/verbs.ts";
import { ask, bytes, caller, codeOf, keyFile, makeWorld, openDoor, removeWorld } from "../helpers/vault.ts";

type Given = Partial<AuditLine> & { at?: number };

const node = { uid: 1000, pid: 1, program: "/usr/bin/node" };
const curl = { uid: 1000, pid: 2, program: "/usr/bin/curl" };

/** A line at so many seconds. */
function line({ at = 0, ...more }: Given): AuditLine {
  const time = new Date(Date.UTC(2026, 10, 25) + at * 1000).toISOString();
  return { time, kind: "access", verb: "kv.resolve", paths: ["env/shop/A"], caller: node, ...more };
}

const timeOf = (at: number): string => String(line({ at })["time"]);

function uses(path: string, lines: readonly AuditLine[]): Uses["rows"] {
  const report = new Uses(path);
  for (const one of lines) report.add(one);
  return report.rows;
}

function stats(lines: readonly AuditLine[], since?: string): Stats["result"] {
  const report = new Stats(since);
  for (const one of lines) report.add(one);
  return report.result;
}

t.test("uses: a request counts once, by program and verb, the last one first", async (t) => {
  const rows = uses("env/shop/A", [
    line({ at: 1 }),
    line({ at: 2, kind: "intent", verb: "kv.put" }),
    line({ at: 3, kind: "outcome", verb: "kv.put", outcome: "done" }),
    line({ at: 4, kind: "denied", verb: "kv.get", code: "presence-needed", caller: curl }),
    line({ at: 5, kind: "denied", verb: "kv.get", code: "presence-needed", caller: curl }),
    line({ at: 6, paths: ["env/shop/B"] }),
    line({ at: 7, paths: ["env/shop/AB"] }),
    line({ at: 8, kind: "event", verb: "agent.seal", paths: [], caller: undefined }),
    line({ at: 9 }),
    line({ at: 10, verb: "audit.uses" }),
  ]);
  t.strictSame(rows, [
    { program: "/usr/bin/node", uid: 1000, verb: "kv.resolve", requests: 2, denied: 0, first: timeOf(1), last: timeOf(9) },
    { program: "/usr/bin/curl", uid: 1000, verb: "kv.get", requests: 2, denied: 2, first: timeOf(4), last: timeOf(5) },
    { program: "/usr/bin/node", uid: 1000, verb: "kv.put", requests: 1, denied: 0, first: timeOf(2), last: timeOf(2) },
  ]);
  t.equal(uses("env/shop", [line({}), line({ paths: ["env/shop/B", "env/shop/C"] })])[0]?.requests, 2, "below it too");
  const tool = { ...node, tool: "Claude Code" };
  t.equal(uses("env/shop/A", [line({}), line({ caller: tool })]).length, 2, "an AI tool is another one");
});

t.test("stats: a program is new to a path where another one opened it before", async (t) => {
  const fresh = (lines: AuditLine[], since?: string): unknown[] =>
    stats(lines, since).fresh.map(({ program, path }) => [program, path]);
  t.strictSame(fresh([line({}), line({})]), [], "the same one again");
  t.strictSame(fresh([line({}), line({ caller: curl }), line({ caller: curl })]), [["/usr/bin/curl", "env/shop/A"]], "once");
  t.strictSame(fresh([line({ kind: "denied" }), line({ caller: curl })]), [], "a refusal opens nothing");
  t.strictSame(fresh([line({ verb: "kv.list" }), line({ caller: curl })]), [], "nor does a listing");
  t.strictSame(fresh([line({ verb: "kv.watch" }), line({ caller: curl })]), [], "nor a watch");
  t.strictSame(fresh([line({ at: 1 }), line({ at: 2, caller: curl })], timeOf(3)), [], "before the time that was asked for");
  t.strictSame(
    fresh([line({ at: 1 }), line({ at: 4, caller: curl })], timeOf(3)),
    [["/usr/bin/curl", "env/shop/A"]],
    "what was before is known",
  );
  const many = Array.from({ length: 300 }, (_, at) => line({ caller: { ...node, program: `/bin/p${at}` } }));
  t.equal(stats(many).fresh.length, 200);
});

t.test("stats: five refusals within a minute are a burst, and it goes on as long as they do", async (t) => {
  const denied = (at: number, who = node): AuditLine => line({ at, kind: "denied", caller: who });
  const bursts = (...seconds: number[]): unknown[] =>
    stats(seconds.map((at) => denied(at))).bursts.map(({ from, to, denied: count }) => [from, to, count]);
  t.strictSame(bursts(0, 1, 2, 3), []);
  t.strictSame(bursts(0, 15, 30, 45, 60), [[timeOf(0), timeOf(60), 5]]);
  t.strictSame(bursts(0, 15, 30, 45, 61), []);
  t.strictSame(bursts(0, 1, 2, 3, 4, 30, 59), [[timeOf(0), timeOf(59), 7]]);
  t.strictSame(bursts(0, 1, 2, 3, 4, 500, 501, 502, 503, 504), [
    [timeOf(0), timeOf(4), 5],
    [timeOf(500), timeOf(504), 5],
  ]);
  const mixed = [0, 1, 2, 3, 4].map((at) => denied(at, at % 2 === 0 ? node : curl));
  t.strictSame(stats(mixed).bursts, [], "each program for itself");
});

t.test("stats: every request is in one verb and one program", async () => {
  const some = fc.record({
    kind: fc.constantFrom("access", "intent", "outcome", "denied", "event"),
    verb: fc.constantFrom("kv.get", "kv.put", "kv.resolve", "agent.seal"),
    caller: fc.constantFrom(node, curl, undefined),
    paths: fc.constantFrom([], ["env/shop/A"], ["env/shop/A", "env/shop/B"]),
  });
  fc.assert(
    fc.property(fc.array(some), (all) => {
      const found = stats(all.map((one, at) => line({ at, ...one })));
      const requests = all.filter(({ kind }) => ["access", "intent", "denied"].includes(kind));
      const sum = (rows: { requests: number }[]): number => rows.reduce((total, one) => total + one.requests, 0);
      return sum(found.verbs) === requests.length && sum(found.programs) === requests.filter((one) => one.caller).length;
    }),
  );
});

t.test("what gives a value away is what shows one, and what run asks for", async (t) => {
  const all = (Object.keys(verbs) as VerbName[]).filter(opens);
  t.ok(all.includes("kv.get") && all.includes("kv.export") && all.includes("kv.resolve"));
  t.notOk(all.some((verb) => ["kv.watch", "kv.list", "kv.put", "audit.tail", "transit.decrypt"].includes(verb)));
  t.notOk(opens("kv.nothing"));
});

t.test("offboard: what was opened or given, by whom, and whose values were unsealed", async (t) => {
  const report = new Openings((_, author) => author === "mira");
  const unsealed = (author?: string): AuditLine =>
    line({ kind: "event", verb: "agent.unseal", paths: [], ...(author === undefined ? {} : { detail: { author } }) });
  const lines = [
    line({ paths: ["env/shop/BEFORE"] }),
    unsealed("mira"),
    line({ at: 1 }),
    line({ at: 2, verb: "kv.get" }),
    line({ kind: "denied", verb: "kv.get", paths: ["env/shop/DENIED"] }),
    line({ kind: "intent", verb: "kv.put", paths: ["env/shop/GAVE"] }),
    line({ at: 3, kind: "outcome", verb: "kv.put", paths: ["env/shop/GAVE"], outcome: "done" }),
    line({ kind: "outcome", verb: "kv.put", paths: ["env/shop/FAILED"], outcome: "failed" }),
    unsealed("tom"),
    line({ paths: ["env/shop/TOM"] }),
    unsealed(),
    line({ paths: ["env/shop/OLD"] }),
  ];
  for (const one of lines) report.add(one);
  t.strictSame(report.rows, [
    { path: "env/shop/A", verbs: ["kv.resolve", "kv.get"], requests: 2, last: timeOf(2) },
    { path: "env/shop/GAVE", verbs: ["kv.put"], requests: 1, last: timeOf(3) },
  ]);
});

t.test("over a door: what a program opened is to be rotated until its value is another one", async (t) => {
  const world = makeWorld();
  const key = makeKeyFile();
  const { door } = openDoor(world);
  t.teardown(async () => {
    await door.seal("end");
    removeWorld(world);
  });
  const proof = () => ({ credential: keyFile(key.slice()) });
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file", label: "ci" }, proof());
  await door.seal("again");
  await ask(door, world, "agent.unseal", {}, proof());
  const entries = ["A", "B", "C"].map((name) => ({ path: `env/shop/${name}` }));
  const asked = { project: "shop", folder: ".", bind: true, entries, layouts: [] };
  await ask(door, world, "kv.import", asked, { body: ["a", "b", "c"].map(bytes) });
  await ask(door, world, "kv.metadata", { path: "env/shop/C", class: "setting" });
  const app = { ...caller, program: "/usr/bin/app" };
  const refs = entries.map(({ path }) => ({ path }));
  await ask(door, world, "kv.resolve", { folder: ".", refs }, { caller: app });
  await new Promise((done) => setTimeout(done, 5));
  await ask(door, world, "kv.put", { path: "env/shop/B" }, { body: [bytes("b2")] });
  const states = async (args: Calls["audit.offboard"]["args"]): Promise<unknown> =>
    (await ask(door, world, "audit.offboard", args)).result.opened.map(({ path, state }) => [path.slice(-1), state]);
  const wanted = [
    ["A", "rotate"],
    ["B", "changed"],
    ["C", "setting"],
  ];
  t.strictSame(await states({ program: "app" }), wanted);
  t.strictSame(await states({ uid: caller.uid + 1 }), []);
  t.strictSame(await states({ program: "other" }), []);
  // who put the new one in knows it
  t.strictSame(await states({ person: "ci" }), wanted.with(1, ["B", "rotate"]));
  const text = 'path "env/*" { capabilities = ["read"] }';
  await ask(door, world, "policy.write", { name: "reader", text }, proof());
  const made = await ask(door, world, "token.create", { policies: ["reader"] }, proof());
  const token = made.body[0] ?? "";
  await ask(door, world, "kv.get", { path: "env/shop/A" }, { credential: { kind: "token", parts: [bytes(token)] } });
  t.strictSame(await states({ accessor: made.result.accessor }), [["A", "rotate"]]);
  t.strictSame(await states({ accessor: "0".repeat(24) }), []);
  t.equal(await codeOf(states({})), "usage");
  t.equal(await codeOf(states({ program: "app", uid: 0 })), "usage");
  const { uses: rows } = (await ask(door, world, "audit.uses", { path: "env/shop/A" })).result;
  t.strictSame(
    rows.map((one) => [one.program, one.verb]),
    [
      ["/usr/bin/test", "kv.get"],
      ["/usr/bin/app", "kv.resolve"],
      ["/usr/bin/test", "kv.import"],
    ],
  );
  t.match((await ask(door, world, "audit.stats", {})).result, { from: 1, missing: 0 });
});
