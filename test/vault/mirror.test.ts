import * as fs from "node:fs";
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import { ask, bytes, keyFile, makeWorld, openDoor, removeWorld } from "../helpers/vault.ts";

t.test("the mirror holds the same bytes as the vault, also when several changes bring it up to date at once", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const { door, now } = openDoor(world);
  const key = makeKeyFile();
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  const entries = [{ path: "env/shop/A" }];
  // an import, settling by the clock and asked-for copies all write the mirror's audit segments
  for (let round = 0; round < 20; round++) {
    now.ms += 11_000;
    const importing = ask(
      door,
      world,
      "kv.import",
      { project: "shop", folder: ".", bind: true, entries, layouts: [] },
      { body: [bytes(`value ${round}`)] },
    );
    await Promise.all([
      importing,
      ask(door, world, "backup.sync", {}),
      door.tick(),
      ask(door, world, "kv.put", { path: "env/shop/B" }, { body: [bytes("b")] }),
    ]);
  }
  const { result } = await ask(door, world, "backup.sync", {});
  await door.seal("test");
  for (const file of ["vault", "keys", "audit/000001.jsonl"]) {
    t.same(fs.readFileSync(`${result.path}/${file}`), fs.readFileSync(`${world.dir}/${file}`), file);
  }
});

t.test("an unseal takes up the copy there is; one that is not the beginning of the log is made anew", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const first = openDoor(world);
  await ask(first.door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  await ask(first.door, world, "kv.put", { path: "env/shop/A" }, { body: [new Uint8Array(1_000_000).fill(65)] });
  const { path } = (await ask(first.door, world, "backup.sync", {})).result;
  await first.door.seal("test");
  const copy = `${path}/vault`;
  const inode = (): number => fs.lstatSync(copy).ino;
  const again = async (): Promise<void> => {
    const { door, now } = openDoor(world);
    await ask(door, world, "agent.unseal", {}, { credential: keyFile(key) });
    await ask(door, world, "kv.put", { path: "env/shop/B" }, { body: [bytes("more")] });
    now.ms += 11_000;
    await door.tick();
    await door.seal("test");
    for (const file of ["vault", "keys"]) t.same(fs.readFileSync(`${path}/${file}`), fs.readFileSync(`${world.dir}/${file}`), file);
    t.ok(fs.lstatSync(copy).isFile());
    t.equal(fs.lstatSync(copy).nlink, 1);
  };
  const before = inode();
  await again();
  t.equal(inode(), before, "gone on with");
  const spoils: Record<string, () => void> = {
    "a bit": () => {
      const content = fs.readFileSync(copy);
      content[500_000] = (content[500_000] ?? 0) ^ 1;
      fs.writeFileSync(copy, content);
    },
    longer: () => fs.appendFileSync(copy, "more"),
    shorter: () => fs.truncateSync(copy, 1000),
    empty: () => fs.truncateSync(copy, 0),
    gone: () => fs.rmSync(copy),
    "the keys": () => fs.appendFileSync(`${path}/keys`, "x"),
    "a link": () => {
      fs.renameSync(copy, `${world.base}/elsewhere`);
      fs.symlinkSync(`${world.base}/elsewhere`, copy);
    },
    "a second name": () => fs.linkSync(copy, `${world.base}/second`),
  };
  for (const [name, spoil] of Object.entries(spoils)) {
    t.comment(name);
    spoil();
    const elsewhere = fs.existsSync(`${world.base}/elsewhere`) ? fs.readFileSync(`${world.base}/elsewhere`) : undefined;
    await again();
    if (elsewhere) t.same(fs.readFileSync(`${world.base}/elsewhere`), elsewhere, "not written through");
  }
});
