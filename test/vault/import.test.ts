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

for (const { share, from, to } of [
  { share: 0.2, from: undefined, to: undefined }, // in what the record says of its values
  { share: 0.5, from: 2500, to: 2501 },
  { share: 0.999, from: 4900, to: 4999 },
]) {
  t.test(`the one of thousands that came back otherwise is named: ${share} of the record`, async (t) => {
    const world = makeWorld();
    t.teardown(() => removeWorld(world));
    let spoiled = -1;
    const io: Io = {
      ...diskIo,
      read(fd, into, position) {
        const got = diskIo.read(fd, into, position);
        const inside = spoiled - position;
        if (spoiled >= 0 && inside >= 0 && inside < got) into[inside] = (into[inside] ?? 0) ^ 1;
        return got;
      },
      write(fd, bytes, position) {
        if (bytes.length > 1_000_000) spoiled = position + Math.floor(bytes.length * share);
        return diskIo.write(fd, bytes, position);
      },
    };
    const { door } = openDoor(world, io);
    await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(makeKeyFile()) });
    // two large ones in the middle: more than is read at once
    const body = Array.from({ length: 5000 }, (_, at) => new Uint8Array(at === 2500 || at === 2501 ? 700_000 : 20).fill(65));
    const entries = body.map((_, at) => ({ path: `env/shop/KEY_${at}` }));
    const asked = { project: "shop", folder: ".", bind: true, entries, layouts: [] };
    const message = await ask(door, world, "kv.import", asked, { body }).then(
      () => "done",
      (failure: unknown) => (failure as Error).message,
    );
    const found = /^(.*) read back from disk is not what was written/.exec(message)?.[1] ?? "";
    const number = Number(/KEY_(\d+)$/.exec(found)?.[1]);
    if (from === undefined) t.equal(found, "the change");
    else t.ok(number >= from && number <= to, message);
    await door.seal("test");
  });
}
