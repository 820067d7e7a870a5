/** Whoever goes: what a role, a token and all that came of it ever opened, and with what they can still come in. */
import t from "tap";
import type { Calls } from "../../src/calls.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { ask, bytes, codeOf, keyFile, makeWorld, openDoor, removeWorld } from "../helpers/vault.ts";

async function vaultFor(t: { teardown(act: () => Promise<void>): void }) {
  const world = makeWorld();
  const key = makeKeyFile();
  const { door } = openDoor(world);
  t.teardown(async () => {
    await door.seal("end");
    removeWorld(world);
  });
  const proof = () => ({ credential: keyFile(key.slice()) });
  const by = (text: string) => ({ credential: { kind: "token" as const, parts: [bytes(text)] } });
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file", label: "mira" }, proof());
  for (const name of ["A", "B", "C", "D"]) await ask(door, world, "kv.put", { path: `env/shop/${name}` }, { body: [bytes(name)] });
  await ask(
    door,
    world,
    "policy.write",
    { name: "all", text: 'path "*" { capabilities = ["create", "read", "update", "list"] }' },
    proof(),
  );
  const login = async (role: string): Promise<{ text: string; accessor: string; secretId: string }> => {
    const { roleId } = (await ask(door, world, "approle.read", { role })).result;
    const made = await ask(door, world, "approle.secret-id", { role }, proof());
    const { body, result } = await ask(door, world, "approle.login", { roleId }, { body: [bytes(made.body[0] ?? "")] });
    return { text: body[0] ?? "", accessor: result.accessor, secretId: made.result.accessor };
  };
  const get = (name: string, text: string) => ask(door, world, "kv.get", { path: `env/shop/${name}` }, by(text));
  const offboard = async (args: Calls["audit.offboard"]["args"], more: object = {}) => {
    const { opened, alive } = (await ask(door, world, "audit.offboard", args, more)).result;
    const { tokens, secretIds, roles, slots } = alive;
    const names = {
      tokens: tokens.map((one) => one.accessor).toSorted(),
      secretIds: secretIds.map((one) => one.accessor).toSorted(),
    };
    return { opened: opened.map((one) => one.path.at(-1)).join(""), ...names, roles, slots };
  };
  return { world, door, proof, by, login, get, offboard };
}

const none = { opened: "", tokens: [], secretIds: [], roles: [], slots: [] };

t.test("a role: what its tokens opened, and what is still good of it", async (t) => {
  const { door, world, proof, by, login, get, offboard } = await vaultFor(t);
  for (const role of ["ci", "cd"]) await ask(door, world, "approle.write", { role, policies: ["all"], secretIdUses: 3 }, proof());
  const [ci, again, cd] = [await login("ci"), await login("ci"), await login("cd")];
  await get("A", ci.text);
  await get("B", again.text);
  await get("D", cd.text);
  const child = await ask(door, world, "token.create", {}, by(ci.text));
  await get("C", child.body[0] ?? "");
  const secretIds = [ci.secretId, again.secretId].toSorted();
  const tokens = [ci.accessor, again.accessor, child.result.accessor].toSorted();
  const all = { ...none, opened: "ABC", tokens, secretIds, roles: ["ci"] };
  t.strictSame(await offboard({ role: "ci" }), all);
  t.strictSame(await offboard({ role: "cd" }), {
    ...none,
    opened: "D",
    tokens: [cd.accessor],
    secretIds: [cd.secretId],
    roles: ["cd"],
  });
  t.strictSame(await offboard({ role: "nobody" }), none);

  await ask(door, world, "token.revoke", { accessor: ci.accessor }, proof());
  await ask(door, world, "approle.revoke", { role: "ci", accessor: ci.secretId }, proof());
  const left = { ...all, tokens: [again.accessor], secretIds: [again.secretId] };
  t.strictSame(await offboard({ role: "ci" }), left, "what was opened stays opened");
  await ask(door, world, "approle.delete", { role: "ci" }, proof());
  t.strictSame(await offboard({ role: "ci" }), { ...left, secretIds: [], roles: [] }, "its token lives on");
  await ask(door, world, "token.revoke", { accessor: again.accessor }, proof());
  t.strictSame(await offboard({ role: "ci" }), { ...none, opened: "ABC" }, "of a role that is gone the log knows");
  t.equal(await codeOf(offboard({ role: "CI" })), "usage");
  t.equal(await codeOf(offboard({ role: "ci", uid: 0 })), "usage");
});

