/** Policies at the gate: read at each request, intersected under a sign, named in the audit log; presence is above them. */
import fc from "fast-check";
import t from "tap";
import type { Calls } from "../../src/calls.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Caller } from "../../src/protocol.ts";
import { decideAll, rightsOf } from "../../src/vault/rights.ts";
import { diskIo, type Io } from "../../src/vault/io.ts";
import { PolicyBook } from "../../src/vault/policy/book.ts";
import { State } from "../../src/vault/state.ts";
import type { Vault } from "../../src/vault/vault.ts";
import { capabilities, type Capability, verbs, type VerbName } from "../../src/verbs.ts";
import { ask, bytes, caller, codeOf, keyFile, makeWorld, openDoor, removeWorld } from "../helpers/vault.ts";

const tool: Caller = { ...caller, verdict: "sign", tool: "Claude Code", signs: ["CLAUDECODE"] };
const unsure: Caller = { ...caller, verdict: "ambiguous", signs: ["editor"] };

type Ends = { teardown(act: () => void | Promise<void>): void };

/** A vault with env/shop/A, env/shop/B and app/C, bound to its folder. */
async function vaultFor(t: Ends, io: Io = diskIo) {
  const world = makeWorld();
  const key = makeKeyFile();
  const { door } = openDoor(world, io);
  t.teardown(async () => {
    await door.seal("end");
    removeWorld(world);
  });
  const proof = () => ({ credential: keyFile(key.slice()) });
  const run = <V extends VerbName>(verb: V, args: Calls[V]["args"], more: Parameters<typeof ask<V>>[4] = {}) =>
    ask(door, world, verb, args, more);
  const write = async (name: string, text: string) => (await run("policy.write", { name, text }, proof())).result;
  await run("vault.init", { dir: world.project, slot: "key-file" }, proof());
  const entries = ["A", "B"].map((name) => ({ path: `env/shop/${name}` }));
  await run("kv.import", { project: "shop", folder: ".", bind: true, entries, layouts: [] }, { body: [bytes("a"), bytes("b")] });
  await run("kv.put", { path: "app/C" }, { body: [bytes("c")], ...proof() });
  const resolve = (who = caller) => codeOf(run("kv.resolve", { folder: ".", refs: [{ path: "env/shop/A" }] }, { caller: who }));
  return { proof, run, write, resolve };
}

t.test("a change acts at the next request, and a deleted built-in policy is as it was", async (t) => {
  const { run, write, resolve, proof } = await vaultFor(t);
  t.equal(await resolve(), "done");
  t.match(await write("local", 'path "*" { capabilities = ["list"] }'), { name: "local", builtIn: true, created: false });
  t.equal(await resolve(), "presence-needed");
  t.equal(await codeOf(run("kv.put", { path: "env/shop/N" }, { body: [bytes("n")] })), "presence-needed");
  await write("local", "");
  t.equal(await codeOf(run("kv.list", { prefix: "" })), "presence-needed", "an empty one grants nothing");
  t.equal(await codeOf(run("kv.list", { prefix: "" }, proof())), "done", "presence is above it");
  t.same((await run("policy.delete", { name: "LOCAL " }, proof())).result, { name: "local", restored: true });
  t.equal(await resolve(), "done");
  t.equal(await codeOf(run("policy.delete", { name: "local" }, proof())), "not-found");
});

t.test("however wide `local` is, what shows a value or governs needs a person or a token", async (t) => {
  const { run, write } = await vaultFor(t);
  const all = '["create", "read", "update", "delete", "list", "sudo", "use"]';
  await write("local", `path "*" { capabilities = ${all} }`);
  for (const [verb, args] of [
    ["kv.get", { path: "env/shop/A" }],
    ["kv.export", { folder: ".", refs: [{ path: "env/shop/A" }] }],
    ["policy.delete", { name: "local" }],
    ["transit.create", { name: "box", type: "hmac" }],
    ["token.create", {}],
  ] as const)
    t.equal(await codeOf(run(verb, structuredClone(args) as never)), "presence-needed", verb);
});

