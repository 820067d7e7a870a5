/** Every verb of the table, asked by an AI tool with a good credential in its hands, and by what a run started. */
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Caller } from "../../src/protocol.ts";
import { verbs, type VerbName } from "../../src/verbs.ts";
import { ask, bytes, caller, codeOf, keyFile, makeWorld, openDoor, removeWorld } from "../helpers/vault.ts";

const tool: Caller = { ...caller, verdict: "sign", tool: "Claude Code", signs: ["CLAUDECODE"] };
const inRun: Caller = { ...caller, inRun: true };

/** What an AI tool gets an answer to; everything else of the table is a person's. */
const forTools: readonly VerbName[] = [
  "agent.status",
  "agent.seal",
  "vault.status",
  "vault.verify",
  "access.list",
  "identity.show",
  "backup.create",
  "backup.sync",
  "backup.list",
  "kv.list",
  "kv.history",
  "kv.resolve",
  "kv.watch",
  "project.list",
  "transit.list",
  "transit.read",
  "token.lookup",
  "token.list",
  "approle.list",
  "approle.read",
  "approle.secret-ids",
  "approle.login",
  "policy.list",
  "policy.read",
  "policy.test",
  "audit.verify",
  "audit.key",
  "audit.uses",
  "audit.stats",
  "audit.offboard",
  "audit.tail",
];

t.test("an AI tool lists, describes and uses, and everything else is refused, credential or not", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door } = openDoor(world);
  const proof = () => ({ credential: keyFile(key.slice()) });
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, proof());
  const path = "env/shop/A";
  const entries = [{ path }];
  const project = { project: "shop", folder: ".", bind: true, entries, layouts: [] };
  await ask(door, world, "kv.import", project, { body: [bytes("hello")] });
  const args: Partial<Record<VerbName, unknown>> = {
    "vault.init": { dir: world.project, slot: "key-file" },
    "access.add": { kind: "shares", shares: 3, threshold: 2 },
    "access.remove": { slot: "key-file" },
    "backup.create": { out: `${world.base}/copy` },
    "backup.look": { dir: world.project, from: "mirror" },
    "backup.restore": { dir: world.project, from: "mirror" },
    "kv.expose": { paths: [path] },
    "transit.list": {},
    "transit.create": { name: "k", type: "hmac" },
    "transit.trim": { name: "k", before: 1 },
    "transit.random": { bytes: 1 },
    "transit.hash": { algorithm: "sha2-256" },
    "kv.list": { prefix: "" },
    "kv.import": project,
    "kv.resolve": { folder: ".", refs: [{ path }] },
    "kv.watch": { folder: ".", refs: [{ path }], since: "", wait: 0 },
    "kv.export": { folder: ".", refs: [{ path }] },
    "project.allow": { folder: ".", refs: ["env/other/A"] },
    "token.lookup": { accessor: "0".repeat(24) },
    "approle.write": { role: "k", policies: ["local"] },
    "approle.revoke": { role: "k", accessor: "0".repeat(24) },
    "approle.login": { roleId: "0".repeat(32) },
    "policy.read": { name: "local-ai" },
    "policy.write": { name: "local-ai", text: 'path "*" { capabilities = ["sudo"] }' },
    "policy.delete": { name: "local-ai" },
    "policy.test": { path, needs: ["use"], list: false },
  };
  for (const verb of Object.keys(verbs) as VerbName[]) {
    if (verb === "agent.seal") continue;
    const { paths } = verbs[verb];
    const usual = paths === "path" ? { path } : paths.includes("NAME") ? { name: "k" } : paths === "role" ? { role: "k" } : {};
    const asked = (args[verb] ?? usual) as never;
    const body = verb === "kv.put" || verb === "kv.import" ? { body: [bytes("changed")] } : {};
    const code = await codeOf(ask(door, world, verb, asked, { ...proof(), ...body, caller: tool }));
    if (forTools.includes(verb)) t.not(code, "ai-tool", `${verb}: ${code}`);
    else t.equal(code, "ai-tool", verb);
  }
  t.same((await ask(door, world, "kv.get", { path }, proof())).body, ["hello"], "nothing was changed");

  const make = { path: "env/shop/NEW", generate: { kind: "hex", length: 16 } };
  t.equal(
    await codeOf(ask(door, world, "kv.put", { ...make, class: "setting" }, { caller: tool })),
    "ai-tool",
    "a setting is readable",
  );
  t.equal(await codeOf(ask(door, world, "kv.put", { ...make, path: "app/NEW" }, { caller: tool })), "ai-tool", "outside of env/");
  const both = [0, 1].map(() => codeOf(ask(door, world, "kv.put", { ...make }, { caller: tool })));
  t.same((await Promise.all(both)).toSorted(), ["changed", "done"], "made once, at the same time too");
  t.equal(await codeOf(ask(door, world, "kv.put", { ...make }, { caller: tool })), "ai-tool", "and never over it");
  await ask(door, world, "kv.delete", { path: make.path });
  t.equal(await codeOf(ask(door, world, "kv.put", { ...make }, { caller: tool })), "ai-tool", "nor over one that was taken away");

  const bind = { project: "web", folder: "web", bind: true, entries: [], layouts: [] };
  t.equal(
    await codeOf(ask(door, world, "kv.import", { ...bind, also: [{ project: "x", folder: "x" }] }, { caller: tool })),
    "ai-tool",
  );
  t.equal(await codeOf(ask(door, world, "kv.import", { ...bind }, { caller: tool })), "done", "a project without values is bound");
  const taken = { ...bind, project: "shop", folder: "elsewhere" };
  t.not(await codeOf(ask(door, world, "kv.import", taken, { caller: tool })), "done", "one with values is not");

  const { lines } = (await ask(door, world, "audit.tail", { lines: 1000 })).result;
  const denied = lines.filter((line) => line["kind"] === "denied" && line["code"] === "ai-tool");
  t.ok(
    denied.length > 10 && denied.every((line) => (line["caller"] as Caller).tool === "Claude Code"),
    "refusals are written down",
  );
  t.ok(lines.some((line) => line["policy"] === "local-ai"));

  await ask(door, world, "agent.seal", {}, { caller: tool });
  t.equal(
    await codeOf(ask(door, world, "agent.unseal", {}, { ...proof(), caller: tool })),
    "ai-tool",
    "sealed, its credential opens nothing",
  );
  t.equal(await codeOf(ask(door, world, "vault.verify", {}, { ...proof(), caller: tool })), "sealed");
});

t.test("what a run started is shown no value, with a credential neither; it uses and governs as its person does", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door } = openDoor(world);
  const proof = () => ({ credential: keyFile(key.slice()), caller: inRun });
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, { ...proof(), caller });
  const path = "env/shop/A";
  const project = { project: "shop", folder: ".", bind: true, entries: [{ path }], layouts: [] };
  await ask(door, world, "kv.import", project, { body: [bytes("hello")] });
  t.equal(await codeOf(ask(door, world, "kv.get", { path }, proof())), "denied");
  t.equal(await codeOf(ask(door, world, "kv.export", { folder: ".", refs: [{ path }] } as never, proof())), "denied");
  t.same((await ask(door, world, "kv.resolve", { folder: ".", refs: [{ path }] }, { caller: inRun })).body, ["hello"]);
  t.equal(await codeOf(ask(door, world, "project.allow", { folder: ".", refs: ["env/x/Y"] }, proof())), "done");
  await door.seal("end");
});
