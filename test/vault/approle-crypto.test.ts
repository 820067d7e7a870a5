/** An unknown role and a wrong secret are the same calls of node:crypto, one by one, from the request to its outcome in the audit log. */
import * as crypto from "node:crypto";
import { createRequire, syncBuiltinESMExports } from "node:module";
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import { newToken } from "../../src/vault/tokens/text.ts";
import { askMemory, memoryWorld } from "../crash/history.ts";
import { MemoryIo } from "../crash/memory-io.ts";
import { bytes, codeOf, keyFile, openDoor } from "../helpers/vault.ts";

type Any = (...given: unknown[]) => unknown;

/** Each call of a function of node:crypto, with its algorithm and the lengths of the bytes it gets. */
const calls: string[] = [];

function shown(one: unknown): string {
  if (ArrayBuffer.isView(one)) return `${one.byteLength} bytes`;
  return typeof one === "string" && one.length < 20 ? one : typeof one;
}

// what imports it by name gets the recording ones, too: nothing is faked, every call goes through
const own = createRequire(import.meta.url)("node:crypto") as Record<string, unknown>;
for (const [name, { value: act, writable }] of Object.entries(Object.getOwnPropertyDescriptors(own))) {
  if (typeof act !== "function" || writable !== true || /^[A-Z]/.test(name)) continue;
  own[name] = (...given: unknown[]): unknown => {
    calls.push(`${name}(${given.map(shown).join(", ")})`);
    const made = (act as Any)(...given);
    const { update } = (made ?? {}) as { update?: Any };
    if (typeof update === "function" && /^create(Hash|Hmac)$/.test(name)) {
      Object.assign(made as object, {
        update(...parts: unknown[]) {
          calls.push(`${name} update(${parts.map(shown).join(", ")})`);
          return update.apply(made, parts);
        },
      });
    }
    return made;
  };
}
syncBuiltinESMExports();

t.test("the recording sees what the vault calls", async (t) => {
  crypto.timingSafeEqual(new Uint8Array(3), new Uint8Array(3));
  t.same(calls.splice(0), ["timingSafeEqual(3 bytes, 3 bytes)"]);
});

t.test("an unknown role and a wrong secret make the same sequence of calls", async (t) => {
  const io = new MemoryIo();
  io.makeFolder(memoryWorld.project);
  const { door, waits } = openDoor(memoryWorld, io);
  const proof = { credential: keyFile(makeKeyFile()) };
  await askMemory(io, door, "vault.init", { dir: memoryWorld.project, slot: "key-file" }, proof);
  const roleIds: string[] = [];
  const secrets: string[] = [];
  for (const role of ["ci", "cd", "ops"]) {
    roleIds.push((await askMemory(io, door, "approle.write", { role, policies: ["local"], secretIdUses: 1 }, proof)).result.roleId);
    secrets.push((await askMemory(io, door, "approle.secret-id", { role }, proof)).body[0] ?? "");
  }
  const login = async (roleId: string, secret: Uint8Array): Promise<string[]> => {
    calls.splice(0);
    t.equal(await codeOf(askMemory(io, door, "approle.login", { roleId }, { body: [secret] })), "denied");
    return calls.splice(0);
  };
  const [first = "", second = "", last = ""] = roleIds;
  const [right = ""] = secrets;
  const wrong = newToken("zvi.").use((text) => text.slice());
  const unknown = "f".repeat(32);
  const sequence = await login(unknown, wrong.slice());
  t.equal(sequence.filter((one) => one.startsWith("timingSafeEqual")).length, roleIds.length, "every role is compared");
  t.ok(
    sequence.some((one) => one.startsWith("hash(sha256, 36 bytes") || one.includes(`${wrong.length} bytes`)),
    "the secret is hashed",
  );
  for (const [what, roleId, secret] of [
    ["an unknown role with a right secret", unknown, bytes(right)],
    ["the first role with a wrong secret", first, wrong],
    ["the second", second, wrong],
    ["the last", last, wrong],
    ["a role with the secret of another", second, bytes(right)],
  ] as const)
    t.strictSame(await login(roleId, secret.slice()), sequence, what);
  // what has not the shape of a secret_id: as many calls, of another length
  const names = (all: string[]): string[] => all.map((one) => one.replace(/\(.*/, ""));
  const short = await login(unknown, bytes("x"));
  t.strictSame(names(short), names(sequence));
  t.strictSame(await login(first, bytes("x")), short, "no secret_id at all");
  t.strictSame(names(await login("", bytes(right))), names(sequence), "no role_id");
  t.equal(await codeOf(askMemory(io, door, "approle.login", { roleId: first }, { body: [bytes(right)] })), "done");
  t.strictSame(await login(first, bytes(right)), sequence, "one that is used up");
  t.ok(waits.length > 8, "all of them waited");
  await door.seal("end");
});
