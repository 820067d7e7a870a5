/** Vaults that were written once, read by this build and by scripts/decode-vault.py: both must say the same, of good ones and bad. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import t from "tap";
import { diskIo } from "../../src/vault/io.ts";
import { remember } from "../../src/vault/known.ts";
import { headPath, knownPath } from "../../src/vault/places.ts";
import { ask, codeOf, keyFile, makeWorld, openDoor, refOf, removeWorld, type World } from "../helpers/vault.ts";
import { type Content, readContent, withVault } from "../helpers/content.ts";

type Expected = {
  head?: true;
  secrets?: Content;
  tables?: Tables;
  refused?: { zvault: string; python: string };
  slots?: string[];
  generation?: number;
};

const folder = path.join(import.meta.dirname, "../vectors/vaults");
const decoder = path.join(import.meta.dirname, "../../scripts/decode-vault.py");
const all = JSON.parse(fs.readFileSync(path.join(folder, "expected.json"), "utf8")) as Record<string, Expected>;
const python = spawnSync("python3", ["-c", "import ctypes.util; assert ctypes.util.find_library('crypto')"]).status === 0;

/** The vault in a world of its own, with the head of the computer it was made on where `head` says so. */
async function place(name: string, head: boolean): Promise<World> {
  const world = makeWorld();
  const from = path.join(folder, name);
  fs.mkdirSync(`${world.dir}/audit`, { recursive: true, mode: 0o700 });
  for (const file of ["vault", "keys", ...fs.readdirSync(`${from}/audit`).map((one) => `audit/${one}`)]) {
    fs.copyFileSync(path.join(from, file), `${world.dir}/${file}`);
    fs.chmodSync(`${world.dir}/${file}`, 0o600);
  }
  if (!head) return world;
  const { id } = refOf(world.dir);
  await remember(diskIoReady(world), knownPath(world.places), { id, dir: world.dir });
  const to = headPath(world.places, id, world.dir);
  fs.mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 });
  fs.copyFileSync(path.join(from, "head"), to);
  fs.chmodSync(to, 0o600);
  return world;
}

function diskIoReady(world: World): typeof diskIo {
  fs.mkdirSync(world.places.state, { recursive: true, mode: 0o700 });
  return diskIo;
}

type Tables = Record<string, Record<string, unknown>>;

function shapeOf(tables: ReadonlyMap<string, ReadonlyMap<string, unknown>>): Tables {
  return Object.fromEntries(Array.from(tables, ([name, table]) => [name, Object.fromEntries(table)]));
}

type Decoded = { tables: Tables; secrets: Content; slots: { kind: string }[]; generation: number; head: string };

function decode(name: string, head: boolean): { found?: Decoded; refused?: string } {
  const from = path.join(folder, name);
  const args = [
    decoder,
    "--vault",
    from,
    "--key-file",
    `${from}/key`,
    "--json",
    "--values",
    ...(head ? ["--head", `${from}/head`] : []),
  ];
  const run = spawnSync("python3", args, { encoding: "utf8" });
  if (run.status === 0) return { found: JSON.parse(run.stdout) as Decoded };
  return { refused: /^decode-vault: ([a-z-]+): /.exec(run.stderr)?.[1] ?? run.stderr };
}

/** What the decoder found, as much of it as `expected.json` names. */
function shape(secrets: Content): Content {
  return Object.fromEntries(
    Object.entries(secrets).map(([at, { class: kind, versions }]) => [
      at,
      { class: kind, versions: versions.map(({ number, state, fields }) => ({ number, state, fields })) },
    ]),
  );
}

