/** A sealed vault that the credential of one request opens for it alone. */
import * as fs from "node:fs";
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Caller, Credential } from "../../src/protocol.ts";
import { leaks, work } from "../helpers/live.ts";
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

type Made = { world: World; opened: Opened; key: Uint8Array };
const refs = { folder: ".", refs: [{ path: "env/shop/A" }] };

async function made(t: { teardown(act: () => void): void }): Promise<Made> {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const opened = openDoor(world, undefined, { work });
  const { door } = opened;
  await ask(door, world, "vault.init", { dir: world.project, slot: "identity", label: "mira" }, { credential: passphrase("mine") });
  await ask(door, world, "access.add", { kind: "key-file", label: "ci" }, { credential: passphrase("mine"), body: [key.slice()] });
  const project = { project: "shop", folder: ".", bind: true, entries: [{ path: "env/shop/A" }], layouts: [] };
  await ask(door, world, "kv.import", project, { body: [bytes("hello")] });
  await door.seal("test");
  return { world, opened, key };
}

const resolve = ({ world, opened }: Made, credential?: Credential, more: { caller?: Caller } = {}) =>
  ask(opened.door, world, "kv.resolve", refs, { ...(credential ? { credential } : {}), ...more });

const linesOf = ({ world }: Made): Record<string, unknown>[] =>
  fs
    .readFileSync(`${world.dir}/audit/000001.jsonl`, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

t.test("the values come, and the vault is as sealed as before", async (t) => {
  const one = await made(t);
  const { door } = one.opened;
  const before = linesOf(one).length;
  leaks();
  t.same((await resolve(one, keyFile(one.key.slice()))).body, ["hello"]);
  t.same(leaks(), [], "no key is left in memory");
  t.equal(door.openCount(), 0);
  t.equal(await codeOf(resolve(one)), "sealed");
  t.match(
    linesOf(one)
      .slice(before)
      .map(({ kind, verb, presence, detail }) => ({ kind, verb, presence, detail })),
    [
      { kind: "event", verb: "agent.unseal", detail: { by: "key-file" } },
      { kind: "access", verb: "kv.resolve", presence: "key-file" },
      { kind: "event", verb: "agent.seal", detail: { reason: "done" } },
    ],
  );
  t.same((await resolve(one, passphrase("mine"))).body, ["hello"], "any credential that opens it");
  t.equal(door.openCount(), 0, "the identity stays closed, too");
});

t.test("nobody else finds it open meanwhile", async (t) => {
  const one = await made(t);
  const { door } = one.opened;
  const codes: string[] = [];
  let going = true;
  const others = (async () => {
    while (going) {
      codes.push(await codeOf(resolve(one)), await codeOf(ask(door, one.world, "kv.list", { prefix: "" })));
      t.equal(door.openCount(), 0);
      await new Promise((next) => setImmediate(next));
    }
  })();
  for (let round = 0; round < 3; round++) await resolve(one, keyFile(one.key.slice()));
  going = false;
  await others;
  t.ok(codes.length > 6, `${codes.length} tries`);
  t.same([...new Set(codes)], ["sealed"]);
  // two services that start at the same time wait for each other
  const both = [0, 1].map(() => resolve(one, keyFile(one.key.slice())));
  t.same(
    (await Promise.all(both)).map(({ body }) => body),
    [["hello"], ["hello"]],
  );
});

t.test("sealed again whatever the request comes to", async (t) => {
  const one = await made(t);
  const { door } = one.opened;
  const missing = { folder: ".", refs: [{ path: "env/shop/NONE" }] };
  leaks();
  t.equal(await codeOf(ask(door, one.world, "kv.resolve", missing, { credential: keyFile(one.key.slice()) })), "unresolved");
  t.equal(
    await codeOf(ask(door, one.world, "kv.resolve", { ...refs, folder: "other" }, { credential: keyFile(one.key.slice()) })),
    "not-bound",
  );
  const asked = codeOf(resolve(one, keyFile(one.key.slice())));
  await new Promise((next) => setTimeout(next, 1));
  await door.seal("test");
  t.ok(["done", "sealed"].includes(await asked), "sealed in the middle of it");
  t.same(leaks(), []);
  t.equal(door.openCount(), 0);
  t.same((await resolve(one, keyFile(one.key.slice()))).body, ["hello"], "and the folder is free again");
});

t.test("a wrong credential opens nothing, is noted, and answered slowly", async (t) => {
  const one = await made(t);
  t.equal(await codeOf(resolve(one, keyFile(makeKeyFile()))), "wrong-key");
  t.equal(await codeOf(resolve(one, shares(["nonsense"]))), "wrong-share");
  t.same(one.opened.waits, [1000, 2000]);
  t.equal(fs.readFileSync(`${one.world.dir}/unseal.log`, "utf8").trimEnd().split("\n").length, 2);
  // this opening takes the tries into the audit log, so the next unseal would tell nobody of them
  t.match((await resolve(one, keyFile(one.key.slice()))).result.notices, [/^2 failed tries to unseal since the last time/]);
  t.equal((await resolve(one, keyFile(one.key.slice()))).result.notices, undefined);
  t.equal(await codeOf(resolve(one, keyFile(makeKeyFile()))), "wrong-key");
  const verified = await ask(one.opened.door, one.world, "vault.verify", {}, { credential: keyFile(one.key.slice()) });
  t.match(verified.result.notices, [/^1 failed try to unseal/]);
  t.equal(
    await codeOf(ask(one.opened.door, one.world, "kv.get", { path: "env/shop/A" }, { credential: keyFile(one.key.slice()) })),
    "sealed",
    "no other verb",
  );
});

// whoever hung up, or sealed, while the answer was kept back was never heard of
t.test("a wrong try is noted before the wait for its answer", async (t) => {
  const one = await made(t);
  const noted: number[] = [];
  const lines = () => fs.readFileSync(`${one.world.dir}/unseal.log`, "utf8").trimEnd().split("\n").length;
  const { door } = openDoor(one.world, undefined, { work, sleep: async () => void noted.push(lines()) });
  const wrong = () => ({ credential: keyFile(makeKeyFile()) });
  t.equal(await codeOf(ask(door, one.world, "kv.resolve", refs, wrong())), "wrong-key");
  t.equal(await codeOf(ask(door, one.world, "agent.unseal", {}, wrong())), "wrong-key");
  t.equal(await codeOf(ask(door, one.world, "access.test", {}, wrong())), "wrong-key");
  t.equal(await codeOf(ask(door, one.world, "vault.verify", {}, wrong())), "wrong-key");
  t.same(noted, [1, 2, 3, 4]);
});

t.test("where the vault is open it stays so, and a wrong key file is a wrong one all the same", async (t) => {
  const one = await made(t);
  const { door } = one.opened;
  await ask(door, one.world, "agent.unseal", {}, { credential: passphrase("mine") });
  t.same((await resolve(one, keyFile(one.key.slice()))).body, ["hello"]);
  t.equal(await codeOf(resolve(one, keyFile(makeKeyFile()))), "wrong-key");
  t.match(linesOf(one).at(-1), { kind: "denied", verb: "kv.resolve", code: "wrong-key" });
  t.same((await resolve(one)).body, ["hello"]);
  await door.seal("test");
});

t.test("a key file is presence: it opens what `local` does not grant; under a sign of an AI tool it opens nothing", async (t) => {
  const one = await made(t);
  const { door } = one.opened;
  await ask(door, one.world, "agent.unseal", {}, { credential: passphrase("mine") });
  await ask(door, one.world, "policy.write", { name: "local", text: "" }, { credential: passphrase("mine") });
  t.equal(await codeOf(resolve(one, undefined, { caller: { ...caller, session: "2.2" } })), "presence-needed");
  t.same((await resolve(one, keyFile(one.key.slice()))).body, ["hello"]);
  await door.seal("test");
  t.same((await resolve(one, keyFile(one.key.slice()))).body, ["hello"]);
  t.match(
    linesOf(one).findLast((line) => line["verb"] === "kv.resolve"),
    { policy: "owner", presence: "key-file" },
  );
  const tool: Caller = { ...caller, verdict: "sign", tool: "Claude Code", signs: ["CLAUDECODE"] };
  t.equal(await codeOf(resolve(one, keyFile(one.key.slice()), { caller: tool })), "sealed");
  t.same(one.opened.waits, [], "it was not even tried");
});

// every opening checks all lines of the open segment: a service that starts each minute would have made it longer for ever
t.test("a vault that is only ever opened for a moment goes on to the next audit segment", async (t) => {
  const one = await made(t);
  const { door } = one.opened;
  await ask(door, one.world, "agent.unseal", {}, { credential: passphrase("mine") });
  const left = 497 - linesOf(one).length;
  await Promise.all(Array.from({ length: left }, () => ask(door, one.world, "kv.list", { prefix: "" })));
  await door.seal("test");
  t.equal(linesOf(one).length, 498);
  t.same((await resolve(one, keyFile(one.key.slice()))).body, ["hello"]);
  t.same((await resolve(one, keyFile(one.key.slice()))).body, ["hello"]);
  t.match(linesOf(one).at(-1), { seq: 502, kind: "checkpoint" }, "closed, and signed");
  t.same(fs.readdirSync(`${one.world.dir}/audit`), ["000001.jsonl", "000002.jsonl"]);
  const verified = await ask(door, one.world, "audit.verify", {}, { credential: keyFile(one.key.slice()) });
  t.match(verified.result, { ok: true, segments: 2, missing: [] });
});
