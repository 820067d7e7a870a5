/**
 * Makes the golden vaults beside it, once: `node test/vectors/vaults/make.ts`. No test runs it. What is committed stays as it is; a
 * later format must still read these, so a vault is added here, never made again.
 *
 * Each folder holds a vault as it lies in `.zvault` (without its `.gitignore`, which would hide it), its key file `key`, and where
 * `expected.json` says so the `head` of the computer it was made on. `expected.json`, by name of the folder:
 *   secrets   what both decoders must find; values in base64
 *   refused   what they must say instead: `zvault` an error code, `python` the word after "decode-vault:"
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { version } from "../../../src/build.ts";
import { makeKeyFile } from "../../../src/key-file.ts";
import { hex } from "../../../src/crypto/hash.ts";
import { random } from "../../../src/crypto/random.ts";
import * as x25519 from "../../../src/crypto/x25519.ts";
import { crc32c } from "../../../src/crypto/crc32c.ts";
import type { Calls } from "../../../src/calls.ts";
import { perform } from "../../../src/vault/keywork.ts";
import { headPath } from "../../../src/vault/places.ts";
import { recordType } from "../../../src/vault/record.ts";
import type { Json } from "../../../src/vault/operation.ts";
import { dumpState } from "../../../src/vault/checkpoint.ts";
import { printSlot, printUnwrapped, type Slot, slotAad, slotInfo } from "../../../src/vault/slots.ts";
import type { VerbName } from "../../../src/verbs.ts";
import { type Content, readContent, withVault } from "../../helpers/content.ts";
import { ask, bytes, keyFile, makeWorld, openDoor, refOf, removeWorld, type World } from "../../helpers/vault.ts";

const here = import.meta.dirname;
type Refusal = { zvault: string; python: string };
type Expected = { head?: true; secrets?: Content; refused?: Refusal; slots?: string[]; generation?: number; tables?: Record<string, Record<string, Json>> };
const expected: Record<string, Expected> = {};

type Maker = {
  world: World;
  key: Uint8Array;
  ask<V extends VerbName>(verb: V, args: Calls[V]["args"], body?: string[]): Promise<Calls[V]["result"]>;
  put(path: string, value: string): Promise<unknown>;
  seal(): Promise<unknown>;
};

async function life(act: (one: Maker) => Promise<void>): Promise<{ world: World; key: Uint8Array }> {
  const world = makeWorld();
  const key = makeKeyFile();
  const { door } = openDoor(world);
  const credential = { credential: keyFile(key) };
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file", label: "golden" }, credential);
  const asked: Maker["ask"] = async (verb, args, body) => {
    return (await ask(door, world, verb, args, { ...credential, ...(body ? { body: body.map(bytes) } : {}) })).result;
  };
  await act({ world, key, ask: asked, put: (at, value) => asked("kv.put", { path: at }, [value]), seal: () => door.seal("golden") });
  await door.seal("golden");
  return { world, key };
}

type Change = (files: { read(name: string): Uint8Array; write(name: string, content: Uint8Array): void }) => void;

/** Copies the vault, with `change` made to the copy only. */
/** Names of vaults to make, of those that are not there yet; without any, all of them. */
const wanted = process.argv.slice(2);

function keep(name: string, of: { world: World; key: Uint8Array }, what: Expected, change: Change = () => undefined): void {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  const to = path.join(here, name);
  fs.rmSync(to, { recursive: true, force: true });
  fs.mkdirSync(path.join(to, "audit"), { recursive: true });
  const id = refOf(of.world.dir).id;
  for (const file of ["vault", "keys", ...fs.readdirSync(path.join(of.world.dir, "audit")).map((one) => `audit/${one}`)]) {
    fs.copyFileSync(path.join(of.world.dir, file), path.join(to, file));
  }
  fs.writeFileSync(path.join(to, "key"), of.key);
  if (what.head) fs.copyFileSync(headPath(of.world.places, id, of.world.dir), path.join(to, "head"));
  change({
    read: (file) => new Uint8Array(fs.readFileSync(path.join(to, file))),
    write: (file, content) => fs.writeFileSync(path.join(to, file), content),
  });
  expected[name] = what;
}

const flip = (file: string, at: (size: number) => number): Change => ({ read, write }) => {
  const content = read(file);
  const place = at(content.length);
  content[place] = (content[place] ?? 0) ^ 4;
  write(file, content);
};

/** Offsets of the records of a log. */
function recordsOf(log: Uint8Array): { at: number; length: number }[] {
  const found: { at: number; length: number }[] = [];
  const view = new DataView(log.buffer, log.byteOffset, log.length);
  for (let at = 128; at < log.length; at += view.getUint32(at + 4)) found.push({ at, length: view.getUint32(at + 4) });
  return found;
}

