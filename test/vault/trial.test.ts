/** `access test`: what opens the vault is proven, and nothing is opened or changed by it. */
import * as fs from "node:fs";
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Credential } from "../../src/protocol.ts";
import {
  ask,
  bytes,
  caller,
  codeOf,
  keyFile,
  makeWorld,
  openDoor,
  type Opened,
  passphrase,
  removeWorld,
  shares,
  type World,
} from "../helpers/vault.ts";

/** Every file there is, with its bytes; `unseal.log` apart. */
function everything(world: World): Record<string, string> {
  const files = fs.readdirSync(world.base, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return Object.fromEntries(
    files
      .map((file) => `${file.parentPath}/${file.name}`)
      .filter((path) => !path.endsWith("unseal.log"))
      .map((path) => [path, fs.readFileSync(path).toString("base64")]),
  );
}

function failuresIn(world: World): string[] {
  const path = `${world.dir}/unseal.log`;
  if (!fs.existsSync(path)) return [];
  const lines = fs.readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.map((line) => (JSON.parse(line) as { code: string }).code);
}

type Made = { world: World; opened: Opened; key: Uint8Array; texts: string[] };

/** A vault with a key file, 3 of 5 shares, a passphrase of its own and an identity; open. */
async function made(t: { teardown(act: () => void): void }): Promise<Made> {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const opened = openDoor(world);
  const { door } = opened;
  await ask(door, world, "vault.init", { dir: world.project, slot: "identity", label: "mira" }, { credential: passphrase("mine") });
  const proof = { credential: passphrase("mine") };
  await ask(door, world, "access.add", { kind: "key-file", label: "ci" }, { ...proof, body: [key.slice()] });
  await ask(door, world, "access.add", { kind: "passphrase" }, { ...proof, body: [bytes("the vault's")] });
  const { body } = await ask(door, world, "access.add", { kind: "shares", shares: 5, threshold: 3 }, proof);
  await ask(door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("hello")] });
  return { world, opened, key, texts: body };
}

const test = ({ world, opened }: Pick<Made, "world" | "opened">, credential: Credential) =>
  ask(opened.door, world, "access.test", {}, { credential });

t.test("sealed: every kind of access is proven by its slot, and the vault is left byte for byte", async (t) => {
  const one = await made(t);
  await one.opened.door.seal("test");
  const before = everything(one.world);
  const [a = "", , c = "", , e = ""] = one.texts;
  for (const [credential, slot] of [
    [keyFile(one.key.slice()), { kind: "key-file", label: "ci" }],
    [shares([a, c, e]), { kind: "shares", threshold: 3, shares: 5 }],
    [passphrase("mine"), { kind: "identity", label: "mira" }],
    [passphrase("the vault's"), { kind: "passphrase" }],
  ] as const)
    t.match((await test(one, credential)).result, { slot: { ...slot, verified: true }, sealed: true }, slot.kind);
  t.equal(one.opened.door.openCount(), 0, "nothing is open, the identity neither");
  t.equal(await codeOf(ask(one.opened.door, one.world, "kv.list", { prefix: "" })), "sealed");
  t.same(everything(one.world), before);
  t.same(failuresIn(one.world), []);
});

t.test("unsealed: a right try is on record, log and keys are left as they are, the identity stays closed", async (t) => {
  const one = await made(t);
  await one.opened.door.seal("test");
  await ask(one.opened.door, one.world, "agent.unseal", {}, { credential: keyFile(one.key.slice()) });
  const before = everything(one.world);
  t.match((await test(one, passphrase("mine"))).result, { slot: { kind: "identity" }, sealed: false });
  t.equal(one.opened.door.openCount(), 1);
  const after = everything(one.world);
  t.same(
    Object.keys(after).filter((path) => after[path] !== before[path]),
    [`${one.world.dir}/audit/000001.jsonl`],
  );
  const { lines } = (await ask(one.opened.door, one.world, "audit.tail", { verb: "access.test" })).result;
  t.match(lines, [{ kind: "event", presence: "passphrase", caller: { pid: caller.pid } }]);
  await one.opened.door.seal("test");
});

