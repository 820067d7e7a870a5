/** Tokens at the gate: what they open, what they never do, and that a use is a use. */
import * as fs from "node:fs";
import fc from "fast-check";
import t from "tap";
import type { Calls } from "../../src/calls.ts";
import type { Caller, Credential, Request } from "../../src/protocol.ts";
import type { VerbName } from "../../src/verbs.ts";
import { ask, bytes, caller, codeOf, keyFile, openDoor, vaulted, type Vaulted } from "../helpers/vault.ts";

const proof = ({ key }: Vaulted): { credential: Credential } => ({ credential: keyFile(key) });

async function policy(one: Vaulted, name: string, text: string): Promise<void> {
  await ask(one.opened.door, one.world, "policy.write", { name, text }, proof(one));
}

type Made = { token: Credential; accessor: string };

async function token(
  one: Vaulted,
  args: Calls["token.create"]["args"],
  by: { credential: Credential } = proof(one),
): Promise<Made> {
  const { result, body } = await ask(one.opened.door, one.world, "token.create", args, by);
  return { token: { kind: "token", parts: [bytes(body[0] ?? "")] }, accessor: result.accessor };
}

function as<V extends VerbName>(
  one: Vaulted,
  { token: { kind, parts } }: Made,
  verb: V,
  args: Calls[V]["args"],
  more: Partial<Request<V>> & { caller?: Caller } = {},
) {
  return ask(one.opened.door, one.world, verb, args, { credential: { kind, parts: parts.map((part) => part.slice()) }, ...more });
}

const read = 'path "env/*" { capabilities = ["read", "list", "use"] }';

t.test("a token opens what its policies say, without presence, and nothing else", async (t) => {
  const one = await vaulted(t);
  await policy(one, "reader", read);
  const reader = await token(one, { policies: ["reader"] });
  t.same((await as(one, reader, "kv.get", { path: "env/shop/A" })).body, ["value A"]);
  for (const [verb, args] of [
    ["kv.put", { path: "env/shop/A" }],
    ["kv.delete", { path: "env/shop/A" }],
    ["kv.list", { prefix: "" }],
    ["token.list", {}],
    ["token.create", {}],
    ["token.root", {}],
    ["policy.read", { name: "reader" }],
    ["access.list", {}],
    ["vault.rotate", {}],
    ["audit.tail", {}],
  ] as [VerbName, never][])
    t.equal(await codeOf(as(one, reader, verb, args, { body: verb === "kv.put" ? [bytes("x")] : [] })), "denied", verb);
  const local = await token(one, { policies: ["local"] });
  t.equal(await codeOf(as(one, local, "kv.get", { path: "env/shop/A" })), "denied");
  t.equal((await as(one, local, "kv.list", { prefix: "env/" })).result.secrets.length, 2);
  const nothing = await token(one, { policies: ["no-such-policy"] });
  t.equal(await codeOf(as(one, nothing, "kv.list", { prefix: "env/" })), "denied");
  // read at each request
  await policy(one, "reader", 'path "env/*" { capabilities = ["list"] }');
  t.equal(await codeOf(as(one, reader, "kv.get", { path: "env/shop/A" })), "denied");
  await one.opened.door.seal("test");
});

t.test("what is no token is one answer, and every refusal is on record", async (t) => {
  const one = await vaulted(t);
  const gone = await token(one, { policies: ["local"] });
  await ask(one.opened.door, one.world, "token.revoke", { accessor: gone.accessor }, proof(one));
  const texts = ["", "zvs.", `zvs.${"A".repeat(32)}`, "x".repeat(36), `zvi.${"A".repeat(32)}`];
  const messages = new Set<string>();
  for (const made of [gone, ...texts.map((text): Made => ({ accessor: "", token: { kind: "token", parts: [bytes(text)] } }))])
    messages.add(await as(one, made, "kv.list", { prefix: "" }).then(() => "done", String));
  t.equal(messages.size, 1, [...messages].join());
  const { lines } = (await ask(one.opened.door, one.world, "audit.tail", { lines: 100 })).result;
  t.equal(lines.filter((line) => line["kind"] === "denied" && line["verb"] === "kv.list").length, 6);
  await one.opened.door.seal("test");
});