t.test("policies outlive seal, compaction and a checkpoint", async (t) => {
  const { run, write, resolve, proof } = await vaultFor(t);
  await write("local", 'path "env/*" { capabilities = ["list"] }');
  await write("deploy", '{"path": {"env/shop/*": {"capabilities": ["use", "list"]}}}');
  const before = (await run("policy.list", {}, proof())).result;
  await run("vault.compact", {}, proof());
  t.equal(await resolve(), "presence-needed");
  await run("agent.seal", {});
  await run("agent.unseal", {}, proof());
  t.equal(await resolve(), "presence-needed");
  t.same((await run("policy.list", {}, proof())).result, before);
  t.same(
    before.policies.map((one) => one.name),
    ["root", "owner", "default", "local", "local-ai", "deploy"],
  );
  const read = (await run("policy.read", { name: "deploy" }, proof())).result;
  t.equal(read.text, 'path "env/shop/*" {\n  capabilities = ["list", "use"]\n}\n');
  t.match(await run("vault.verify", {}), { result: { ok: true } });
});

t.test("`root` and `owner` are nobody's to write, and what is written has a person behind it", async (t) => {
  const { run, proof } = await vaultFor(t);
  for (const name of ["root", "owner", " Root ", "OWNER"]) {
    t.equal(await codeOf(run("policy.write", { name, text: "" }, proof())), "denied", name);
    t.equal(await codeOf(run("policy.delete", { name }, proof())), "denied", name);
  }
  t.equal(await codeOf(run("policy.write", { name: "ops", text: "" })), "presence-needed");
  t.equal(await codeOf(run("policy.write", { name: "ops", text: "" }, { ...proof(), caller: tool })), "ai-tool");
  for (const name of ["\u00a0ops", "ｏps", "a/b", "", "..", "x".repeat(65)])
    t.equal(await codeOf(run("policy.write", { name, text: "" }, proof())), "usage", JSON.stringify(name));
  t.equal(await codeOf(run("policy.write", { name: "ops", text: 'path "a" { allow = [] }' }, proof())), "usage");
  t.equal(await codeOf(run("policy.read", { name: "ops" })), "not-found", "nothing of it was kept");
});

t.test("there is an end to how many policies there can be", async (t) => {
  const { run, write, proof } = await vaultFor(t);
  for (let at = 0; at < 256; at++) await write(`p${at}`, "");
  t.equal(await codeOf(run("policy.write", { name: "one-more", text: "" }, proof())), "too-large");
  t.equal((await write("p7", 'path "a" { capabilities = [] }')).created, false);
  await run("policy.delete", { name: "p9" }, proof());
  t.equal((await write("one-more", "")).created, true);
});

t.test("under a sign both policies must grant it; `local-ai` never adds to `local`", async (t) => {
  const { write, resolve, run } = await vaultFor(t);
  t.same([await resolve(), await resolve(unsure), await resolve(tool)], ["done", "done", "done"]);
  await write("local-ai", 'path "*" { capabilities = ["list"] }');
  t.same([await resolve(), await resolve(unsure), await resolve(tool)], ["done", "done", "ai-tool"]);
  await write("local-ai", 'path "*" { capabilities = ["create", "update", "delete", "list", "use"] }');
  await write("local", 'path "env/shop/B" { capabilities = ["use"] }');
  t.same([await resolve(), await resolve(unsure), await resolve(tool)], ["presence-needed", "presence-needed", "ai-tool"]);
  await write("local", 'path "env/shop/A" { capabilities = ["use", "read", "sudo"] }');
  t.same([await resolve(), await resolve(unsure), await resolve(tool)], ["done", "done", "done"]);
  // what shows or governs is not a policy's to give to an AI tool, nor to anybody without presence
  await write("local-ai", 'path "*" { capabilities = ["read", "sudo"] }');
  t.equal(await codeOf(run("kv.get", { path: "env/shop/A" }, { caller: tool })), "ai-tool");
  t.equal(await codeOf(run("kv.get", { path: "env/shop/A" })), "presence-needed");
});

