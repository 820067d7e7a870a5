/** One suite for the Door: against the gate in this process, and against a real agent over its socket. */
import "../helpers/detached.ts";
import * as fs from "node:fs";
import t from "tap";
import type { Calls } from "../../src/calls.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Answer, Credential, VaultRef } from "../../src/protocol.ts";
import { verbs, type VerbName } from "../../src/verbs.ts";
import { realAgent } from "../agent/real.ts";
import { bytes, caller, codeOf, keyFile, makeWorld, openDoor, refOf, removeWorld } from "../helpers/vault.ts";

type Ask = <V extends VerbName>(
  verb: V,
  args: Calls[V]["args"],
  o: { vault?: VaultRef; body?: Uint8Array[]; credential?: Credential },
) => Promise<Answer<V>>;
type Ends = { teardown(act: () => void | Promise<void>): void };
type Door = { project: string; ask: Ask };

async function inProcess(t: Ends): Promise<Door> {
  const world = makeWorld();
  const { door } = openDoor(world);
  t.teardown(async () => {
    await door.seal("end");
    removeWorld(world);
  });
  return { project: world.project, ask: (verb, args, o) => door.ask({ verb, args, ...o }, caller) };
}

async function overSocket(t: Ends): Promise<Door> {
  const { client, base } = await realAgent(t);
  const project = `${base}/shop`;
  fs.mkdirSync(project, { mode: 0o700 });
  return { project, ask: (verb, args, o) => client.ask(verb, args, o) };
}

