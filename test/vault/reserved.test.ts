/** Paths below sys/ belong to engines: no verb about secrets takes one. */
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Calls } from "../../src/calls.ts";
import { verbs, type VerbName } from "../../src/verbs.ts";
import { ask, bytes, codeOf, keyFile, makeWorld, openDoor, removeWorld } from "../helpers/vault.ts";

const path = "sys/transit/orders/v1";

/** Every way a verb about secrets can name a path. */
const named: { [V in VerbName]?: Calls[V]["args"][] } = {
  "kv.put": [{ path }, { path, generate: { kind: "hex", length: 32 } }, { path: "sys" }],
  "kv.get": [{ path }, { path, version: 1 }],
  "kv.list": [{ prefix: "sys" }, { prefix: "sys/" }, { prefix: path }],
  "kv.history": [{ path }],
  "kv.metadata": [{ path, exposed: true }],
  "kv.expose": [{ paths: ["env/shop/A", path] }],
  "kv.delete": [{ path }],
  "kv.undelete": [{ path }],
  "kv.undo": [{ path }],
  "kv.destroy": [{ path }],
  "kv.import": [
    { project: "shop", folder: ".", bind: true, entries: [{ path }], layouts: [] },
    { project: "shop", folder: ".", bind: true, entries: [], layouts: [{ path }] },
    { project: "shop", folder: ".", bind: true, entries: [], layouts: [], expect: { [path]: 1 } },
    { project: "shop", folder: ".", bind: true, entries: [], layouts: [], hosts: [{ folder: ".", refs: [`${path}@db`] }] },
  ],
  "kv.resolve": [{ folder: ".", refs: [{ path }] }],
  "kv.watch": [{ folder: ".", refs: [{ path }] }],
  "kv.export": [{ folder: ".", refs: [{ path }] }],
  "project.allow": [
    { folder: ".", refs: [path] },
    { folder: ".", refs: [`${path}@db`] },
  ],
};

t.test("no verb about secrets takes a path below sys/, with presence neither", async (t) => {
  const world = makeWorld();
  const { door } = openDoor(world);
  const key = makeKeyFile();
  t.teardown(async () => {
    await door.seal("end");
    removeWorld(world);
  });
  const proof = () => ({ credential: keyFile(key.slice()) });
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, proof());
  for (const verb of Object.keys(verbs) as VerbName[]) {
    const about = verbs[verb].paths;
    const takesPaths = (verb.startsWith("kv.") || verb.startsWith("project.")) && about !== "none";
    t.equal(named[verb] !== undefined, takesPaths, `${verb} has its rows`);
    for (const args of named[verb] ?? [])
      t.equal(
        await codeOf(ask(door, world, verb, args as never, { ...proof(), body: [bytes("x")] })),
        "denied",
        `${verb} ${JSON.stringify(args)}`,
      );
  }
});

t.test("the audit log is asked about them all the same: policies are decided there", async (t) => {
  const world = makeWorld();
  const { door } = openDoor(world);
  const key = makeKeyFile();
  t.teardown(async () => {
    await door.seal("end");
    removeWorld(world);
  });
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key.slice()) });
  t.equal(await codeOf(ask(door, world, "audit.tail", { under: "sys/policies" })), "done");
});

t.test("a path that only begins with the same letters is a path like any other", async (t) => {
  const world = makeWorld();
  const { door } = openDoor(world);
  const key = makeKeyFile();
  t.teardown(async () => {
    await door.seal("end");
    removeWorld(world);
  });
  const proof = () => ({ credential: keyFile(key.slice()) });
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, proof());
  for (const one of ["system/A", "env/sys/A", "Sys/A", "sys.A"])
    t.equal(await codeOf(ask(door, world, "kv.put", { path: one }, { ...proof(), body: [bytes("x")] })), "done", one);
});
