/** Backups are read back before they count; what a restore would do is shown without doing it. */
import * as fs from "node:fs";
import t from "tap";
import { crc32c } from "../../src/crypto/crc32c.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { diskIo, type Io } from "../../src/vault/io.ts";
import { leaks, work } from "../helpers/live.ts";
import { ask, bytes, codeOf, keyFile, makeWorld, openDoor, type Opened, removeWorld, type World } from "../helpers/vault.ts";

type Made = { world: World; opened: Opened; key: Uint8Array; out: string };

const proof = ({ key }: Made) => ({ credential: keyFile(key.slice()) });
const put = ({ world, opened }: Made, name: string, value: string) =>
  ask(opened.door, world, "kv.put", { path: `env/shop/${name}` }, { body: [bytes(value)] });

async function made(t: { teardown(act: () => void): void }, io: Io = diskIo): Promise<Made> {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const opened = openDoor(world, io, { work });
  const one = { world, opened, key, out: `${world.base}/copy.zvault` };
  await ask(opened.door, world, "vault.init", { dir: world.project, slot: "key-file" }, proof(one));
  for (const name of ["A", "B", "C"]) await put(one, name, `value ${name}`);
  return one;
}

const create = ({ world, opened, out }: Made) => ask(opened.door, world, "backup.create", { out });
const look = (one: Made, from = one.out, credential = proof(one)) =>
  ask(one.opened.door, one.world, "backup.look", { dir: one.world.project, from }, credential);