t.test("a list leaves out what policy does not let the caller list", async (t) => {
  const { run, write, proof } = await vaultFor(t);
  const seen = async (prefix: string, more: object = {}) =>
    (await run("kv.list", { prefix }, more)).result.secrets.map((one) => one.path);
  t.same(await seen(""), ["app/C", "env/shop/A", "env/shop/B"]);
  await write("local", 'path "*" { capabilities = ["list"] }\npath "env/shop/B" { capabilities = ["deny"] }');
  t.same(await seen(""), ["app/C", "env/shop/A"]);
  t.same(await seen("env/shop"), ["env/shop/A"]);
  t.equal(await codeOf(run("kv.history", { path: "env/shop/B" })), "presence-needed");
  await write("local-ai", 'path "*" { capabilities = ["list"] }\npath "app/*" { capabilities = ["deny"] }');
  t.same(await seen("", { caller: tool }), ["env/shop/A"]);
  await write("local", 'path "env/shop/*" { capabilities = ["list"] }\npath "env/shop" { capabilities = ["deny"] }');
  t.equal(await codeOf(run("kv.list", { prefix: "env/shop" })), "presence-needed", "a deny of the folder itself");
  t.equal(await codeOf(run("kv.list", { prefix: "" })), "presence-needed");
  t.same(await seen("", proof()), ["app/C", "env/shop/A", "env/shop/B"], "the owner sees all");
});

t.test("a verb without a path has a place of its own below sys/", async (t) => {
  const { run, write } = await vaultFor(t);
  await write("local", 'path "sys/audit/tail" { capabilities = ["list"] }\npath "sys/policies/local" { capabilities = ["list"] }');
  t.equal(await codeOf(run("audit.tail", {})), "done");
  t.equal(await codeOf(run("policy.read", { name: "local" })), "done");
  t.equal(await codeOf(run("policy.read", { name: "local-ai" })), "presence-needed");
  for (const verb of ["policy.list", "access.list", "project.list", "backup.sync"] as const)
    t.equal(await codeOf(run(verb, {})), "presence-needed", verb);
});

t.test("the audit log names the policies that decided", async (t) => {
  const { run, write, resolve, proof } = await vaultFor(t);
  await resolve();
  await resolve(tool);
  await run("kv.get", { path: "env/shop/A" }, proof());
  const { text } = (await run("policy.read", { name: "local" })).result;
  await write("local", 'path "env/shop/A" { capabilities = ["deny"] }');
  await resolve();
  await resolve(tool);
  await write("local", text);
  const { lines } = (await run("audit.tail", { lines: 100 })).result;
  const of = (verb: VerbName) =>
    lines
      .filter((one) => one["verb"] === verb && one["kind"] !== "outcome")
      .map((one) => ["kind", "policy", "code"].flatMap((name) => (one[name] as string | undefined) ?? []).join(" "));
  t.same(of("kv.resolve"), ["access local", "access local-ai", "denied local presence-needed", "denied local ai-tool"]);
  t.same(of("kv.get"), ["access owner"]);
  const written = lines.find((one) => one["verb"] === "policy.write" && one["kind"] === "intent");
  t.match(written, { paths: ["sys/policies/local"], policy: "owner", presence: "key-file", detail: { rules: 1 } });
});

t.test("a policy that is narrowed while the audit line goes to disk is asked again", async (t) => {
  let held: Promise<void> | undefined;
  let reached = (): void => {};
  const io: Io = {
    ...diskIo,
    async datasync(fd) {
      reached();
      await held;
      await diskIo.datasync(fd);
    },
  };
  const { run, proof, write, resolve } = await vaultFor(t, io);
  const put = () => codeOf(run("kv.put", { path: "env/shop/A" }, { body: [bytes("new")] }));
  for (const [act, code] of [
    [resolve, "denied"],
    [put, "denied"],
    [() => codeOf(run("kv.history", { path: "env/shop/B" })), "done"],
  ] as const) {
    const hold = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    held = hold.promise;
    reached = arrived.resolve;
    // the write's own line is on its way to disk; what is asked now is still granted, and its line goes with the next sync
    const change = write("local", 'path "env/shop/B" { capabilities = ["list"] }');
    await arrived.promise;
    const asked = act();
    held = undefined;
    hold.resolve();
    await change;
    t.equal(await asked, code);
    await run("policy.delete", { name: "local" }, proof());
  }
  // what is a person's decision takes `sudo` of a token, then too: a project that has values is bound to another folder
  await run("kv.put", { path: "env/old/X" }, { body: [bytes("x")] });
  await write("binder", 'path "env/*" { capabilities = ["create", "update", "sudo"] }');
  const token = (await run("token.create", { policies: ["binder"] }, proof())).body[0] ?? "";
  const hold = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  held = hold.promise;
  reached = arrived.resolve;
  const change = write("binder", 'path "env/*" { capabilities = ["create", "update"] }');
  await arrived.promise;
  const bind = { project: "old", folder: "old", bind: true, entries: [], layouts: [] };
  const asked = codeOf(run("kv.import", bind, { credential: { kind: "token", parts: [bytes(token)] } }));
  held = undefined;
  hold.resolve();
  await change;
  t.equal(await asked, "denied");

  const { lines } = (await run("audit.tail", { lines: 100 })).result;
  const kinds = (verb: VerbName) => lines.filter((one) => one["verb"] === verb).map((one) => one["kind"]);
  t.same(kinds("kv.resolve"), ["access", "denied"], "both are written down");
  t.same(kinds("kv.put").slice(-2), ["intent", "outcome"]);
  t.same((await run("kv.get", { path: "env/shop/A" }, proof())).body, ["a"], "nothing was changed");
});