for (const [name, one] of Object.entries(all)) {
  t.test(`${name}: ${one.refused ? `is refused (${one.refused.zvault})` : "is read in full"}`, async (t) => {
    const world = await place(name, one.head ?? false);
    t.teardown(() => removeWorld(world));
    const key = new Uint8Array(fs.readFileSync(path.join(folder, name, "key")));
    const read = await readContent(world, key).then(
      (content) => ({ content }),
      (failure: unknown) => ({ code: (failure as { code?: string }).code ?? String(failure) }),
    );
    t.same(read, one.refused ? { code: one.refused.zvault } : { content: one.secrets }, "zvault");
    if (!one.tables) return;
    const again = await withVault(world, key, async (vault) => {
      const found = shapeOf(vault.state.tables);
      await vault.compact(true);
      return [found, shapeOf(vault.state.tables)];
    });
    t.same(again, [one.tables, one.tables], "tables, before and after a compaction");
  });

  t.test(`${name}: the decoder from docs/format.md says the same`, { skip: python ? false : "not run: python3" }, async (t) => {
    const { found, refused } = decode(name, one.head ?? false);
    t.equal(refused, one.refused?.python);
    if (!one.secrets) return;
    t.same(found && shape(found.secrets), one.secrets);
    if (one.tables) t.same(found?.tables, one.tables);
    if (one.slots)
      t.same(
        found?.slots.map((slot) => slot.kind),
        one.slots,
      );
    if (one.generation !== undefined) t.equal(found?.generation, one.generation);
    t.equal(found?.head, one.head ? "fits" : "not looked at");
  });
}

t.test("a golden vault that came with a folder is refused until it is adopted, and then works", async (t) => {
  const world = await place("versions", false);
  t.teardown(() => removeWorld(world));
  const credential = { credential: keyFile(new Uint8Array(fs.readFileSync(path.join(folder, "versions/key")))) };
  const { door } = openDoor(world);
  t.equal(await codeOf(ask(door, world, "agent.unseal", {}, credential)), "not-adopted");
  await ask(door, world, "vault.adopt", {}, credential);
  const { body } = await ask(door, world, "kv.get", { path: "env/shop/DB", field: "password" }, credential);
  t.same(body, ["s3cret"]);
  t.match((await ask(door, world, "vault.verify", {})).result, { ok: true });
  await door.seal("test");
});

t.test("a slot of a kind that nobody knows stays byte for byte when the keys file changes", async (t) => {
  const world = await place("foreign-slots", true);
  t.teardown(() => removeWorld(world));
  const credential = { credential: keyFile(new Uint8Array(fs.readFileSync(path.join(folder, "foreign-slots/key")))) };
  const before = fs.readFileSync(`${world.dir}/keys`);
  const { door } = openDoor(world);
  await ask(door, world, "agent.unseal", {}, credential);
  await ask(door, world, "vault.rotate", {}, credential);
  const after = fs.readFileSync(`${world.dir}/keys`);
  const slots = (file: Buffer): Buffer => {
    let at = 40;
    for (let index = 0; index < file.readUInt16BE(36); index++) at += file.readUInt16BE(at);
    return file.subarray(40, at);
  };
  t.same(slots(after), slots(before));
  await door.seal("test");
});

t.test("a new root key is not made past a slot that this build cannot seal it to", async (t) => {
  const world = await place("foreign-slots", true);
  t.teardown(() => removeWorld(world));
  const credential = { credential: keyFile(new Uint8Array(fs.readFileSync(path.join(folder, "foreign-slots/key")))) };
  const { door } = openDoor(world);
  await ask(door, world, "agent.unseal", {}, credential);
  const before = fs.readFileSync(`${world.dir}/keys`);
  const { slots } = (await ask(door, world, "access.list", {})).result;
  const id = (label: RegExp): string => slots.find((slot) => label.test(slot.label))?.id ?? "";
  t.equal(await codeOf(ask(door, world, "vault.rekey", {}, credential)), "denied");
  t.equal(
    await codeOf(ask(door, world, "access.remove", { slot: id(/golden/) }, credential)),
    "denied",
    "nobody here could unseal",
  );
  t.equal(await codeOf(ask(door, world, "access.remove", { slot: id(/somebody/) }, credential)), "denied");
  t.same(fs.readFileSync(`${world.dir}/keys`), before);
  await ask(door, world, "access.remove", { slot: id(/newer/) }, credential);
  await ask(door, world, "access.remove", { slot: id(/somebody/) }, credential);
  t.equal(await codeOf(ask(door, world, "access.remove", { slot: id(/golden/) }, credential)), "denied", "the last one");
  await door.seal("test");
});