function everything(world: World): Record<string, string> {
  const files = fs.readdirSync(world.base, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return Object.fromEntries(
    files.map((file) => `${file.parentPath}/${file.name}`).map((path) => [path, fs.readFileSync(path, "hex")]),
  );
}

/** A disk that changes what is written to `name`, or gives back something else than it holds. */
function lying(
  name: string,
  how: { written?: (from: Uint8Array) => Uint8Array; read?: (into: Uint8Array, position: number) => void },
): Io {
  let fd = -1;
  return {
    ...diskIo,
    open(path, mode) {
      const opened = diskIo.open(path, mode);
      if (path.endsWith(name)) fd = opened;
      return opened;
    },
    write: (to, from, position) => diskIo.write(to, to === fd && how.written ? how.written(from) : from, position),
    read(from, into, position) {
      const got = diskIo.read(from, into, position);
      if (from === fd && got > 0) how.read?.(into, position);
      return got;
    },
    close(which) {
      if (which === fd) fd = -1;
      diskIo.close(which);
    },
  };
}

t.test("a backup says what was found in it when it was read back", async (t) => {
  const one = await made(t);
  leaks();
  const { result } = await create(one);
  t.match(result, { secrets: 3, records: 4, audit: { ok: true } });
  t.equal(result.bytes, fs.statSync(one.out).size);
  await one.opened.door.seal("test");
  t.same(leaks(), []);
});

t.test("a backup that was damaged while it was written is refused and removed, and the vault goes on", async (t) => {
  const flip = (at: number) => (from: Uint8Array) => {
    const changed = Uint8Array.from(from);
    changed[at] = (changed[at] ?? 0) ^ 1;
    return changed;
  };
  for (const [name, how] of [
    ["one bit, early", { written: flip(70) }],
    ["one bit in the log", { written: flip(900) }],
    ["zeros", { written: (from: Uint8Array) => from.map((byte, at) => (at > 500 && at < 600 ? 0 : byte)) }],
    ["read back otherwise", { read: (into: Uint8Array) => void (into[100] = (into[100] ?? 0) ^ 4) }],
  ] as const) {
    const one = await made(t, lying("copy.zvault", how));
    t.equal(await codeOf(create(one)), "io", name);
    t.notOk(fs.existsSync(one.out), "it is gone");
    t.equal(await codeOf(put(one, "A", "after it")), "done");
    t.same(one.opened.fatal, []);
    await one.opened.door.seal("test");
  }
});

t.test("a vault that is damaged itself gets no backup that would not restore", async (t) => {
  const one = await made(t);
  const log = fs.readFileSync(`${one.world.dir}/vault`);
  log[400] = (log[400] ?? 0) ^ 1;
  fs.writeFileSync(`${one.world.dir}/vault`, log);
  t.equal(await codeOf(create(one)), "damaged");
  t.notOk(fs.existsSync(one.out));
  await one.opened.door.seal("test");
});

t.test("a broken audit log is told, and is no reason to be without a backup", async (t) => {
  const one = await made(t);
  const path = `${one.world.dir}/audit/000001.jsonl`;
  fs.writeFileSync(path, fs.readFileSync(path, "utf8").replace("kv.put", "kv.get"));
  t.match((await create(one)).result.audit, { ok: false, problem: /line \d+/ });
  t.ok(fs.existsSync(one.out));
  await one.opened.door.seal("test");
});

t.test("a look at a copy says what would be lost and what would come back, and changes nothing", async (t) => {
  const one = await made(t);
  const { door } = one.opened;
  const second = makeKeyFile();
  await ask(door, one.world, "access.add", { kind: "key-file", label: "old" }, { ...proof(one), body: [second] });
  await create(one);
  await put(one, "A", "newer");
  await put(one, "D", "new");
  await ask(door, one.world, "kv.delete", { path: "env/shop/B" });
  await ask(door, one.world, "access.remove", { slot: "old" }, proof(one));
  for (const sealed of [false, true]) {
    if (sealed) await door.seal("test");
    const before = everything(one.world);
    leaks();
    const { result } = await look(one);
    t.match(result, {
      from: one.out,
      opened: { secrets: 3, records: 5, audit: { ok: true }, torn: 0, slot: { kind: "key-file", verified: true } },
      there: {
        same: true,
        unsealed: !sealed,
        compared: { lost: ["env/shop/A", "env/shop/D"], back: ["env/shop/B"], access: [{ label: "old" }] },
      },
    });
    t.ok((result.there?.compared?.records ?? 0) > 3);
    t.match(
      (await look(one, one.out, { credential: keyFile(second.slice()) })).result.there,
      sealed ? { problem: /key file/, compared: null } : { same: true },
    );
    t.match((await look(one, one.out, {} as never)).result, { opened: null, slots: [{}, {}], there: { compared: null } });
    if (sealed) t.same(leaks(), []);
    t.same(everything(one.world), before);
  }
  t.match((await look(one, "mirror")).result.there?.compared, { records: 0, lost: [], back: [], access: [] });
});

t.test("a copy that would not restore is refused", async (t) => {
  const one = await made(t);
  await create(one);
  await one.opened.door.seal("test");
  t.equal(await codeOf(look(one, one.out, { credential: keyFile(makeKeyFile()) })), "wrong-key");
  t.same(one.opened.waits, [1000]);
  const whole = fs.readFileSync(one.out);
  whole[900] = (whole[900] ?? 0) ^ 1;
  fs.writeFileSync(one.out, whole);
  t.equal(await codeOf(look(one)), "damaged");
  t.equal(await codeOf(look(one, `${one.world.base}/none`)), "not-found");
  // shown as an age, which it has not
  whole[900] = (whole[900] ?? 0) ^ 1;
  const body = Buffer.from(
    whole
      .toString("latin1")
      .replace(/"time":"[^"]{19}/, '"time":"some time last year')
      .slice(0, -32),
    "latin1",
  );
  fs.writeFileSync(one.out, Buffer.concat([body, sha256(body)]));
  t.equal(await codeOf(look(one)), "damaged");
  const mirror = fs.readdirSync(`${one.world.places.state}/mirror`)[0] ?? "";
  const log = `${one.world.places.state}/mirror/${mirror}/vault`;
  const good = fs.readFileSync(log);
  const bad = Buffer.from(good);
  bad[400] = (bad[400] ?? 0) ^ 1;
  fs.writeFileSync(log, bad);
  t.equal(await codeOf(look(one, "mirror")), "damaged");
  // the value of the last record changed, with a checksum that fits
  const forged = new Uint8Array(good);
  const start = good.lastIndexOf("zvR1");
  const value = start + 96 + 8 + good.readUInt32BE(start + 96);
  forged[value] = (forged[value] ?? 0) ^ 1;
  new DataView(forged.buffer).setUint32(forged.length - 4, crc32c(forged.subarray(start, -4)));
  fs.writeFileSync(log, forged);
  t.equal(await codeOf(look(one, "mirror")), "damaged");
  fs.writeFileSync(log, good.subarray(0, -40));
  t.match((await look(one, "mirror")).result, { opened: { torn: /\d/ }, there: { compared: { records: 1 } } });
});

t.test("what stands there may be another vault, or none, or unreadable", async (t) => {
  const one = await made(t);
  await create(one);
  await one.opened.door.seal("test");
  fs.writeFileSync(`${one.world.dir}/keys`, "nonsense");
  t.match((await look(one)).result.there, { same: true, compared: null, problem: /keys file/ });
  fs.writeFileSync(`${one.world.dir}/vault`, "nonsense");
  t.match((await look(one)).result.there, { id: null, same: false, compared: null });
  fs.rmSync(one.world.dir, { recursive: true });
  t.equal((await look(one)).result.there, null);
  await ask(one.opened.door, one.world, "vault.init", { dir: one.world.project, slot: "key-file" }, proof(one));
  t.match((await look(one)).result.there, { same: false, unsealed: true, compared: null });
  await one.opened.door.seal("test");
});
