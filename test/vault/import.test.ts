import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import { diskIo, type Io } from "../../src/vault/io.ts";
import { ask, bytes, codeOf, keyFile, makeWorld, openDoor, removeWorld } from "../helpers/vault.ts";

t.test("an import that a disk does not give back as it was written is refused, so that the file stays", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  let spoil = false;
  // a disk that turns a bit of what was written last
  const io: Io = {
    ...diskIo,
    read(fd, into, position) {
      const got = diskIo.read(fd, into, position);
      if (spoil && got > 16 && into.length < 4096) into[8] = (into[8] ?? 0) ^ 1;
      return got;
    },
  };
  const { door } = openDoor(world, io);
  const key = makeKeyFile();
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key) });
  const entries = [{ path: "env/shop/A" }, { path: "env/shop/B" }];
  const asked = { project: "shop", folder: ".", bind: true, entries, layouts: [] };
  spoil = true;
  const code = await codeOf(ask(door, world, "kv.import", asked, { body: [bytes("one"), bytes("two")] }));
  spoil = false;
  t.not(code, "done");
  await door.seal("test");
});