t.test("what unseal refuses is refused in the same words, noted, and answered more and more slowly", async (t) => {
  const one = await made(t);
  const other = await made(t);
  await other.opened.door.seal("test");
  const [a = "", b = "", c = ""] = one.texts;
  const wrong: (() => Credential)[] = [
    () => keyFile(makeKeyFile()),
    () => keyFile(bytes("no key file")),
    () => passphrase("wrong"),
    () => shares([a, b]),
    () => shares([a, b, b]),
    () => shares([a, b, other.texts[2] ?? ""]),
    () => shares([a, b, c.slice(0, -1)]),
    () => shares(["nonsense"]),
    () => ({ kind: "token", parts: [bytes("zvs.x")] }),
  ];
  const messageOf = (act: Promise<unknown>) =>
    act.then(
      () => "done",
      (failure: Error & { code?: string }) => `${failure.code}: ${failure.message}`,
    );
  for (const sealed of [true, false]) {
    if (sealed) await one.opened.door.seal("test");
    else await ask(one.opened.door, one.world, "agent.unseal", {}, { credential: keyFile(one.key.slice()) });
    const before = everything(one.world);
    one.opened.waits.length = 0;
    const said = [];
    for (const credential of wrong) said.push(await messageOf(test(one, credential())));
    t.same(
      one.opened.waits,
      [1, 2, 4, 8, 16, 32, 32, 32, 32].map((seconds) => seconds * 1000),
    );
    t.same(everything(one.world), before);
    t.equal(failuresIn(one.world).length, 9);
    const unsealing = [];
    for (const credential of wrong)
      unsealing.push(await messageOf(ask(one.opened.door, one.world, "agent.unseal", {}, { credential: credential() })));
    t.same(said, unsealing);
    t.match(said, [
      /^wrong-key/,
      /^wrong-key/,
      /^wrong-passphrase/,
      ...Array.from({ length: 5 }, () => /^wrong-share/),
      /^wrong-key/,
    ]);
    await test(one, keyFile(one.key.slice()));
    t.equal(one.opened.waits.length, 18, "a right one does not wait");
  }
  t.equal(await codeOf(ask(one.opened.door, one.world, "access.test", {})), "presence-needed");
  await one.opened.door.seal("test");
});

t.test("a vault that unsealing would refuse is refused, and is not said to open", async (t) => {
  const one = await made(t);
  const { world, opened } = one;
  await opened.door.seal("test");
  const [log, keys] = [`${world.dir}/vault`, `${world.dir}/keys`].map((path) => fs.readFileSync(path));
  await ask(opened.door, world, "agent.unseal", {}, { credential: keyFile(one.key.slice()) });
  await ask(opened.door, world, "vault.rotate", {}, { credential: keyFile(one.key.slice()) });
  await opened.door.seal("test");
  const newer = fs.readFileSync(`${world.dir}/vault`);
  fs.writeFileSync(`${world.dir}/keys`, keys ?? "");
  t.equal(await codeOf(test(one, keyFile(one.key.slice()))), "old-keys");
  fs.writeFileSync(`${world.dir}/vault`, log ?? "");
  t.equal(await codeOf(test(one, keyFile(one.key.slice()))), "rolled-back");
  fs.writeFileSync(`${world.dir}/vault`, newer.subarray(0, -8));
  t.equal(await codeOf(test(one, keyFile(one.key.slice()))), "damaged");
  fs.rmSync(`${world.places.state}/known`);
  t.equal(await codeOf(test(one, keyFile(one.key.slice()))), "not-adopted");
  t.equal(failuresIn(world).length, 0, "none of these was a wrong credential");
});

t.test("a change of the keys file that a crash left half done is seen as unsealing sees it, and left", async (t) => {
  const one = await made(t);
  const { world, opened } = one;
  const old = fs.readFileSync(`${world.dir}/keys`);
  await ask(opened.door, world, "vault.rotate", {}, { credential: passphrase("mine") });
  await opened.door.seal("test");
  fs.renameSync(`${world.dir}/keys`, `${world.dir}/keys.new`);
  fs.writeFileSync(`${world.dir}/keys`, old, { mode: 0o600 });
  const before = everything(world);
  const code = await codeOf(test(one, keyFile(one.key.slice())));
  t.equal(code, "done");
  t.same(everything(world), before);
});

t.test("an AI tool cannot try credentials", async (t) => {
  const one = await made(t);
  await one.opened.door.seal("test");
  const tool = { ...caller, verdict: "sign" as const, tool: "Claude Code", signs: ["CLAUDECODE"] };
  const asked = ask(one.opened.door, one.world, "access.test", {}, { credential: keyFile(one.key.slice()), caller: tool });
  t.equal(await codeOf(asked), "ai-tool");
});

t.test("an unseal and a look at the sealed vault at the same time do not wait for each other for ever", async (t) => {
  const one = await made(t);
  const { door } = one.opened;
  await door.seal("test");
  const both = ["vault.verify", "access.test"].map(async (verb) => {
    const unsealing = codeOf(ask(door, one.world, "agent.unseal", {}, { credential: passphrase("mine") }));
    const looking = codeOf(ask(door, one.world, verb as "access.test", {}, { credential: keyFile(one.key.slice()) }));
    return Promise.all([unsealing, looking]);
  });
  t.same(await Promise.all(both), [
    ["done", "done"],
    ["done", "done"],
  ]);
  await door.seal("test");
});