t.test("policy test says what decides, and does nothing", async (t) => {
  const { run, write } = await vaultFor(t);
  await write("deploy", 'path "env/shop/*" { capabilities = ["use", "read"] }\npath "env/*" { capabilities = ["deny"] }');
  const test = async (path: string, needs: Capability[], more: object = {}) =>
    (await run("policy.test", { path, needs, list: false, ...more })).result;
  t.match(await test("env/shop/A", ["use"]), {
    allowed: true,
    reasons: [{ asked: ["local"], why: "granted", rule: "env/*", before: { rule: "*", by: "later-wildcard" } }],
  });
  t.match(await test("env/shop/A", ["update"], { tool: true }), {
    allowed: false,
    reasons: [{ allowed: true }, { asked: ["local-ai"], allowed: false, why: "missing", missing: ["update"] }],
  });
  t.match(await test("env/shop/A", ["read"], { policies: ["Deploy", "local"] }), {
    allowed: true,
    reasons: [{ asked: ["deploy", "local"], policies: ["deploy"], rule: "env/shop/*" }],
  });
  t.match(await test("env/web/A", ["list"], { policies: ["local", "deploy"] }), {
    allowed: false,
    reasons: [{ why: "deny", policies: ["local", "deploy"], rule: "env/*" }],
  });
  t.match(await test("x", ["sudo"], { policies: ["deploy", "root"] }), { allowed: true, reasons: [{ asked: ["root"] }] });
  t.match(await test("nowhere", ["use"], { policies: ["default"] }), { allowed: false, reasons: [{ why: "no-rule", rule: null }] });
  t.equal(await codeOf(run("policy.test", { path: "a", needs: ["use"], list: false, policies: ["none"] })), "not-found");
  t.equal(await codeOf(run("policy.test", { path: "a", needs: [], list: false })), "usage");
  t.equal(await codeOf(run("policy.test", { path: "a//b", needs: ["use"], list: false })), "usage");
});

// rightsOf, as tokens use it
function withPolicies(all: Record<string, Record<string, string[]>>): Vault {
  const state = new State();
  const table = new Map(
    Object.entries(all).map(([name, rules]) => [
      name,
      { written: "", rules: Object.entries(rules).map(([path, capabilities]) => ({ path, capabilities })) },
    ]),
  );
  state.tables.set("policies", table);
  return { policies: new PolicyBook(() => state) } as Vault;
}