const damaged: Refusal = { zvault: "damaged", python: "damaged" };

const simple = await life(async ({ put }) => {
  await put("env/shop/A", "hello");
  await put("env/shop/EMPTY", "");
  await put("env/shop/LONG", "ä".repeat(700));
});
keep("simple", simple, { head: true, secrets: await readContent(simple.world, simple.key), slots: ["key-file"], generation: 1 });
keep("flipped", simple, { refused: damaged }, flip("vault", () => 300));
keep("flipped-header", simple, { refused: damaged }, flip("vault", () => 40));
keep("keys-mac", simple, { refused: damaged }, flip("keys", (size) => size - 1));
keep("keys-label", simple, { refused: damaged }, flip("keys", () => 70));
keep("cut-in-record", simple, { head: true, refused: damaged }, ({ read, write }) => write("vault", read("vault").subarray(0, -100)));
keep("cut-at-record", simple, { head: true, refused: { zvault: "rolled-back", python: "rolled-back" } }, ({ read, write }) => {
  const log = read("vault");
  write("vault", log.subarray(0, recordsOf(log).at(-1)?.at));
});
keep("other-key", simple, { refused: { zvault: "wrong-key", python: "wrong-key" } }, ({ write }) => write("key", makeKeyFile()));
keep("audit-changed", simple, { refused: damaged }, flip("audit/000001.jsonl", (size) => Math.floor(size / 2)));
keep("format-2", simple, { refused: { zvault: "newer-format", python: "unsupported" } }, ({ read, write }) => {
  const log = read("vault");
  const view = new DataView(log.buffer);
  view.setUint32(8, 2);
  view.setUint32(124, crc32c(log.subarray(0, 124)));
  write("vault", log);
});

const rich = await life(async ({ ask, put }) => {
  await ask("kv.put", { path: "env/shop/DB", fields: ["user", "password"], description: "the database" }, ["shop", "s3cret"]);
  for (const value of ["one", "two", "three"]) await put("env/shop/V", value);
  await ask("kv.delete", { path: "env/shop/V" });
  await put("env/shop/GONE", "to be deleted");
  await ask("kv.delete", { path: "env/shop/GONE" });
  await ask("kv.metadata", { path: "env/shop/DB", audience: "everyone" });
  await put("env/shop/D", "destroyed one");
  await put("env/shop/D", "kept one");
  await ask("kv.destroy", { path: "env/shop/D", versions: [1] });
  await put("env/shop/AFTER", "written after the compaction");
});
keep("versions", rich, { head: true, secrets: await readContent(rich.world, rich.key) });

let old: { keys: Uint8Array; log: Uint8Array } | undefined;
const rotated = await life(async ({ world, ask, put }) => {
  await put("env/shop/A", "of term 1");
  old = { keys: new Uint8Array(fs.readFileSync(`${world.dir}/keys`)), log: new Uint8Array(fs.readFileSync(`${world.dir}/vault`)) };
  await ask("vault.rotate", {});
  await put("env/shop/B", "of term 2");
  await ask("vault.rekey", {});
  await put("env/shop/C", "of term 3");
});
keep("rotated", rotated, { head: true, secrets: await readContent(rotated.world, rotated.key) });
keep("old-keys", rotated, { refused: { zvault: "old-keys", python: "old-keys" } }, ({ write }) => old && write("keys", old.keys));
keep("older-log", rotated, { refused: { zvault: "old-keys", python: "old-keys" } }, ({ write }) => old && write("vault", old.log));
keep("rolled-back", rotated, { head: true, refused: { zvault: "rolled-back", python: "rolled-back" } }, ({ write }) => {
  if (!old) return;
  write("vault", old.log);
  write("keys", old.keys);
});

const compacted = await life(async ({ ask, put }) => {
  for (let at = 0; at < 6; at++) await put(`env/shop/P${at % 3}`, `value ${at}`);
  await ask("vault.compact", {});
  await put("env/shop/P0", "after");
});
keep("compacted", compacted, { head: true, secrets: await readContent(compacted.world, compacted.key), generation: 2 });

const checkpointed = await life(async ({ put }) => {
  for (let at = 0; at < 12; at++) await put(`env/shop/N${at}`, `number ${at}`);
});
await withVault(checkpointed.world, checkpointed.key, async (vault) => {
  vault.barrier.append(recordType.checkpoint, dumpState(vault.state), []);
  await vault.durable();
});
await life2(checkpointed, async (asked) => {
  await asked("kv.put", { path: "env/shop/N3" }, ["changed after the checkpoint"]);
  await asked("kv.delete", { path: "env/shop/N4" });
});
keep("checkpoint", checkpointed, { head: true, secrets: await readContent(checkpointed.world, checkpointed.key) });
keep("spliced", checkpointed, { refused: damaged }, ({ read, write }) => {
  const log = read("vault");
  const records = recordsOf(log);
  const [second, third] = [records[2], records[3]];
  if (!second || !third) return;
  const swapped = Buffer.concat([
    log.subarray(0, second.at),
    log.subarray(third.at, third.at + third.length),
    log.subarray(second.at, second.at + second.length),
    log.subarray(third.at + third.length),
  ]);
  write("vault", new Uint8Array(swapped));
});

