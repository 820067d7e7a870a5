import * as fs from "node:fs";
import { createHmac, hkdfSync } from "node:crypto";
import t from "tap";
import type { Calls } from "../../src/calls.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { withVault } from "../helpers/content.ts";
import { ask, bytes, caller, codeOf, keyFile, makeWorld, openDoor, removeWorld } from "../helpers/vault.ts";

t.test("a value is found in every version that holds it, and leaves no trace", async (t) => {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const { door } = openDoor(world);
  const proof = () => ({ credential: keyFile(key.slice()) });
  await ask(door, world, "vault.init", { dir: world.project, slot: "key-file" }, proof());
  const put = (name: string, value: string, fields?: string[]) =>
    ask(door, world, "kv.put", { path: `env/shop/${name}`, ...(fields ? { fields } : {}) }, { body: [bytes(value)] });
  const marker = "marker-5f0c2f";
  for (const value of ["one", marker, "three", marker]) await put("A", value);
  await put("B", marker, ["password"]);
  await ask(door, world, "kv.delete", { path: "env/shop/B" });
  await put("C", `${marker} `);
  const hash = async (value: string, more: object = {}): Promise<Calls["audit.hash"]["result"]> =>
    (await ask(door, world, "audit.hash", {}, { ...proof(), body: [bytes(value)], ...more })).result;
  const found = await hash(marker);
  t.strictSame(found.seen, [
    { path: "env/shop/A", version: 2, field: "value", state: "live" },
    { path: "env/shop/A", version: 4, field: "value", state: "live" },
    { path: "env/shop/B", version: 1, field: "password", state: "deleted" },
  ]);
  t.equal(found.records, 3);
  t.match(await hash("two"), { records: 0, seen: [] });
  t.equal((await hash(marker)).hmac, found.hmac, "the same each time");
  t.not((await hash("two")).hmac, found.hmac);
  await ask(door, world, "kv.destroy", { path: "env/shop/A", versions: [2] }, proof());
  t.strictSame(
    (await hash(marker)).seen.map((one) => one.version),
    [4, 1],
    "a destroyed one is gone",
  );
  // the key that signs is a value too, but an engine's
  await ask(door, world, "audit.key", {});
  t.strictSame((await hash(marker)).seen.length, 2);

  t.equal(await codeOf(hash(marker, { credential: undefined })), "presence-needed");
  t.equal(await codeOf(hash(marker, { caller: { ...caller, verdict: "sign", tool: "x", signs: ["X"] } })), "ai-tool");
  t.equal(await codeOf(hash(marker, { caller: { ...caller, inRun: true } })), "denied");
  t.equal(await codeOf(hash(marker, { body: [] })), "protocol");
  t.equal(await codeOf(hash(marker, { body: [bytes("a"), bytes("b")] })), "protocol");
  t.equal(await codeOf(hash("x".repeat(1024 * 1024 + 1))), "too-large");
  const lines = fs.readFileSync(`${world.dir}/audit/000001.jsonl`, "latin1");
  t.notMatch(lines, marker);
  t.notMatch(lines, found.hmac, "nor does its HMAC stand in the log");
  t.match(lines, /"verb":"audit.hash"/);
  await door.seal("test");

  // HMAC-SHA256 under HKDF(integrity key, "", "zvault value hash"), by way of node's own
  await withVault(world, key, (vault) => {
    const plain = vault.keyring.print();
    const integrity = plain.use((raw) => Buffer.from(raw.subarray(4, 36)));
    plain.wipe();
    const derived = Buffer.from(hkdfSync("sha256", integrity, new Uint8Array(0), "zvault value hash", 32));
    t.equal(createHmac("sha256", derived).update(marker).digest("hex"), found.hmac);
  });
});
