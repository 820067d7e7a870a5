import * as fs from "node:fs";
import t from "tap";
import { Secret } from "../../src/crypto/secret.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { diskIo, type Io } from "../../src/vault/io.ts";
import { withVault } from "../helpers/content.ts";
import { ask, bytes, codeOf, keyFile, makeWorld, openDoor, removeWorld } from "../helpers/vault.ts";

type Line = { seq: number; kind: string; verb: string; request: string; outcome?: string };

const linesOf = (file: string): string[] => fs.readFileSync(file, "latin1").trimEnd().split("\n");

/** Line → lines. The fourth one is an intent in the middle. */
const changes: Record<string, { change(lines: string[]): string[]; says: RegExp }> = {
  "a changed byte": { change: (lines) => lines.with(3, (lines[3] ?? "").replace("kv.put", "kv.get")), says: /line 4 was changed/ },
  "a changed HMAC": {
    change: (lines) =>
      lines.with(
        3,
        (lines[3] ?? "").replace(/(.)"\}$/, (_, digit: string) => `${digit === "0" ? "1" : "0"}"}`),
      ),
    says: /line 4 was changed/,
  },
  "a line cut out": { change: (lines) => lines.toSpliced(3, 1), says: /line 4 does not follow/ },
  "a line put in twice": { change: (lines) => lines.toSpliced(3, 0, lines[3] ?? ""), says: /line 5 does not follow/ },
  "two lines exchanged": {
    change: (lines) => lines.with(3, lines[4] ?? "").with(4, lines[3] ?? ""),
    says: /line 4 does not follow/,
  },
  "a line of something else": { change: (lines) => lines.with(3, "{}"), says: /line 4 is no audit line/ },
  "the last line cut off": { change: (lines) => lines.slice(0, -1), says: /should end at record/ },
};

for (const [name, { change, says }] of Object.entries(changes)) {
  t.test(`${name} is found, and the first broken line is named`, async (t) => {
    const world = makeWorld();
    t.teardown(() => removeWorld(world));
    const key = makeKeyFile();
    const { door } = openDoor(world);
    await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
    for (let at = 0; at < 5; at++) await ask(door, world, "kv.put", { path: `env/shop/N${at}` }, { body: [bytes("x")] });
    const file = `${world.dir}/audit/000001.jsonl`;
    t.match((await ask(door, world, "audit.verify", {})).result, { ok: true, from: 1 });
    fs.writeFileSync(file, `${change(linesOf(file)).join("\n")}\n`);
    const { result } = await ask(door, world, "audit.verify", {});
    t.equal(result.ok, false);
    t.match(result.problem, says);
    await door.seal("test");
  });
}

t.test("cut behind a sealed vault: refused, and accepted only as a rollback, which is recorded", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const first = openDoor(world);
  await ask(first.door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  for (let at = 0; at < 5; at++) await ask(first.door, world, "kv.put", { path: `env/shop/N${at}` }, { body: [bytes("x")] });
  await first.door.seal("test");
  const file = `${world.dir}/audit/000001.jsonl`;
  fs.writeFileSync(file, `${linesOf(file).slice(0, 5).join("\n")}\n`);
  const { door } = openDoor(world);
  t.equal(await codeOf(ask(door, world, "agent.unseal", {}, { credential: keyFile(key) })), "damaged");
  const opened = await ask(door, world, "agent.unseal", { acceptRollback: true }, { credential: keyFile(key) });
  t.ok(opened.result.notices.length > 0);
  t.equal((await ask(door, world, "kv.list", { prefix: "" })).result.secrets.length, 5);
  t.equal(await codeOf(ask(door, world, "kv.put", { path: "env/shop/N9" }, { body: [bytes("y")] })), "done");
  t.match((await ask(door, world, "audit.verify", {})).result, { ok: true, segments: 1 });
  await door.seal("test");
  t.equal(fs.readFileSync(`${file}.damaged`, "utf8").split("\n").length, 6, "what was found is kept");
  const again = openDoor(world);
  await ask(again.door, world, "agent.unseal", {}, { credential: keyFile(key) });
  t.match((await ask(again.door, world, "audit.verify", {})).result, { ok: true, segments: 1 });
  t.equal((await ask(again.door, world, "kv.list", { prefix: "" })).result.secrets.length, 6);
  await again.door.seal("test");
});

t.test("a change whose outcome a crash took gets one at the next unseal, found by its id", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const first = openDoor(world);
  await ask(first.door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  await ask(first.door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("x")] });
  const file = `${world.dir}/audit/000001.jsonl`;
  const before = fs.readFileSync(file);
  const heads = fs.readdirSync(`${world.places.state}/heads`).map((name) => `${world.places.state}/heads/${name}`);
  const head = fs.readFileSync(heads[0] ?? "");
  await first.door.seal("test");
  // as after a crash: the log has the change, the audit log its intent, the outcome was not on disk yet
  const lines = before.toString("latin1").trimEnd().split("\n");
  const last = JSON.parse(lines.at(-1) ?? "{}") as Line;
  t.match(last, { kind: "outcome", verb: "kv.put" });
  fs.writeFileSync(file, `${lines.slice(0, -1).join("\n")}\n`);
  fs.writeFileSync(heads[0] ?? "", head);
  const { door } = openDoor(world);
  await ask(door, world, "agent.unseal", {}, { credential: keyFile(key) });
  const found = linesOf(file).map((line) => JSON.parse(line) as Line);
  const outcomes = found.filter((line) => line.kind === "outcome" && line.request === last.request);
  t.match(outcomes, [{ outcome: "done" }]);
  t.match((await ask(door, world, "audit.verify", {})).result, { ok: true });
  await door.seal("test");
});

t.test("an intent in a segment that was closed meanwhile gets its outcome too, once", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const first = openDoor(world);
  await ask(first.door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  await first.door.seal("test");
  await withVault(world, key, async (vault) => {
    const intent = { kind: "intent", verb: "kv.put", paths: ["env/shop/A"] } as const;
    await vault.audit.record({ ...intent, request: "lost" });
    const receipt = await vault.audit.record({ ...intent, request: "kept" });
    const value = Secret.take(bytes("x"));
    const fields = { value: 1 };
    vault.append(receipt, [{ op: "put", path: "env/shop/A", id: "a".repeat(32), parent: null, fields }], [value]);
    value.wipe();
    await vault.nextSegment();
  });
  const outcomes = (): Line[] =>
    linesOf(`${world.dir}/audit/000002.jsonl`)
      .map((line) => JSON.parse(line) as Line)
      .filter((line) => line.kind === "outcome" && line.verb === "kv.put");
  for (let round = 0; round < 2; round++) {
    const { door } = openDoor(world);
    await ask(door, world, "agent.unseal", {}, { credential: keyFile(key) });
    t.match(outcomes(), [
      { request: "lost", outcome: "interrupted" },
      { request: "kept", outcome: "done" },
    ]);
    t.equal(outcomes().length, 2);
    t.match((await ask(door, world, "audit.verify", {})).result, { ok: true, segments: 2 });
    await door.seal("test");
  }
  // lines that are not ours are no intents
  const closed = `${world.dir}/audit/000001.jsonl`;
  const lines = linesOf(closed);
  const at = lines.findIndex((line) => line.includes('"intent"'));
  const forged = (lines[at] ?? "").replace(/"request":"[^"]+"/, '"request":"forged"');
  fs.writeFileSync(closed, `${lines.toSpliced(at, 0, forged).join("\n")}\n`);
  const { door } = openDoor(world);
  await ask(door, world, "agent.unseal", {}, { credential: keyFile(key) });
  t.equal(outcomes().length, 2);
  t.match((await ask(door, world, "audit.verify", {})).result, { ok: false });
  await door.seal("test");
});

t.test("reads alone fill a segment: it is closed all the same", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door, fatal, now } = openDoor(world);
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  await Promise.all(Array.from({ length: 1000 }, () => ask(door, world, "kv.list", { prefix: "" })));
  t.same(fs.readdirSync(`${world.dir}/audit`), ["000001.jsonl"]);
  now.ms += 11_000;
  await door.tick();
  t.same(fs.readdirSync(`${world.dir}/audit`), ["000001.jsonl", "000002.jsonl"]);
  t.match((await ask(door, world, "audit.verify", {})).result, { ok: true, segments: 2 });
  t.same(fatal, []);
  await door.seal("test");
});

t.test("values that a person gives to an AI tool are on record as such", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const { door } = openDoor(world);
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(makeKeyFile()) });
  const asked = { project: "shop", folder: ".", bind: true, entries: [{ path: "env/shop/A" }], layouts: [] };
  await ask(door, world, "kv.import", asked, { body: [bytes("one")] });
  await ask(door, world, "kv.resolve", { folder: ".", refs: [{ path: "env/shop/A" }], starts: "claude" });
  await ask(door, world, "kv.resolve", { folder: ".", refs: [{ path: "env/shop/A" }] });
  const { lines } = (await ask(door, world, "audit.tail", { lines: 100 })).result;
  const details = lines.filter((line) => line["verb"] === "kv.resolve").map((line) => line["detail"]);
  t.strictSame(details, [{ starts: "claude" }, undefined]);
  await door.seal("test");
});

t.test("failed unseals are folded in, marked as unauthenticated", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door } = openDoor(world);
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  await door.seal("test");
  for (let at = 0; at < 3; at++) await codeOf(ask(door, world, "agent.unseal", {}, { credential: keyFile(makeKeyFile()) }));
  t.ok(fs.existsSync(`${world.dir}/unseal.log`));
  await ask(door, world, "agent.unseal", {}, { credential: keyFile(key) });
  const { result } = await ask(door, world, "audit.tail", { lines: 100 });
  const marked = result.lines.filter((line) => (line["detail"] as { unauthenticated?: boolean } | undefined)?.unauthenticated);
  t.equal(marked.length, 3);
  t.notOk(fs.existsSync(`${world.dir}/unseal.log`));
  await door.seal("test");
});

t.test("the end of the log is shown only as far as we wrote it", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door } = openDoor(world);
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  const file = `${world.dir}/audit/000001.jsonl`;
  const whole = fs.readFileSync(file, "latin1");
  const added = [
    "no JSON",
    "{}",
    whole.trimEnd().replace("vault", "vaulx"),
    `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)},"prev":"${"0".repeat(64)}","hmac":"${"0".repeat(64)}"}`,
  ];
  for (const line of added) {
    fs.writeFileSync(file, `${whole}${line}\n`);
    // the line of this very request cannot be written behind a foreign one
    t.equal(await codeOf(ask(door, world, "audit.tail", {})), "audit-failed");
  }
  const changed = whole.replace('"kind":"event"', '"kind":"evenT"');
  t.not(changed, whole);
  fs.writeFileSync(file, changed);
  t.equal(await codeOf(ask(door, world, "audit.tail", {})), "damaged");
  await door.seal("test");
});

t.test("whatever stands in unseal.log, the owner gets in", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door } = openDoor(world);
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  await door.seal("test");
  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  const contents = {
    "too much": "x".repeat(300_000),
    "no JSON": "hello\n",
    "nested deeply": `{"time":"t","code":${deep},"kind":"k","uid":0,"pid":0,"program":"p","prev":""}\n`,
    "cut short": '{"time":"2026',
  };
  for (const [name, content] of Object.entries(contents)) {
    fs.writeFileSync(`${world.dir}/unseal.log`, content, { mode: 0o600 });
    t.equal(await codeOf(ask(door, world, "agent.unseal", {}, { credential: keyFile(makeKeyFile()) })), "wrong-key", name);
    t.equal(await codeOf(ask(door, world, "agent.unseal", {}, { credential: keyFile(key) })), "done", name);
    t.ok((await ask(door, world, "audit.tail", { lines: 10 })).result.lines.length > 0, name);
    await door.seal("test");
    fs.writeFileSync(`${world.dir}/unseal.log`, content, { mode: 0o600 });
    t.equal(await codeOf(ask(door, world, "agent.unseal", {}, { credential: keyFile(key) })), "done", `${name}, at once`);
    await door.seal("test");
  }
});

t.test("no answer leaves before the audit line is on disk, and no change before its record is", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  let held: (() => void)[] | undefined;
  const io: Io = {
    ...diskIo,
    async datasync(fd) {
      if (held) await new Promise<void>((go) => held?.push(go));
      await diskIo.datasync(fd);
    },
  };
  const { door } = openDoor(world, io);
  const key = makeKeyFile();
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  const syncs = async (act: Promise<unknown>): Promise<number> => {
    let answered = false;
    const done = act.then(() => (answered = true));
    for (let count = 0; ; count++) {
      for (let turn = 0; turn < 50 && held?.length === 0 && !answered; turn++)
        await new Promise((resolve) => setTimeout(resolve, 2));
      if (answered || held?.length === 0) {
        await done;
        return count;
      }
      for (const go of held?.splice(0) ?? []) go();
    }
  };
  held = [];
  t.equal(await syncs(ask(door, world, "kv.list", { prefix: "" })), 1, "a read waits for one");
  t.equal(await syncs(ask(door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("x")] })), 2, "a change for two");
  held = undefined;
  await door.seal("test");
});

t.test("names from outside are escaped: a line is printable ASCII", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door } = openDoor(world);
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  const program = "/tmp/\u001b[31mred\u202e\u0007\n\ud800";
  const who = {
    uid: process.geteuid?.() ?? 0,
    pid: 1,
    startTime: "1",
    program,
    session: "",
    listener: "process" as const,
    verdict: "plain" as const,
    signs: ["ä"],
  };
  await ask(door, world, "kv.list", { prefix: "" }, { caller: who });
  t.match(fs.readFileSync(`${world.dir}/audit/000001.jsonl`, "latin1"), /^[\x20-\x7e\n]*$/);
  t.match((await ask(door, world, "audit.verify", {})).result, { ok: true });
  await door.seal("test");
});