const projects = await life(async ({ ask }) => {
  const entries = [{ path: "env/shop/URL", class: "setting" as const }, { path: "env/shop/FULL", expand: true }];
  const args = { project: "shop", folder: ".", bind: true, entries, layouts: [{ path: "env/shop/.layout/.env" }] };
  await ask("kv.import", args, ["http://localhost", "${zvault:URL}/x", "URL=\nFULL=\n"]);
  await ask("project.allow", { folder: "sub", refs: ["env/shop/URL"], dangerous: ["LD_PRELOAD"] });
  await ask("project.allow", { folder: "sub", refs: ["env/shop/FULL", "env/shop/URL"] });
});
keep("projects", projects, { head: true, secrets: await readContent(projects.world, projects.key) });

/** A slot for somebody else's public key, and one of a kind that nobody knows: bytes that are to be kept as they are. */
const foreign = await life(async ({ put }) => {
  await put("env/shop/A", "hello");
});
await withVault(foreign.world, foreign.key, async (vault) => {
  const base = { id: hex(random(16)), created: new Date(), wrap: new Uint8Array(80) };
  const recipient: Slot = { ...base, kind: "recipient", label: "somebody", public: x25519.generate().public };
  recipient.wrap = x25519.sealTo(recipient.public, vault.root, slotAad(vault.id, printUnwrapped(recipient)), slotInfo);
  const raw = printSlot({ ...recipient, id: hex(random(16)), label: "of the future" });
  raw[2] = 77;
  const unknown: Slot = { kind: undefined, id: hex(raw.subarray(4, 20)), created: new Date(), label: "", public: new Uint8Array(32), wrap: raw };
  const receipt = await vault.audit.record({ kind: "event", request: "golden", verb: "access.add", paths: [] });
  await vault.replaceKeys(receipt, { slots: [...vault.keys.slots, recipient, unknown] });
});
await life2(foreign, (asked) => asked("kv.put", { path: "env/shop/B" }, ["after the foreign slots"]));
keep("foreign-slots", foreign, {
  head: true,
  secrets: await readContent(foreign.world, foreign.key),
  slots: ["key-file", "recipient", "unknown 77"],
});

const second = makeKeyFile();
let before: Uint8Array | undefined;
const removed = await life(async ({ world, ask, put }) => {
  await put("env/shop/A", "before the removal");
  await ask("access.add", { kind: "key-file", label: "second" }, [Buffer.from(second).toString("latin1")]);
  before = new Uint8Array(fs.readFileSync(`${world.dir}/keys`));
  await ask("access.remove", { slot: "second" });
  await put("env/shop/NEW", "after the removal");
});
keep("slot-removed", removed, { head: true, secrets: await readContent(removed.world, removed.key) });
keep("slot-removed-key", removed, { refused: { zvault: "wrong-key", python: "wrong-key" } }, ({ write }) => write("key", second));
keep("slot-removed-old-keys", removed, { refused: { zvault: "old-keys", python: "old-keys" } }, ({ write }) => {
  write("key", second);
  if (before) write("keys", before);
});

/** Another sitting of the same vault. */
async function life2(of: { world: World; key: Uint8Array }, act: (asked: Maker["ask"]) => Promise<unknown>): Promise<void> {
  const { door } = openDoor(of.world);
  const credential = { credential: keyFile(of.key) };
  await ask(door, of.world, "agent.unseal", {}, credential);
  await act(async (verb, args, body) => (await ask(door, of.world, verb, args, { ...credential, ...(body ? { body: body.map(bytes) } : {}) })).result);
  await door.seal("golden");
}

const tabled = await life(async ({ put }) => void (await put("env/shop/A", "alpha")));
await withVault(tabled.world, tabled.key, async (vault) => {
  const receipt = await vault.audit.record({ kind: "intent", request: "tables", verb: "vault.rotate", paths: [] });
  const set = (table: string, key: string, value: Json | null) => ({ op: "set", table, key, value }) as const;
  vault.append(receipt, [set("first", "a", { one: 1 }), set("first", "b", "gone"), set("second", "c", [true, "ü", null])], []);
  vault.append(receipt, [set("first", "b", null), set("third", "d", 0), set("first", "a", { one: 2 })], []);
  vault.append(receipt, [set("third", "d", null)], []);
  vault.barrier.append(recordType.checkpoint, dumpState(vault.state), []);
  vault.append(receipt, [set("second", "e", { __proto__x: "y" })], []);
  await vault.durable();
});
const tables = { first: { a: { one: 2 } }, second: { c: [true, "ü", null], e: { __proto__x: "y" } } };
keep("tables", tabled, { head: true, secrets: await readContent(tabled.world, tabled.key), tables });

