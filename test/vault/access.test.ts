/** What `access remove` takes away: the one removed opens neither the new keys file nor what is written from then on. */
import * as fs from "node:fs";
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import { Holdings } from "../../src/vault/holdings.ts";
import { diskIo } from "../../src/vault/io.ts";
import { openKeys, parseKeys } from "../../src/vault/keys.ts";
import type { Keyring } from "../../src/vault/keyring.ts";
import { perform } from "../../src/vault/keywork.ts";
import { openReadOnly } from "../../src/vault/read-only.ts";
import {
  ask,
  bytes,
  cheapKdf,
  codeOf,
  keyFile,
  makeWorld,
  openDoor,
  type Opened,
  removeWorld,
  shares,
  type World,
} from "../helpers/vault.ts";

type Made = { world: World; opened: Opened; mine: Uint8Array; theirs: Uint8Array };
const proof = ({ mine }: Made) => ({ credential: keyFile(mine.slice()) });
const put = ({ world, opened }: Made, name: string, value: string) =>
  ask(opened.door, world, "kv.put", { path: `env/shop/${name}` }, { body: [bytes(value)] });

async function made(t: { teardown(act: () => void): void }): Promise<Made> {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const one = { world, opened: openDoor(world), mine: makeKeyFile(), theirs: makeKeyFile() };
  await ask(one.opened.door, world, "vault.init", { dir: world.project, slot: "key-file", label: "mine" }, proof(one));
  await ask(
    one.opened.door,
    world,
    "access.add",
    { kind: "key-file", label: "theirs" },
    { ...proof(one), body: [one.theirs.slice()] },
  );
  await put(one, "A", "before");
  await ask(one.opened.door, world, "kv.put", { path: "env/shop/SETTING", class: "setting" }, { body: [bytes("readable")] });
  return one;
}

const remove = (one: Made, slot: string) => ask(one.opened.door, one.world, "access.remove", { slot }, proof(one));

/** Who has it keeps a copy of everything: keys file, log, and the keys that came out of them. */
async function keyringOf({ world }: Made, key: Uint8Array, keys: Uint8Array): Promise<Keyring> {
  const holdings = new Holdings({
    io: diskIo,
    work: (job) => perform(job, cheapKdf),
    places: world.places,
    clock: () => new Date(),
    uptime: () => 0,
    sleep: async () => undefined,
  });
  const file = parseKeys(keys);
  const { root } = await holdings.rootKey(file, { credential: keyFile(key.slice()) });
  const keyring = openKeys(file, root);
  root.wipe();
  return keyring;
}

t.test("the one removed opens neither the new keys file nor a new record, with all that was kept", async (t) => {
  const one = await made(t);
  const { world, opened } = one;
  const [oldKeys, oldLog] = ["keys", "vault"].map((name) => fs.readFileSync(`${world.dir}/${name}`));
  const kept = await keyringOf(one, one.theirs, oldKeys ?? new Uint8Array());
  const { result } = await remove(one, "theirs");
  t.match(result, { removed: { label: "theirs" }, rotate: ["env/shop/A"] }, "secrets are to be rotated, settings are not");
  await put(one, "NEW", "after");
  await opened.door.seal("test");

  const newKeys = fs.readFileSync(`${world.dir}/keys`);
  t.equal(await codeOf(keyringOf(one, one.theirs, newKeys)), "wrong-key");
  t.equal(await codeOf(ask(opened.door, world, "agent.unseal", {}, { credential: keyFile(one.theirs.slice()) })), "wrong-key");
  const looked = await codeOf((async () => openReadOnly({ io: diskIo, dir: world.dir, keyring: kept, head: undefined }))());
  t.equal(looked, "old-keys", "no record of the log is sealed with a key that was known before");
  fs.writeFileSync(`${world.dir}/keys`, oldKeys ?? "");
  t.equal(await codeOf(ask(opened.door, world, "agent.unseal", {}, { credential: keyFile(one.theirs.slice()) })), "old-keys");

  // what was written before stays readable to them: it says so, and this is why
  fs.mkdirSync(`${world.base}/kept`, { mode: 0o700 });
  fs.writeFileSync(`${world.base}/kept/vault`, oldLog ?? "", { mode: 0o600 });
  const { barrier, state } = openReadOnly({ io: diskIo, dir: `${world.base}/kept`, keyring: kept, head: undefined });
  const cell = state.current("env/shop/A")?.version.fields.get("value");
  t.equal(cell && barrier.read(cell).use((value) => Buffer.from(value).toString()), "before");
  barrier.close();
  kept.wipe();
});

t.test("the older generation is gone, from the mirror too", async (t) => {
  const one = await made(t);
  await ask(one.opened.door, one.world, "vault.compact", {}, proof(one));
  t.ok(fs.existsSync(`${one.world.dir}/vault.prev`));
  const old = fs.readFileSync(`${one.world.dir}/vault`).subarray(256, 320);
  await remove(one, "theirs");
  await one.opened.door.seal("test");
  const files = fs.readdirSync(one.world.base, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const holding = files.map((file) => `${file.parentPath}/${file.name}`).filter((path) => fs.readFileSync(path).includes(old));
  t.same(holding, [], "no file of the vault, its mirror or its heads has the bytes of the old generation");
  t.notOk(fs.existsSync(`${one.world.dir}/vault.prev`));
});

t.test("the last way to unseal stays, and so does one that nobody here could use", async (t) => {
  const one = await made(t);
  await remove(one, "theirs");
  const before = fs.readFileSync(`${one.world.dir}/keys`);
  t.equal(await codeOf(remove(one, "mine")), "denied");
  t.same(fs.readFileSync(`${one.world.dir}/keys`), before);
  t.equal(await codeOf(remove(one, "nobody")), "not-found");
  await put(one, "B", "goes on");
  await one.opened.door.seal("test");
});

t.test("shares that were taken away open nothing, together with new ones neither", async (t) => {
  const one = await made(t);
  const add = () =>
    ask(one.opened.door, one.world, "access.add", { kind: "shares", label: "three", shares: 3, threshold: 2 }, proof(one));
  const first = await add();
  await remove(one, "three");
  const second = await add();
  await one.opened.door.seal("test");
  const unseal = (texts: string[]) => codeOf(ask(one.opened.door, one.world, "agent.unseal", {}, { credential: shares(texts) }));
  t.equal(await unseal(first.body.slice(0, 2)), "wrong-share");
  t.equal(await unseal([first.body[0] ?? "", second.body[1] ?? ""]), "wrong-share");
  t.equal(await unseal(second.body.slice(0, 2)), "done");
  await one.opened.door.seal("test");
});