t.test("a token: with its children, and what it logged in with", async (t) => {
  const { door, world, proof, by, get, offboard } = await vaultFor(t);
  const { roleId } = (await ask(door, world, "approle.write", { role: "ci", policies: ["all"] }, proof())).result;
  const first = await ask(door, world, "token.create", { policies: ["all"] }, proof());
  const other = await ask(door, world, "token.create", { policies: ["all"] }, proof());
  const child = await ask(door, world, "token.create", {}, by(first.body[0] ?? ""));
  const secretId = await ask(door, world, "approle.secret-id", { role: "ci" }, by(child.body[0] ?? ""));
  const login = await ask(door, world, "approle.login", { roleId }, { body: [bytes(secretId.body[0] ?? "")] });
  await get("A", child.body[0] ?? "");
  await get("B", login.body[0] ?? "");
  await get("C", other.body[0] ?? "");
  const { accessor } = first.result;
  const tokens = [accessor, child.result.accessor, login.result.accessor].toSorted();
  t.strictSame(await offboard({ accessor }), { ...none, opened: "AB", tokens, secretIds: [secretId.result.accessor] });
  const revoked = (await ask(door, world, "token.revoke", { accessor }, proof())).result.revoked;
  t.strictSame(revoked.toSorted(), [accessor, child.result.accessor].toSorted());
  t.strictSame(await offboard({ accessor }), {
    ...none,
    opened: "AB",
    tokens: [login.result.accessor],
    secretIds: [secretId.result.accessor],
  });
  t.strictSame(await offboard({ accessor: child.result.accessor }), {
    ...none,
    opened: "AB",
    tokens: [login.result.accessor],
    secretIds: [secretId.result.accessor],
  });
});

t.test("a person: tokens and secret_ids made while they had unsealed, and their way in", async (t) => {
  const { door, world, proof, offboard } = await vaultFor(t);
  const token = await ask(door, world, "token.create", { policies: ["all"] }, proof());
  await ask(door, world, "approle.write", { role: "ci", policies: ["all"] }, proof());
  const secretId = await ask(door, world, "approle.secret-id", { role: "ci" }, proof());
  const all = { tokens: [token.result.accessor], secretIds: [secretId.result.accessor], roles: [], slots: ["mira"] };
  t.strictSame(await offboard({ person: "mira" }), { opened: "ABCD", ...all });
  t.strictSame(await offboard({ uid: process.geteuid?.() ?? 0 }), { opened: "ABCD", ...all, slots: [] });
  t.strictSame(await offboard({ person: "tom" }), none);
  const [slot] = (await ask(door, world, "access.list", {})).result.slots;
  t.strictSame(
    await offboard({ person: `slot-${slot?.id ?? ""}` }),
    { opened: "ABCD", ...all },
    "as versions and unseals name them",
  );
  // whoever may not list tokens or roles is told of none
  const text = 'path "*" { capabilities = ["list"] }\npath "auth/*" { capabilities = ["deny"] }';
  await ask(door, world, "policy.write", { name: "local", text }, proof());
  t.strictSame(await offboard({ person: "mira" }), { opened: "ABCD", ...all, tokens: [], secretIds: [] });
  await ask(door, world, "access.add", { kind: "key-file", label: "mira" }, { ...proof(), body: [makeKeyFile()] });
  const { slots } = (await ask(door, world, "access.list", {})).result;
  const ids = slots.map((one) => one.id);
  t.strictSame((await offboard({ person: "mira" })).slots, ids, "a label that several have takes none of them away");
});