t.test("the text of a token is nowhere; its accessor is in the record of what it did", async (t) => {
  const one = await vaulted(t);
  await policy(one, "reader", read);
  const { body, result } = await ask(one.opened.door, one.world, "token.create", { policies: ["reader"], name: "ci" }, proof(one));
  const text = body[0] ?? "";
  await as(one, { accessor: "", token: { kind: "token", parts: [bytes(text)] } }, "kv.get", { path: "env/shop/A" });
  await one.opened.door.seal("test");
  const all = fs.readdirSync(one.world.base, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  for (const file of all) {
    const content = fs.readFileSync(`${file.parentPath}/${file.name}`);
    t.notOk(content.includes(text) || content.includes(text.slice(4)), file.name);
  }
  const log = fs.readFileSync(`${one.world.dir}/audit/000001.jsonl`, "utf8");
  const line = log.split("\n").find((each) => each.includes('"kind":"access","request"') && each.includes('"kv.get"')) ?? "{}";
  t.match(JSON.parse(line), { policy: "reader", caller: { accessor: result.accessor } });
});

t.test("a child never may more than any of its parents", async (t) => {
  const one = await vaulted(t);
  await policy(one, "reader", `${read}\npath "auth/token/create" { capabilities = ["create"] }`);
  await policy(one, "not-b", 'path "env/shop/B" { capabilities = ["deny"] }');
  const parent = await token(one, { policies: ["reader", "not-b"] });
  const by = (made: Made): { credential: Credential } => ({
    credential: { kind: "token", parts: made.token.parts.map((part) => part.slice()) },
  });
  t.equal(await codeOf(token(one, { policies: ["reader", "local"] }, by(parent))), "denied", "only policies of its own");
  t.equal(await codeOf(token(one, { policies: ["reader"], forTool: true }, by(parent))), "denied");
  t.equal(
    await codeOf(token(one, { policies: ["reader"], orphan: true }, by(parent))),
    "denied",
    "an orphan would have no parent to ask",
  );
  const child = await token(one, { policies: ["reader"] }, by(parent));
  t.same((await as(one, child, "kv.get", { path: "env/shop/A" })).body, ["value A"]);
  t.equal(await codeOf(as(one, child, "kv.get", { path: "env/shop/B" })), "denied", "without the policy that denies it");
  t.equal(await codeOf(as(one, parent, "kv.get", { path: "env/shop/B" })), "denied");
  const grandchild = await token(one, { policies: ["reader"] }, by(child));
  t.equal(await codeOf(as(one, grandchild, "kv.get", { path: "env/shop/A" })), "done");
  await as(one, parent, "token.revoke", {});
  for (const made of [parent, child, grandchild]) t.equal(await codeOf(as(one, made, "kv.get", { path: "env/shop/A" })), "denied");
  await one.opened.door.seal("test");
});

t.test("for all policies, parents and paths: what a child may, its parent may", async (t) => {
  const one = await vaulted(t);
  const paths = ["env/shop/A", "env/shop/B"];
  const pattern = fc.constantFrom("env/*", "env/shop/*", "env/+/A", "env/shop/A", "env/shop/B", "*");
  const rule = fc.record({ pattern, capabilities: fc.subarray(["read", "list", "deny"], { minLength: 1 }) });
  const sets = fc.array(fc.uniqueArray(rule, { maxLength: 3, selector: (each) => each.pattern }), { minLength: 3, maxLength: 3 });
  const make = 'path "auth/token/create" { capabilities = ["create"] }';
  let [allowed, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(sets, fc.subarray([0, 1, 2], { minLength: 1 }), async (policies, kept) => {
      for (const [at, rules] of policies.entries()) {
        const text = rules.map((each) => `path "${each.pattern}" { capabilities = ${JSON.stringify(each.capabilities)} }`);
        await policy(one, `p${at}`, [make, ...text].join("\n"));
      }
      const parent = await token(one, { policies: ["p0", "p1", "p2"] });
      const by = { credential: { kind: "token" as const, parts: parent.token.parts.map((part) => part.slice()) } };
      const child = await token(one, { policies: kept.map((at) => `p${at}`) }, by).catch(() => undefined);
      if (!child) return true;
      for (const path of paths) {
        const may = await codeOf(as(one, child, "kv.get", { path }));
        if (may !== "done") refused += 1;
        else if ((await codeOf(as(one, parent, "kv.get", { path }))) !== "done") return false;
        else allowed += 1;
      }
      return true;
    }),
    { numRuns: 60 },
  );
  t.ok(allowed > 5 && refused > 5, `${allowed} ${refused}`);
  await one.opened.door.seal("test");
});

t.test("uses are exact when many ask at once", async (t) => {
  const one = await vaulted(t);
  const made = await token(one, { policies: ["local"], uses: 5 });
  const codes = await Promise.all(Array.from({ length: 40 }, () => codeOf(as(one, made, "kv.list", { prefix: "env/" }))));
  t.equal(codes.filter((code) => code === "done").length, 5);
  const { tokens } = (await ask(one.opened.door, one.world, "token.list", {})).result;
  t.match(tokens, [{ accessor: made.accessor, live: false }]);
  await one.opened.door.seal("test");
});

t.test("a token that is revoked while its request is under way is not answered after that", async (t) => {
  const one = await vaulted(t);
  await policy(one, "reader", read);
  for (let ticks = 0; ticks < 40; ticks += 2) {
    const made = await token(one, { policies: ["reader"] });
    const order: string[] = [];
    const revoking = ask(one.opened.door, one.world, "token.revoke", { accessor: made.accessor }, proof(one)).then(() =>
      order.push("revoked"),
    );
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    const asking = codeOf(as(one, made, "kv.get", { path: "env/shop/A" })).then((code) => order.push(code));
    await Promise.all([revoking, asking]);
    t.notMatch(order.join(), /^revoked,done/, `after ${ticks} ticks`);
  }
  await one.opened.door.seal("test");
});

t.test("1,000 children end with their parent", async (t) => {
  const one = await vaulted(t);
  await policy(one, "maker", 'path "auth/token/create" { capabilities = ["create"] }');
  const parent = await token(one, { policies: ["maker"] });
  const by = (): { credential: Credential } => ({
    credential: { kind: "token", parts: parent.token.parts.map((part) => part.slice()) },
  });
  await Promise.all(Array.from({ length: 1000 }, () => token(one, {}, by())));
  const { revoked } = (await ask(one.opened.door, one.world, "token.revoke", { accessor: parent.accessor }, proof(one))).result;
  t.equal(revoked.length, 1001);
  t.same((await ask(one.opened.door, one.world, "token.list", {})).result.tokens, []);
  await one.opened.door.seal("test");
});

t.test("where an AI tool asks, only a token that was made for one keeps its rights", async (t) => {
  const one = await vaulted(t);
  await policy(one, "reader", read);
  const tool: Caller = { ...caller, verdict: "sign", tool: "Claude Code", signs: ["CLAUDECODE"] };
  const got = (made: Made, who: Caller) => as(one, made, "kv.get", { path: "env/shop/A" }, { caller: who });
  t.equal(await codeOf(got(await token(one, { policies: ["reader"] }), tool)), "denied");
  t.equal(await codeOf(got(await token(one, { policies: ["reader"], forTool: true }), tool)), "done");
  t.equal(
    await codeOf(got(await token(one, { policies: ["reader"], forTool: true }), { ...caller, inRun: true })),
    "denied",
    "inside of a run",
  );
  await one.opened.door.seal("test");
});

t.test("a root token may everything, makes no other, and is known as what it is", async (t) => {
  const one = await vaulted(t);
  t.equal(await codeOf(token(one, { policies: ["root"] })), "denied");
  const { body, result } = await ask(one.opened.door, one.world, "token.root", { ttl: 600 }, proof(one));
  const root: Made = { accessor: result.accessor, token: { kind: "token", parts: [bytes(body[0] ?? "")] } };
  t.match(result, { policies: ["root"], renewable: false, origin: "generate-root" });
  t.same((await as(one, root, "kv.get", { path: "env/shop/A" })).body, ["value A"]);
  t.equal(await codeOf(as(one, root, "token.root", {})), "denied");
  t.equal(await codeOf(as(one, root, "token.create", { policies: ["root"] })), "denied");
  t.equal(await codeOf(as(one, root, "token.renew", {})), "denied");
  const notices = async () => (await ask(one.opened.door, one.world, "vault.status", {})).result.open?.notices ?? [];
  t.match(await notices(), [new RegExp(`a root token lives until .*; end it: zvault token revoke ${root.accessor}`)]);
  t.equal(await codeOf(as(one, root, "token.revoke", {})), "done");
  t.strictSame(await notices(), []);
  t.equal(await codeOf(as(one, root, "kv.get", { path: "env/shop/A" })), "denied");
  await one.opened.door.seal("test");
});

t.test("tokens survive a compaction and a seal, and end with their life of the vault", async (t) => {
  const one = await vaulted(t);
  const made = await token(one, { policies: ["local"] });
  const list = (): Promise<string> => codeOf(as(one, made, "kv.list", { prefix: "env/" }));
  await ask(one.opened.door, one.world, "vault.compact", {}, proof(one));
  t.equal(await list(), "done");
  await one.opened.door.seal("test");
  one.opened = openDoor(one.world);
  await ask(one.opened.door, one.world, "agent.unseal", {}, proof(one));
  t.equal(await list(), "done");
  await ask(one.opened.door, one.world, "backup.restore", { dir: one.world.project, from: "mirror" }, proof(one));
  t.equal(await codeOf(ask(one.opened.door, one.world, "agent.unseal", {}, proof(one))), "done");
  t.equal(await list(), "denied");
  await one.opened.door.seal("test");
});
