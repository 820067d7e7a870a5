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