for (const [name, open] of [
  ["in process", inProcess],
  ["over the socket", overSocket],
] as const) {
  t.test(`the door, ${name}`, async (t) => {
    const { project, ask: raw } = await open(t);
    const key = makeKeyFile();
    const dir = `${project}/.zvault`;
    const proof = (): { credential: Credential } => ({ credential: keyFile(key.slice()) });
    const ask = async <V extends VerbName>(
      verb: V,
      args: Calls[V]["args"],
      o: { body?: Uint8Array[]; credential?: Credential } = {},
    ): Promise<{ result: Calls[V]["result"]; body: string[] }> => {
      const vault = fs.existsSync(`${dir}/vault`) ? { vault: refOf(dir) } : {};
      const answer = await raw(verb, args, { ...vault, ...o });
      const body = answer.body.map((one) => Buffer.from(one).toString("utf8"));
      answer.release();
      return { result: answer.result, body };
    };

    await t.test("a vault is made, and there is only one", async (t) => {
      const made = await ask("vault.init", { dir: project, slot: "key-file" }, proof());
      t.equal(made.result.dir, dir);
      t.equal(await codeOf(ask("vault.init", { dir: project, slot: "key-file" }, proof())), "changed");
    });

    await t.test("what is put is got, by whoever proves presence", async (t) => {
      const binary = Uint8Array.from({ length: 256 }, (_, at) => at);
      const answer = await raw("kv.put", { path: "env/shop/BINARY" }, { vault: refOf(dir), body: [binary] });
      t.equal(answer.result.version, 1);
      const got = await raw("kv.get", { path: "env/shop/BINARY" }, { vault: refOf(dir), ...proof() });
      t.same([...(got.body[0] ?? [])], [...binary]);
      got.release();
      t.equal(await codeOf(ask("kv.get", { path: "env/shop/BINARY" })), "presence-needed");
      t.equal(await codeOf(ask("kv.get", { path: "env/shop/BINARY" }, { credential: keyFile(makeKeyFile()) })), "wrong-key");
    });

    await t.test("an import is all or nothing, and resolve gives it back in order", async (t) => {
      const entries = ["A", "B", "C"].map((key) => ({ path: `env/shop/${key}` }));
      const asked = { project: "shop", folder: ".", bind: true, entries, layouts: [] };
      const body = [bytes("a"), bytes(""), bytes("ä€😀")];
      t.same(
        // there is a secret of that name already: a person says that it is this folder's
        (await ask("kv.import", asked, { body, ...proof() })).result.created,
        entries.map((one) => one.path),
      );
      t.same(
        (await ask("kv.import", asked, { body })).result.same,
        entries.map((one) => one.path),
      );
      const stale = { ...asked, expect: { "env/shop/A": 7 } };
      t.equal(await codeOf(ask("kv.import", stale, { body: [bytes("x"), bytes("y"), bytes("z")] })), "changed");
      const refs = [{ path: "env/shop/C" }, { path: "env/shop/A" }, { path: "env/shop/B" }];
      t.same((await ask("kv.resolve", { folder: ".", refs })).body, ["ä€😀", "a", ""]);
      t.equal(await codeOf(ask("kv.resolve", { folder: "other", refs })), "not-bound");
      t.equal(await codeOf(ask("kv.resolve", { folder: ".", refs: [{ path: "env/shop/NONE" }] })), "unresolved");
      t.equal(await codeOf(ask("kv.resolve", { folder: ".", refs, dangerous: ["NODE_OPTIONS"] })), "dangerous-name");
    });

    await t.test("versions: undo, delete, undelete, destroy", async (t) => {
      const path = "env/shop/V";
      for (const value of ["one", "two", "three"]) await ask("kv.put", { path }, { body: [bytes(value)] });
      t.same((await ask("kv.undo", { path })).result, { version: 4, from: 2 });
      await ask("kv.delete", { path });
      t.equal(await codeOf(ask("kv.get", { path }, proof())), "not-found");
      t.same((await ask("kv.undo", { path })).result, { version: 4, from: 4 });
      t.same((await ask("kv.get", { path }, proof())).body, ["two"]);
      t.same((await ask("kv.destroy", { path, versions: [1] }, proof())).result.destroyed, [1]);
      t.equal(await codeOf(ask("kv.get", { path, version: 1 }, proof())), "not-found");
      const { versions } = (await ask("kv.history", { path })).result;
      t.same(
        versions.map((one) => one.state),
        ["destroyed", "live", "live", "live"],
      );
    });

    await t.test("a path is accepted or refused, never repaired", async (t) => {
      for (const path of [
        "",
        "/a",
        "a//b",
        "a/../b",
        "a/./b",
        "a/",
        "a b",
        "a%2e",
        "a\\b",
        "ä",
        "a/".repeat(16) + "a",
        "x".repeat(129),
      ]) {
        t.equal(await codeOf(ask("kv.put", { path }, { body: [bytes("x")] })), "usage", JSON.stringify(path.slice(0, 20)));
      }
    });

    await t.test("no verb that shows or governs is served without presence", async (t) => {
      const args: Partial<Record<VerbName, unknown>> = {
        "vault.rekey": {},
        "access.add": { kind: "key-file" },
        "access.remove": { slot: "key-file" },
        "kv.get": { path: "env/shop/A" },
        "kv.export": { folder: ".", refs: [{ path: "env/shop/A" }] },
        "kv.destroy": { path: "env/shop/A" },
        "project.allow": { folder: ".", refs: ["env/other/A"] },
        "backup.restore": { dir: project, from: "mirror" },
        "transit.create": { name: "k", type: "hmac" },
        "transit.trim": { name: "k", before: 1 },
        "policy.write": { name: "deploy", text: "" },
        "policy.delete": { name: "local" },
        "approle.write": { role: "ci", policies: ["local"] },
        "approle.delete": { role: "ci" },
        "approle.secret-id": { role: "ci" },
        "approle.revoke": { role: "ci", accessor: "0".repeat(24) },
      };
      for (const verb of Object.keys(verbs) as VerbName[]) {
        if (verbs[verb].presence === "no") continue;
        const usual = verbs[verb].paths.includes("NAME") ? { name: "k" } : {};
        const code = await codeOf(ask(verb, (args[verb] ?? usual) as never));
        // adopting a vault that is known already fails before presence matters
        t.equal(code, verb === "vault.adopt" ? "changed" : "presence-needed", verb);
      }
    });

    // all verbs and callers: decisions.test.ts
    await t.test("a token decides by its policies alone, and its accessor is in the record", async (t) => {
      await ask("policy.write", { name: "narrow", text: 'path "env/shop/A" { capabilities = ["read"] }' }, proof());
      const narrow = await ask("token.create", { policies: ["narrow"] }, proof());
      const root = await ask("token.root", {}, proof());
      const person = { ...proof(), result: { accessor: null } };
      const nobody = { result: { accessor: null } };
      const by = (made: typeof narrow | typeof root) => ({
        result: made.result,
        credential: { kind: "token" as const, parts: [bytes(made.body[0] ?? "")] },
      });
      const cells = [
        [nobody, "kv.get", "presence-needed", ["denied"]],
        [by(narrow), "kv.get", "done", ["access"]],
        [by(narrow), "kv.history", "denied", ["denied"]],
        [by(narrow), "kv.delete", "denied", ["denied"]],
        [by(root), "kv.delete", "done", ["intent", "outcome"]],
        [by(root), "kv.undelete", "done", ["intent", "outcome"]],
        [person, "kv.get", "done", ["access"]],
      ] as const;
      for (const [{ result, ...credential }, verb, code, kinds] of cells) {
        const { last } = (await ask("audit.tail", { lines: 1 })).result;
        t.equal(await codeOf(ask(verb, { path: "env/shop/A" }, credential)), code, verb);
        const { lines } = (await ask("audit.tail", { after: last, verb })).result;
        const caller = { accessor: result.accessor };
        t.match(
          lines,
          kinds.map((kind) => ({ kind, verb, paths: ["env/shop/A"], caller })),
        );
        t.equal(lines.length, kinds.length);
      }
    });

    await t.test("everything is in the audit log, and it checks", async (t) => {
      const { result } = await ask("audit.tail", { lines: 500 });
      const kinds = new Set(result.lines.map((line) => line["kind"]));
      t.same([...kinds].toSorted(), ["access", "denied", "event", "intent", "outcome"]);
      t.notMatch(JSON.stringify(result.lines), /ä€|three/);
      t.match((await ask("audit.verify", {})).result, { ok: true });
      t.match((await ask("vault.verify", {})).result, { ok: true, problems: [] });
    });

    await t.test("sealed is sealed", async (t) => {
      await ask("agent.seal", {});
      if (name === "over the socket") return;
      t.equal(await codeOf(ask("kv.list", { prefix: "" })), "sealed");
      t.equal(await codeOf(ask("agent.unseal", {}, { credential: keyFile(makeKeyFile()) })), "wrong-key");
      await ask("agent.unseal", {}, proof());
      t.same((await ask("kv.get", { path: "env/shop/A" }, proof())).body, ["a"]);
    });
  });
}
