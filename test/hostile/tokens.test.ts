/** What a program with a narrow token, or a narrow program with somebody's token, tries: more rights, more uses, more time, another's doing. */
import t from "tap";
import type { Calls } from "../../src/calls.ts";
import type { Caller, Credential } from "../../src/protocol.ts";
import type { VerbName } from "../../src/verbs.ts";
import {
  ask,
  bytes,
  codeOf,
  keyFile,
  makeWorld,
  openDoor,
  passphrase,
  removeWorld,
  vaulted,
  type Vaulted,
} from "../helpers/vault.ts";

type Made = { text: string; accessor: string };
type By = Made | "owner";

function as<V extends VerbName>(
  { opened, world, key }: Vaulted,
  by: By,
  verb: V,
  args: Calls[V]["args"],
  more: { body?: Uint8Array[]; caller?: Caller } = {},
) {
  const credential: Credential = by === "owner" ? keyFile(key) : { kind: "token", parts: [bytes(by.text)] };
  return ask(opened.door, world, verb, args, { credential, ...more });
}

/** Capabilities on patterns, as a policy of that name. */
async function policy(one: Vaulted, name: string, rules: Record<string, string[]>): Promise<void> {
  const text = Object.entries(rules).map(([path, all]) => `path "${path}" { capabilities = ${JSON.stringify(all)} }`);
  await as(one, "owner", "policy.write", { name, text: text.join("\n") });
}

async function token(one: Vaulted, args: Calls["token.create"]["args"], by: By = "owner"): Promise<Made> {
  const { result, body } = await as(one, by, "token.create", args);
  return { accessor: result.accessor, text: body[0] ?? "" };
}

t.test("a use that is taken while the log is made anew stays taken", async (t) => {
  const one = await vaulted(t);
  await policy(one, "reader", { "env/*": ["read"] });
  const made = await token(one, { policies: ["reader"], uses: 20 });
  const codes: string[] = [];
  for (let round = 0; round < 4; round++) {
    let over = false;
    const compaction = as(one, "owner", "vault.compact", {}).then(() => (over = true));
    while (!over) {
      codes.push(await codeOf(as(one, made, "kv.get", { path: "env/shop/A" })));
      if (codes.length > 200) break;
    }
    await compaction;
  }
  while (codes.length < 40) codes.push(await codeOf(as(one, made, "kv.get", { path: "env/shop/A" })));
  t.equal(codes.filter((code) => code === "done").length, 20, codes.join());
  await one.opened.door.seal("test");
  one.opened = openDoor(one.world);
  await as(one, "owner", "agent.unseal", {});
  t.equal(await codeOf(as(one, made, "kv.get", { path: "env/shop/A" })), "denied");
  await one.opened.door.seal("test");
});

t.test("a token with a number of uses makes no children, which would have as many as they like", async (t) => {
  const one = await vaulted(t);
  await policy(one, "maker", { "env/*": ["read"], "auth/token/create": ["create"] });
  const made = await token(one, { policies: ["maker"], uses: 2 });
  t.equal(await codeOf(token(one, {}, made)), "denied");
  t.equal(await codeOf(token(one, { uses: 1 }, made)), "denied");
  const whole = await token(one, { policies: ["maker"] });
  t.equal(await codeOf(token(one, { uses: 1 }, whole)), "done");
  await one.opened.door.seal("test");
});

t.test("a line of tokens has an end: each request goes through all of it", async (t) => {
  const one = await vaulted(t);
  await policy(one, "maker", { "auth/token/create": ["create"] });
  let made = await token(one, { policies: ["maker"] });
  let code = "done";
  let depth = 1;
  for (; code === "done" && depth < 100; depth += 1) {
    const by = made;
    code = await codeOf(token(one, {}, by).then((child) => (made = child)));
  }
  t.same([code, depth - 1], ["denied", 16]);
  await one.opened.door.seal("test");
});

t.test("no token and no role is given what stands for root or for the owner's presence", async (t) => {
  const one = await vaulted(t);
  for (const name of ["root", "owner"]) {
    t.equal(await codeOf(token(one, { policies: ["default", name] })), "denied", name);
    t.equal(await codeOf(as(one, "owner", "approle.write", { role: "ci", policies: [name] })), "denied", name);
  }
  await one.opened.door.seal("test");
});