/**
 * A vault of this release with everything in it, at the costs of the product. Beside it: `shares`, `passphrase`, `ciphertext` (of transit key
 * `box`), `audit.pub`. The next release adds one of its own, and never makes this one again.
 */
const release = `release-${version}`;
const released = await life(
  async ({ ask: asked, put }) => {
    await put("env/shop/A", "first");
    await put("env/shop/A", "second");
    await asked("kv.put", { path: "env/shop/DB", fields: ["user", "password"], description: "the database" }, ["shop", "s3cret"]);
    await put("env/shop/GONE", "taken away");
    await asked("kv.delete", { path: "env/shop/GONE" });
    const entries = [{ path: "env/web/URL", class: "setting" as const }, { path: "env/web/FULL", expand: true }];
    await asked(
      "kv.import",
      { project: "web", folder: "web", bind: true, entries, layouts: [{ path: "env/web/.layout/.env" }], hosts: [{ folder: "web", refs: ["env/web/URL@db"] }] },
      ["http://localhost", "${zvault:URL}/x", "URL=\nFULL=\n"],
    );
    await asked("project.allow", { folder: "web", refs: ["env/shop/A"], dangerous: ["NODE_OPTIONS"] });
    await asked("policy.write", { name: "ci", text: 'path "env/+/*" { capabilities = ["use", "list"] }' });
    await asked("token.create", { policies: ["ci"], name: "ci" });
    await asked("approle.write", { role: "ci", policies: ["ci"], secretIdUses: 3 });
    await asked("approle.secret-id", { role: "ci" });
    for (const [name, type] of [["box", "aes256-gcm96"], ["stream", "chacha20-poly1305"], ["pen", "ed25519"], ["seal", "ecdsa-p256"], ["mac", "hmac"]] as const)
      await asked("transit.create", { name, type });
    await asked("transit.rotate", { name: "box" });
    await asked("vault.rotate", {});
    await put("env/shop/B", "of the second term");
    await asked("access.add", { kind: "key-file", label: "gone" }, [Buffer.from(makeKeyFile()).toString("latin1")]);
    await asked("access.remove", { slot: "gone" });
    await put("env/shop/C", "after a removal");
  },
);
const beside: Record<string, string> = { passphrase: "correct horse battery staple" };
{
  // a real Argon2id, as the product has it
  const { door } = openDoor(released.world, undefined, { work: (job) => perform(job) });
  const credential = { credential: keyFile(released.key) };
  await ask(door, released.world, "agent.unseal", {}, credential);
  const passphrase = [bytes(beside["passphrase"] ?? "")];
  await ask(door, released.world, "access.add", { kind: "passphrase" }, { ...credential, body: passphrase });
  const { body } = await ask(door, released.world, "access.add", { kind: "shares", shares: 3, threshold: 2 }, credential);
  beside["shares"] = body.join("\n");
  const sealed = await ask(door, released.world, "transit.encrypt", { name: "box" }, { body: [bytes("in the box")] });
  beside["ciphertext"] = sealed.body.join();
  const { vault, public: audit } = (await ask(door, released.world, "audit.key", {}, credential)).result;
  beside["audit.pub"] = `zvault-audit-1 ${vault} ${audit}\n`;
  await door.seal("golden");
  await withVault(released.world, released.key, (vault) => vault.nextSegment());
}
await life2(released, (asked) => asked("kv.put", { path: "env/shop/LAST" }, ["in the second audit segment"]));
keep(
  release,
  released,
  {
    head: true,
    secrets: await readContent(released.world, released.key),
    slots: ["key-file", "passphrase", "shares"],
    tables: await withVault(released.world, released.key, (vault) => Object.fromEntries(Array.from(vault.state.tables, ([name, table]) => [name, Object.fromEntries(table)]))),
  },
  ({ write }) => Object.entries(beside).forEach(([name, text]) => write(name, bytes(text))),
);

const known = wanted.length > 0 ? (JSON.parse(fs.readFileSync(path.join(here, "expected.json"), "utf8")) as typeof expected) : {};
fs.writeFileSync(path.join(here, "expected.json"), `${JSON.stringify({ ...known, ...expected }, undefined, 1)}\n`);
for (const one of [simple, rich, rotated, compacted, checkpointed, projects, foreign, removed, tabled, released]) removeWorld(one.world);
