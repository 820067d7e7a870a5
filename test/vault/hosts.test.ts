/** A folder sends a value only to hosts that stood in its files at import, or that a person allowed. */
import t, { type Test } from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Caller } from "../../src/protocol.ts";
import { ask, bytes, caller, codeOf, keyFile, makeWorld, openDoor, removeWorld } from "../helpers/vault.ts";

const path = "env/shop/PW";
const tool: Caller = { ...caller, verdict: "sign", tool: "Claude Code", signs: ["CLAUDECODE"] };
const sentTo = (...hosts: string[]) => ({ folder: ".", refs: [{ path, hosts }] });

async function imported(t: Test) {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const { door } = openDoor(world);
  const key = makeKeyFile();
  const proof = () => ({ credential: keyFile(key.slice()) });
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, proof());
  const asked = { project: "shop", folder: ".", bind: true, entries: [{ path }], layouts: [] };
  const hosts = [{ folder: ".", refs: [`${path}@db.example`] }];
  await ask(door, world, "kv.import", { ...asked, hosts }, { body: [bytes("hello")] });
  return { world, door, proof, asked };
}

t.test("a host that stood there at import is allowed, another is refused with words that say what to type", async (t) => {
  const { world, door } = await imported(t);
  t.same((await ask(door, world, "kv.resolve", sentTo("db.example"))).body, ["hello"]);
  t.same((await ask(door, world, "kv.resolve", sentTo())).body, ["hello"]);
  await t.rejects(ask(door, world, "kv.resolve", sentTo("db.example", "evil.example")), {
    code: "not-bound",
    message: "nobody allowed this folder (.) to send env/shop/PW to evil.example",
    hint: "if you mean it: zvault allow zvault://env/shop/PW",
    names: ["env/shop/PW@evil.example"],
  });
  await t.rejects(ask(door, world, "kv.resolve", sentTo("db.example\u001b[2J\u0430")), {
    message: /db\.example\\u\{1b\}\[2J\\u\{430\}$/,
  });
  for (const host of ["db.example:5432", "DB.example", "db.example.", "env/shop/PW@db.example", ""])
    t.equal(await codeOf(ask(door, world, "kv.resolve", sentTo(host))), "not-bound", host);
  await door.seal("test");
});

t.test("no other way to a value passes the hosts by, and no other folder has the leave", async (t) => {
  const { world, door, proof } = await imported(t);
  const elsewhere = { ...sentTo("db.example"), folder: "sub" };
  await ask(door, world, "project.allow", { folder: "sub", refs: [path] }, proof());
  t.equal(await codeOf(ask(door, world, "kv.resolve", elsewhere)), "not-bound");
  t.equal(await codeOf(ask(door, world, "kv.export", sentTo("evil.example"), proof())), "not-bound");
  t.equal(await codeOf(ask(door, world, "kv.watch", sentTo("evil.example"))), "not-bound");
  t.equal(await codeOf(ask(door, world, "kv.export", sentTo("db.example"), proof())), "done");
  t.equal(await codeOf(ask(door, world, "kv.watch", sentTo("db.example"))), "done");
  const missing = { folder: ".", refs: [{ path: "env/shop/GONE", hosts: ["evil.example"] }] };
  t.equal(await codeOf(ask(door, world, "kv.resolve", missing)), "unresolved", "what has no value is told first");
  await door.seal("test");
});

t.test("a person allows a host, once: it outlives sealing and compaction, and the audit log has it", async (t) => {
  const { world, door, proof } = await imported(t);
  const leave = { folder: ".", refs: [`${path}@[::1]:5432`] };
  t.equal(await codeOf(ask(door, world, "project.allow", leave)), "presence-needed");
  t.same((await ask(door, world, "project.allow", leave, proof())).result.refs, [`${path}@db.example`, `${path}@[::1]:5432`]);
  await ask(door, world, "vault.compact", {}, proof());
  await ask(door, world, "agent.seal", {});
  await ask(door, world, "agent.unseal", {}, proof());
  t.same((await ask(door, world, "kv.resolve", sentTo("[::1]:5432", "db.example"))).body, ["hello"]);
  const { lines } = (await ask(door, world, "audit.tail", { lines: 50 }, proof())).result;
  const details = lines.filter((line) => line["outcome"] === "done").map((line) => [line["verb"], line["paths"], line["detail"]]);
  t.hasStrict(details, [
    ["kv.import", [path], { bind: "shop in .", hosts: `${path}@db.example` }],
    ["project.allow", [path], { folder: ".", hosts: `${path}@[::1]:5432` }],
  ]);
  await door.seal("test");
});

t.test("no AI tool, no foreign folder and no path that is none gets a host in by an import", async (t) => {
  const { world, door, proof, asked } = await imported(t);
  const evil = (folder: string, ref: string) => ({ ...asked, entries: [], hosts: [{ folder, refs: [ref] }] });
  const byTool = { ...evil("sub", `${path}@evil.example`), project: "other", folder: "sub" };
  t.equal(await codeOf(ask(door, world, "kv.import", byTool, { caller: tool, ...proof() })), "ai-tool");
  t.equal(
    await codeOf(ask(door, world, "project.allow", { folder: ".", refs: [`${path}@evil.example`] }, { caller: tool, ...proof() })),
    "ai-tool",
  );
  t.equal(await codeOf(ask(door, world, "kv.import", evil("sub", `${path}@evil.example`))), "usage");
  for (const ref of ["@evil.example", "../x@evil.example", `${path}@`, `${path}@${"h".repeat(513)}`, `${path}@a\0b`])
    t.equal(await codeOf(ask(door, world, "kv.import", evil(".", ref))), "usage", ref);
  t.equal(await codeOf(ask(door, world, "kv.resolve", sentTo(...Array.from({ length: 65 }, (_, at) => `h${at}`)))), "usage");
  t.equal(await codeOf(ask(door, world, "kv.resolve", sentTo("evil.example"))), "not-bound");
  await door.seal("test");
});
