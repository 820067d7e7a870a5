/** AppRole: one answer to every wrong login, and a number of uses that no race and no crash widens. */
import t from "tap";
import { makeKeyFile } from "../../src/key-file.ts";
import { RoleBook, setRole, setSecretId } from "../../src/vault/approle/book.ts";
import { counts, type Role, type SecretId, spent } from "../../src/vault/approle/role.ts";
import { State } from "../../src/vault/state.ts";
import { newToken, tokenKey } from "../../src/vault/tokens/text.ts";
import { askMemory, memoryWorld } from "../crash/history.ts";
import { crash, MemoryIo } from "../crash/memory-io.ts";
import { bytes, codeOf, keyFile, type Opened, openDoor } from "../helpers/vault.ts";

const key = makeKeyFile();
const proof = { credential: keyFile(key) };
const start = Date.UTC(2026, 10, 25);

const role: Role = { roleId: "a".repeat(32), policies: ["local"], token: {}, secretIdTtl: 0, secretIdUses: 0, created: start };
const secretId: SecretId = {
  role: "ci",
  roleId: role.roleId,
  accessor: "b".repeat(24),
  lineage: "life",
  created: start,
  expires: start + 60_000,
  usesLeft: 2,
};

t.test("when a secret_id counts", async (t) => {
  t.equal(counts(secretId, role, "life", start), true);
  t.equal(counts(secretId, role, "life", start + 59_999), true);
  t.equal(counts(secretId, role, "life", start + 60_000), false);
  t.equal(counts(secretId, role, "life", start - 60_001), false, "a clock that was set back");
  t.equal(counts({ ...secretId, expires: 0 }, role, "life", start + 10 ** 12), true);
  t.equal(counts(secretId, role, "other", start), false, "another life of the vault");
  t.equal(counts(secretId, { ...role, roleId: "c".repeat(32) }, "life", start), false, "a role that was made again");
  t.equal(spent(secretId)?.usesLeft, 1);
  t.equal(spent({ ...secretId, usesLeft: 1 }), undefined);
  t.equal(spent({ ...secretId, usesLeft: 0 })?.usesLeft, 0, "any number");
});

t.test("a login is found by both halves, and by nothing less", async (t) => {
  const state = new State();
  const text = newToken("zvi.").use((own) => own.slice());
  const other = newToken("zvi.").use((own) => own.slice());
  const token = newToken().use((own) => own.slice());
  const ops = [
    setRole("ci", role),
    setRole("cd", { ...role, roleId: "d".repeat(32) }),
    setSecretId(tokenKey(text, "zvi.") ?? "", secretId),
    setSecretId(tokenKey(other, "zvi.") ?? "", { ...secretId, role: "cd", roleId: "d".repeat(32) }),
  ];
  state.apply({ v: 1, time: "", request: "", author: "", ops }, []);
  const book = new RoleBook(state, "life");
  t.equal(book.find(role.roleId, text, start)?.name, "ci");
  t.equal(book.find("d".repeat(32), other, start)?.name, "cd");
  for (const [id, secret] of [
    [role.roleId, other],
    ["d".repeat(32), text],
    ["e".repeat(32), text],
    ["", text],
    [role.roleId, new Uint8Array()],
    [role.roleId, token],
    [role.roleId, text.subarray(0, -1)],
  ] as const)
    t.equal(book.find(id, secret, start), undefined);
  t.same(book.swept(start + 60_000).map((op) => ("key" in op ? op.key : "")).length, 2);
});

async function withRole(uses: number): Promise<{ io: MemoryIo; opened: Opened; roleId: string; secret: Uint8Array }> {
  const io = new MemoryIo();
  io.makeFolder(memoryWorld.project);
  const opened = openDoor(memoryWorld, io);
  await askMemory(io, opened.door, "vault.init", { dir: memoryWorld.project, slot: "key-file" }, proof);
  const asked = { role: "ci", policies: ["local"], secretIdUses: uses };
  const { roleId } = (await askMemory(io, opened.door, "approle.write", asked, proof)).result;
  const made = await askMemory(io, opened.door, "approle.secret-id", { role: "ci" }, proof);
  return { io, opened, roleId, secret: bytes(made.body[0] ?? "") };
}

const login = (io: MemoryIo, { door }: Opened, roleId: string, secret: Uint8Array): Promise<string> =>
  codeOf(askMemory(io, door, "approle.login", { roleId }, { body: [secret.slice()] }));

t.test("64 logins at once with a secret_id of 8 uses: 8 succeed", async (t) => {
  const { io, opened, roleId, secret } = await withRole(8);
  const codes = await Promise.all(Array.from({ length: 64 }, () => login(io, opened, roleId, secret)));
  t.same([codes.filter((code) => code === "done").length, codes.filter((code) => code === "denied").length], [8, 56]);
  await opened.door.seal("test");
});

t.test("unknown role and wrong secret are one answer", async (t) => {
  const { io, opened, roleId, secret } = await withRole(0);
  const message = (id: string, given: Uint8Array): Promise<string> =>
    askMemory(io, opened.door, "approle.login", { roleId: id }, { body: [given.slice()] }).then(
      () => "done",
      (failure: unknown) => String(failure),
    );
  const wrong = newToken("zvi.").use((own) => own.slice());
  const all = [await message("f".repeat(32), secret), await message(roleId, wrong), await message("f".repeat(32), wrong)];
  t.equal(new Set(all).size, 1, all.join());
  t.same(opened.waits, [1000, 1000, 2000], "slower for each role_id, known or not");
  t.equal(await message(roleId, secret), "done", "nobody is locked out for others' failures");
  await message(roleId, wrong);
  t.same(opened.waits.slice(3), [1000], "and a right one ends the count");
  await opened.door.seal("test");
});

t.test("a crash between the record of a login and its answer spends a use, and never gives one back", async (t) => {
  const { io, opened, roleId, secret } = await withRole(3);
  const before = io.steps.length;
  let answered = 0;
  const told: number[] = [];
  for (let at = 0; at < 3; at++) {
    if ((await login(io, opened, roleId, secret)) === "done") answered += 1;
    told.push(io.steps.length);
  }
  t.equal(answered, 3);
  let looked = 0;
  for (let count = before; count <= io.steps.length; count++) {
    for (const [data, names] of [
      ["none", "none"],
      ["all", "all"],
      ["some", "some"],
    ] as const) {
      let seed = count * 7919;
      const random = (): number => ((seed = (seed * 1103515245 + 12345) % 2 ** 31) % 1000) / 1000;
      const disk = crash(io.steps, count, { data, names, random });
      const again = openDoor(memoryWorld, disk);
      if ((await codeOf(askMemory(disk, again.door, "agent.unseal", {}, proof))) !== "done") continue;
      const first = told.filter((step) => step <= count).length;
      let more = 0;
      while ((await login(disk, again, roleId, secret)) === "done") more += 1;
      if (first + more > 3) t.fail(`step ${count} (${data}, ${names}): ${first} before, ${more} after`);
      looked += 1;
      await again.door.seal("looked");
    }
  }
  t.ok(looked > 20, String(looked));
});
