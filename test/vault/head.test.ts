/** The head may lag, it never leads; and it knows the last audit line as soon as that is on disk. */
import * as fs from "node:fs";
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import { diskIo, type Io } from "../../src/vault/io.ts";
import { headPath } from "../../src/vault/places.ts";
import { ask, bytes, codeOf, keyFile, makeWorld, openDoor, refOf, removeWorld, type World } from "../helpers/vault.ts";

function headOf(world: World): { log: bigint; audit: bigint } {
  const all = fs.readFileSync(headPath(world.places, refOf(world.dir).id, world.dir));
  const slots = [all.subarray(0, 512), all.subarray(512)].toSorted((a, b) => Number(b.readBigUInt64BE(8) - a.readBigUInt64BE(8)));
  return { log: slots[0]?.readBigUInt64BE(72) ?? 0n, audit: slots[0]?.readBigUInt64BE(116) ?? 0n };
}

const until = async (done: () => boolean): Promise<void> => {
  for (let left = 2000; !done(); left--) {
    if (left === 0) throw new Error("it did not happen");
    await new Promise((wake) => setTimeout(wake, 5));
  }
};

t.test("while a second change is on its way to the disk, the head says nothing of it", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const logs = new Set<number>();
  const held: (() => void)[] = [];
  let hold = false;
  const io: Io = {
    ...diskIo,
    open(path, mode) {
      const fd = diskIo.open(path, mode);
      if (path === `${world.dir}/vault`) logs.add(fd);
      return fd;
    },
    async datasync(fd) {
      if (hold && logs.has(fd)) await new Promise<void>((go) => held.push(go));
      await diskIo.datasync(fd);
    },
  };
  const { door } = openDoor(world, io);
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(makeKeyFile()) });
  const size = (): number => fs.statSync(`${world.dir}/vault`).size;
  const { log } = headOf(world);
  hold = true;
  let at = size();
  const first = ask(door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("a")] });
  await until(() => size() > at && held.length === 1);
  at = size();
  const second = ask(door, world, "kv.put", { path: "env/shop/B" }, { body: [bytes("b")] });
  await until(() => size() > at);
  held.shift()?.();
  await first;
  t.equal(headOf(world).log, log + 1n);
  await until(() => held.length === 1);
  hold = false;
  held.shift()?.();
  await second;
  t.equal(headOf(world).log, log + 2n);
  await door.seal("end");
});

t.test("the line of a read that was cut off after the agent was killed is missed", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door } = openDoor(world);
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key.slice()) });
  await ask(door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("a")] });
  await ask(door, world, "kv.get", { path: "env/shop/A" }, { credential: keyFile(key.slice()) });
  // as a killed agent leaves it
  fs.cpSync(world.base, `${world.base}-killed`, { recursive: true });
  await door.seal("end");
  fs.rmSync(world.base, { recursive: true });
  fs.renameSync(`${world.base}-killed`, world.base);
  const log = `${world.dir}/audit/000001.jsonl`;
  const lines = fs.readFileSync(log, "latin1").trimEnd().split("\n");
  fs.writeFileSync(log, `${lines.slice(0, -1).join("\n")}\n`);
  const next = openDoor(world);
  t.equal(await codeOf(ask(next.door, world, "agent.unseal", {}, { credential: keyFile(key.slice()) })), "damaged");
  await next.door.seal("end");
});