t.test("rights of a token: its layers intersect, a sign takes `local-ai`'s away unless it was made for a tool", async (t) => {
  const vault = withPolicies({
    wide: { "env/*": ["use", "update"] },
    narrow: { "env/shop/*": ["use", "sudo"] },
    no: { "env/shop/*": ["deny"] },
  });
  const may = (needs: Capability[], path: string, layers: string[][], o: { sign?: boolean; forTool?: boolean } = {}) =>
    decideAll(rightsOf(vault, o.sign ? tool : caller, { layers, forTool: o.forTool ?? false }), { needs, paths: [path] }).allowed;
  t.equal(may(["use"], "env/shop/A", [["narrow"], ["wide"]]), true);
  t.equal(may(["sudo"], "env/shop/A", [["narrow"], ["wide"]]), false, "a child has no more than its parent");
  t.equal(may(["update"], "env/shop/A", [["narrow"], ["wide"]]), false);
  t.equal(may(["update"], "env/web/A", [["wide"]]), true);
  t.equal(may(["use"], "env/shop/A", [["wide", "no"]]), false, "the more specific rule of the same layer decides");
  t.equal(may(["use"], "env/web/A", [["wide", "no"]]), true);
  t.equal(may(["use"], "env/shop/A", [["gone"]]), false, "a policy that is gone grants nothing");
  t.equal(may(["list"], "env/shop/A", []), false, "a token without policies is not a caller without a token");
  t.equal(may(["sudo"], "any", [["no", "root"]]), true, "root is root");
  t.equal(may(["update"], "env/web/A", [["wide"]], { sign: true }), false);
  t.equal(may(["use"], "env/web/A", [["wide"]], { sign: true }), true);
  t.equal(may(["update"], "env/web/A", [["wide"]], { sign: true, forTool: true }), true);
});

t.test("whatever the policies are, a token with its parent's layers may nothing that its parent may not", async (t) => {
  const segment = fc.constantFrom("a", "b", "ab");
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const pattern = fc
    .tuple(fc.array(fc.oneof(segment, fc.constant("+")), { minLength: 1, maxLength: 4 }), fc.constantFrom("", "/*"))
    .map(([parts, end]) => parts.join("/") + end);
  const policy = fc.dictionary(pattern, fc.subarray([...capabilities, "deny"]), { maxKeys: 6 });
  const names = fc.array(fc.subarray(["p", "q", "r", "default", "gone"]), { minLength: 1, maxLength: 3 });
  let narrower = 0;
  fc.assert(
    fc.property(policy, policy, policy, names, fc.subarray(["p", "q", "r", "root"]), path, (p, q, r, parent, child, one) => {
      const vault = withPolicies({ p, q, r });
      const parents = rightsOf(vault, caller, { layers: parent, forTool: false });
      const children = rightsOf(vault, caller, { layers: [child, ...parent], forTool: false });
      for (const need of capabilities) {
        const asked = { needs: [need], paths: [one] };
        const [above, below] = [decideAll(parents, asked).allowed, decideAll(children, asked).allowed];
        if (below && !above) throw new Error(`${need} on ${one}`);
        if (above && !below) narrower += 1;
      }
    }),
    { numRuns: 1000 },
  );
  t.ok(narrower > 20, `${narrower} were taken away`);
});

t.test("a set of policies is compiled once, until one of them changes", async (t) => {
  const vault = withPolicies({ a: { x: ["use"] }, b: { y: ["use"] } });
  const first = vault.policies.ruleset(["a", "b"]);
  t.equal(vault.policies.ruleset(["a", "b"]), first);
  t.not(vault.policies.ruleset(["b", "a"]), first);
  const state = new State();
  const book = new PolicyBook(() => state);
  const none = book.ruleset(["a"]);
  state.apply(
    {
      v: 1,
      time: "",
      request: "1",
      author: "me",
      ops: [{ op: "set", table: "policies", key: "a", value: { written: "", rules: [{ path: "x", capabilities: ["use"] }] } }],
    },
    [],
  );
  t.equal(none.grants(["use"], "x"), false);
  t.equal(book.ruleset(["a"]).grants(["use"], "x"), true);
  state.tables.get("policies")?.set("b", { written: "", rules: [{ path: "x", capabilities: ["fly"] }] });
  t.throws(() => book.ruleset(["b"]), { code: "newer-format" }, "of a later version: refused, not skipped");
});

t.test("every verb's needs can be granted, and none is granted by nothing", async (t) => {
  const vault = withPolicies({ nobody: {} });
  const rights = rightsOf(vault, caller, { layers: [["nobody"]], forTool: false });
  const root = rightsOf(vault, caller, { layers: [["root"]], forTool: false });
  for (const [name, { needs }] of Object.entries(verbs)) {
    t.equal(decideAll(root, { needs, paths: ["a/b"] }).allowed, true, name);
    t.equal(decideAll(rights, { needs, paths: ["a/b"] }).allowed, needs.length === 0, name);
  }
});