t.test("a role gives what its maker could not: only a person or a root token makes one", async (t) => {
  const one = await vaulted(t);
  await policy(one, "roles", { "auth/approle/role/*": ["create", "update", "delete", "list"] });
  await policy(one, "not-b", { "env/shop/B": ["deny"] });
  await policy(one, "reader", { "env/*": ["read"] });
  const made = await token(one, { policies: ["roles", "reader", "not-b"] });
  for (const policies of [["reader"], ["roles"], ["local"], []])
    t.equal(await codeOf(as(one, made, "approle.write", { role: "mine", policies })), "denied", policies.join());
  t.equal(await codeOf(as(one, made, "approle.write", { role: "mine", policies: [], token: { forTool: true } })), "denied");
  // what a person wrote, it may hand out
  await as(one, "owner", "approle.write", { role: "ci", policies: ["local"] });
  t.equal(await codeOf(as(one, made, "approle.secret-id", { role: "ci" })), "done");
  const root = await as(one, "owner", "token.root", {});
  const by: Made = { text: root.body[0] ?? "", accessor: root.result.accessor };
  t.equal(await codeOf(as(one, by, "approle.write", { role: "cd", policies: ["reader"] })), "done");
  await one.opened.door.seal("test");
});

t.test("a root token needs the credential itself, not one that was given minutes ago", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const opened = openDoor(world);
  const mine = (): { credential: Credential } => ({ credential: passphrase("correct horse battery staple") });
  await ask(opened.door, world, "vault.init", { dir: world.project, slot: "passphrase" }, mine());
  await ask(opened.door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("x")] });
  await ask(opened.door, world, "kv.get", { path: "env/shop/A" }, mine());
  t.equal(await codeOf(ask(opened.door, world, "kv.get", { path: "env/shop/A" })), "done", "remembered");
  t.equal(await codeOf(ask(opened.door, world, "token.root", {})), "presence-needed");
  t.equal(await codeOf(ask(opened.door, world, "token.root", {}, mine())), "done");
  await opened.door.seal("test");
});

t.test("an import lets nothing of another project go to a host, and tells nothing of it", async (t) => {
  const one = await vaulted(t);
  await policy(one, "mine", { "env/mine/*": ["create", "update"] });
  const made = await token(one, { policies: ["mine"] });
  const bind = { project: "mine", folder: "mine", bind: true, layouts: [] };
  const entries = [{ path: "env/mine/A" }];
  const body = (): { body: Uint8Array[] } => ({ body: [bytes("k8Kq2vZ")] });
  const hosts = (ref: string): Calls["kv.import"]["args"] => ({ ...bind, entries, hosts: [{ folder: "mine", refs: [ref] }] });
  t.equal(await codeOf(as(one, made, "kv.import", hosts("env/shop/A@evil.example"), body())), "denied");
  t.equal(await codeOf(as(one, made, "kv.import", { ...bind, entries, expect: { "env/shop/A": 7 } }, body())), "denied");
  t.equal(await codeOf(as(one, made, "kv.import", hosts("env/mine/A@db.example"), body())), "done");
  await one.opened.door.seal("test");
});

t.test("with the policy `local` a token has what a program has without one, of transit keys, too", async (t) => {
  const one = await vaulted(t);
  await as(one, "owner", "transit.create", { name: "k", type: "aes256-gcm96" });
  const made = await token(one, { policies: ["local"] });
  const { body } = await as(one, made, "transit.encrypt", { name: "k" }, { body: [bytes("x")] });
  const sealed = (): { body: Uint8Array[] } => ({ body: [bytes(body[0] ?? "")] });
  t.equal(await codeOf(as(one, made, "transit.rewrap", { name: "k" }, sealed())), "done");
  t.equal(await codeOf(as(one, made, "transit.read", { name: "k" })), "done");
  t.equal(await codeOf(as(one, made, "transit.list", {})), "done");
  t.equal(await codeOf(as(one, made, "transit.decrypt", { name: "k" }, sealed())), "denied");
  t.equal(await codeOf(as(one, made, "transit.datakey", { name: "k" })), "denied");
  t.equal(await codeOf(as(one, made, "transit.rotate", { name: "k" })), "denied");
  t.equal(await codeOf(as(one, made, "transit.config", { name: "k", deletable: true })), "denied");
  t.equal(await codeOf(as(one, made, "transit.trim", { name: "k", before: 1 })), "denied");
  await one.opened.door.seal("test");
});

t.test("a token unseals nothing, and is no proof of a person", async (t) => {
  const one = await vaulted(t);
  const root = await as(one, "owner", "token.root", {});
  const by: Made = { text: root.body[0] ?? "", accessor: root.result.accessor };
  t.match(await codeOf(as(one, by, "agent.unseal", {})), /^(wrong-key|usage|presence-needed|denied)$/);
  t.match(
    await codeOf(as(one, by, "backup.restore", { dir: one.world.project, from: "mirror" })),
    /^(wrong-key|usage|presence-needed|denied)$/,
  );
  await one.opened.door.seal("test");
  t.match(await codeOf(as(one, by, "agent.unseal", {})), /^(wrong-key|usage|presence-needed|denied)$/);
  t.match(await codeOf(as(one, by, "vault.verify", {})), /^(wrong-key|usage|presence-needed|denied)$/);
});
