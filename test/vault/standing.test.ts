import * as fs from "node:fs";
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import { ask, bytes, codeOf, keyFile, makeWorld, openDoor, removeWorld, type World } from "../helpers/vault.ts";

/** A world with a sealed vault that holds A=hello. */
async function sealed(t: { teardown(act: () => void): void }): Promise<{ world: World; key: Uint8Array }> {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door } = openDoor(world);
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  await ask(door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("hello")] });
  await door.seal("test");
  return { world, key };
}

/** The same computer, another folder. */
function elsewhere(world: World, name: string): World {
  const project = `${world.base}/${name}`;
  return { ...world, project, dir: `${project}/.zvault` };
}

const get = (door: ReturnType<typeof openDoor>["door"], world: World, key: Uint8Array): Promise<{ body: string[] }> =>
  ask(door, world, "kv.get", { path: "env/shop/A" }, { credential: keyFile(key) });

t.test("a vault that came with a folder is refused before its credential is tried, and works once adopted", async (t) => {
  const { world, key } = await sealed(t);
  fs.rmSync(`${world.places.state}/known`);
  let tries = 0;
  const { door } = openDoor(world);
  const counting = openDoor(world, undefined, {
    work: () => {
      tries += 1;
      return Promise.reject(new Error("no key work may be done"));
    },
  });
  t.equal(await codeOf(ask(counting.door, world, "agent.unseal", {}, { credential: keyFile(key) })), "not-adopted");
  t.equal(tries, 0);
  t.equal(await codeOf(ask(door, world, "vault.adopt", {}, { credential: keyFile(makeKeyFile()) })), "wrong-key");
  await ask(door, world, "vault.adopt", {}, { credential: keyFile(key) });
  t.same((await get(door, world, key)).body, ["hello"]);
  await door.seal("test");
});

t.test("a moved folder is the same vault, head and all", async (t) => {
  const { world, key } = await sealed(t);
  const moved = elsewhere(world, "moved");
  fs.renameSync(world.project, moved.project);
  const { door } = openDoor(world);
  const opened = await ask(door, moved, "agent.unseal", {}, { credential: keyFile(key) });
  t.same(opened.result.notices, [], "its last state is known");
  t.same((await get(door, moved, key)).body, ["hello"]);
  await door.seal("test");
});

t.test("a copy is refused until it is adopted, and then has a life of its own", async (t) => {
  const { world, key } = await sealed(t);
  const copy = elsewhere(world, "copy");
  fs.cpSync(world.project, copy.project, { recursive: true });
  const { door } = openDoor(world);
  t.equal(await codeOf(ask(door, copy, "agent.unseal", {}, { credential: keyFile(key) })), "copied");
  t.equal(
    await codeOf(ask(door, copy, "kv.resolve", { folder: ".", refs: [{ path: "env/shop/A" }] })),
    "copied",
    "nor is anybody told to unseal it",
  );
  const { result } = await ask(door, copy, "vault.adopt", {}, { credential: keyFile(key) });
  await ask(door, copy, "kv.put", { path: "env/shop/A" }, { body: [bytes("other")] });
  await ask(door, world, "agent.unseal", {}, { credential: keyFile(key) });
  t.same((await get(door, world, key)).body, ["hello"]);
  t.same((await get(door, copy, key)).body, ["other"]);
  t.equal((await ask(door, copy, "vault.status", {})).result.id, result.id);
  await door.seal("test");
});

t.test("an older vault put back is refused, and --accept-rollback goes on with it", async (t) => {
  const { world, key } = await sealed(t);
  const old = fs.readFileSync(`${world.dir}/vault`);
  const first = openDoor(world);
  await ask(first.door, world, "agent.unseal", {}, { credential: keyFile(key) });
  await ask(first.door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("newer")] });
  await first.door.seal("test");
  fs.writeFileSync(`${world.dir}/vault`, old);
  const { door } = openDoor(world);
  t.equal(await codeOf(ask(door, world, "agent.unseal", {}, { credential: keyFile(key) })), "rolled-back");
  await ask(door, world, "agent.unseal", { acceptRollback: true }, { credential: keyFile(key) });
  t.same((await get(door, world, key)).body, ["hello"]);
  await door.seal("test");
});

t.test("keys go when their time is up: without use, and in any case", async (t) => {
  const { world, key } = await sealed(t);
  const { door, now } = openDoor(world);
  const list = (): Promise<string> => codeOf(ask(door, world, "kv.list", { prefix: "" }));
  await ask(door, world, "agent.unseal", { lifetime: 3600, idle: 600 }, { credential: keyFile(key) });
  for (let minute = 0; minute < 54; minute += 9) {
    now.ms += 9 * 60_000;
    await door.tick();
    t.equal(await list(), "done", `minute ${minute + 9}`);
  }
  now.ms += 6 * 60_000;
  await door.tick();
  t.equal(await list(), "sealed", "an hour is over, use or not");
  await ask(door, world, "agent.unseal", { lifetime: 3600, idle: 600 }, { credential: keyFile(key) });
  now.ms += 10 * 60_000;
  await door.tick();
  t.equal(await list(), "sealed", "ten minutes without use");
  t.equal(door.openCount(), 0);
});
