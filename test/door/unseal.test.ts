import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import { ask, bytes, codeOf, keyFile, makeWorld, openDoor, passphrase, removeWorld, shares } from "../helpers/vault.ts";

t.test("a vault with a key file: init, put, seal, unseal, get", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door, fatal } = openDoor(world);
  const made = await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  t.equal(made.result.slots.length, 1);
  const put = await ask(door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("hello")] });
  t.equal(put.result.version, 1);
  t.equal(await codeOf(ask(door, world, "kv.get", { path: "env/shop/A" })), "presence-needed");
  const got = await ask(door, world, "kv.get", { path: "env/shop/A" }, { credential: keyFile(key) });
  t.same(got.body, ["hello"]);
  t.equal(await door.seal("test"), 1);
  t.equal(await codeOf(ask(door, world, "kv.list", { prefix: "" })), "sealed");
  await ask(door, world, "agent.unseal", {}, { credential: keyFile(key) });
  const again = await ask(door, world, "kv.get", { path: "env/shop/A" }, { credential: keyFile(key) });
  t.same(again.body, ["hello"]);
  const report = await ask(door, world, "vault.verify", {});
  t.match(report.result, { ok: true });
  t.same(fatal, []);
  await door.seal("test");
});

t.test("a vault with 3 of 5 shares opens with shares 1, 3, 5", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const { door } = openDoor(world);
  const made = await ask(door, world, "vault.init", { dir: world.project, slot: "shares", shares: 5, threshold: 3 });
  t.equal(made.body.length, 5);
  await ask(door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("hello")] });
  await door.seal("test");
  const [a = "", b = "", c = "", d = "", e = ""] = made.body;
  t.equal(await codeOf(ask(door, world, "agent.unseal", {}, { credential: shares([a, b]) })), "wrong-share");
  t.equal(await codeOf(ask(door, world, "agent.unseal", {}, { credential: shares([a, b, b]) })), "wrong-share");
  t.equal(await codeOf(ask(door, world, "agent.unseal", {}, { credential: shares([a, `${d}0`, b]) })), "wrong-share");
  await ask(door, world, "agent.unseal", {}, { credential: shares([a, c, e]) });
  const got = await ask(door, world, "kv.get", { path: "env/shop/A" }, { credential: shares([d, b, e]) });
  t.same(got.body, ["hello"]);
  await door.seal("test");
});

t.test("one passphrase opens the identity, and the vaults follow", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const first = openDoor(world);
  const made = await ask(
    first.door,
    world,
    "vault.init",
    { dir: world.project, slot: "identity", label: "mira" },
    { credential: passphrase("correct horse") },
  );
  t.equal(made.result.newIdentity, true);
  await ask(first.door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("hello")] });
  await first.door.seal("test");
  const { door, waits } = openDoor(world);
  t.equal(await codeOf(ask(door, world, "agent.unseal", {}, { credential: passphrase("wrong") })), "wrong-passphrase");
  t.equal(await codeOf(ask(door, world, "agent.unseal", {}, { credential: passphrase("wrong") })), "wrong-passphrase");
  t.same(waits, [1000, 2000]);
  const opened = await ask(door, world, "agent.unseal", {}, { credential: passphrase("correct horse") });
  t.equal(opened.result.opened, "identity");
  t.match(opened.result.notices, [/2 failed tries/]);
  const got = await ask(door, world, "kv.get", { path: "env/shop/A" }, { credential: passphrase("correct horse") });
  t.same(got.body, ["hello"]);
  t.same((await ask(door, world, "kv.get", { path: "env/shop/A" })).body, ["hello"], "presence is remembered for this session");
  await door.seal("test");
});

t.test("a credential of another kind does not become a vault's passphrase or key file", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const { door } = openDoor(world);
  const token = { kind: "token", parts: [bytes("zvs.0123456789abcdefghijklmnopqrstuv")] } as const;
  for (const credential of [{ ...token, parts: [...token.parts] }, keyFile(makeKeyFile())]) {
    for (const slot of ["passphrase", "identity"] as const)
      t.equal(await codeOf(ask(door, world, "vault.init", { dir: world.project, slot }, { credential })), "presence-needed", slot);
  }
  const typed = passphrase("correct horse");
  t.equal(
    await codeOf(ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: typed })),
    "presence-needed",
  );
});

t.test("who cannot open a copy does not seal the vault in whose place it would come", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door } = openDoor(world);
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  const restore = (credential: ReturnType<typeof keyFile>) =>
    codeOf(ask(door, world, "backup.restore", { dir: world.project, from: "mirror" }, { credential }));
  t.equal(await restore(keyFile(makeKeyFile())), "wrong-key");
  t.equal(await codeOf(ask(door, world, "kv.list", { prefix: "" })), "done", "it is open");
  t.equal(await restore(keyFile(key)), "done");
  t.equal(await codeOf(ask(door, world, "kv.list", { prefix: "" })), "sealed");
});
