/**
 * The vault that each release leaves behind (test/vectors/vaults/release-*): this build opens it in every way, everything in it works, and it
 * can be gone on with. What is in it is compared by golden.test.ts.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import t from "tap";
import { version } from "../../src/build.ts";
import { checkSigned, parseAuditKey } from "../../src/audit-signature.ts";
import { diskIo } from "../../src/vault/io.ts";
import { remember } from "../../src/vault/known.ts";
import { headPath, knownPath } from "../../src/vault/places.ts";
import {
  ask,
  bytes,
  codeOf,
  keyFile,
  makeWorld,
  openDoor,
  passphrase,
  refOf,
  removeWorld,
  shares,
  type World,
} from "../helpers/vault.ts";

const folder = path.join(import.meta.dirname, "../vectors/vaults");
const releases = fs.readdirSync(folder).filter((name) => name.startsWith("release-"));

async function place(name: string): Promise<World> {
  const world = makeWorld();
  const from = path.join(folder, name);
  fs.mkdirSync(`${world.dir}/audit`, { recursive: true, mode: 0o700 });
  fs.mkdirSync(world.places.state, { recursive: true, mode: 0o700 });
  const copy = (file: string, to: string): void => {
    fs.mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 });
    fs.copyFileSync(path.join(from, file), to);
    fs.chmodSync(to, 0o600);
  };
  for (const file of ["vault", "keys", ...fs.readdirSync(`${from}/audit`).map((one) => `audit/${one}`)])
    copy(file, `${world.dir}/${file}`);
  const { id } = refOf(world.dir);
  await remember(diskIo, knownPath(world.places), { id, dir: world.dir });
  copy("head", headPath(world.places, id, world.dir));
  return world;
}

t.test("this release has left one", async (t) => {
  t.ok(releases.includes(`release-${version}`), `node test/vectors/vaults/make.ts release-${version}`);
});

for (const name of releases) {
  t.test(`${name} opens in every way, works, and goes on`, async (t) => {
    const world = await place(name);
    t.teardown(() => removeWorld(world));
    const read = (file: string): Buffer => fs.readFileSync(path.join(folder, name, file));
    const { door } = openDoor(world);
    const key = () => keyFile(new Uint8Array(read("key")));
    const texts = read("shares").toString().trim().split("\n");
    for (const credential of [
      key(),
      shares(texts.slice(0, 2)),
      shares(texts.slice(1)),
      passphrase(read("passphrase").toString()),
    ]) {
      t.match((await ask(door, world, "access.test", {}, { credential })).result, { sealed: true }, credential.kind);
    }
    await ask(door, world, "agent.unseal", {}, { credential: key() });
    const proof = () => ({ credential: key() });
    t.same((await ask(door, world, "kv.get", { path: "env/shop/DB", field: "password" }, proof())).body, ["s3cret"]);
    t.same((await ask(door, world, "kv.get", { path: "env/shop/A", version: 1 }, proof())).body, ["first"]);
    const refs = {
      folder: "web",
      refs: [{ path: "env/web/URL", hosts: ["db"] }, { path: "env/shop/A" }],
      dangerous: ["NODE_OPTIONS"],
    };
    t.same((await ask(door, world, "kv.resolve", refs)).body, ["http://localhost", "second"]);
    t.same(
      (await ask(door, world, "transit.decrypt", { name: "box" }, { ...proof(), body: [new Uint8Array(read("ciphertext"))] })).body,
      ["in the box"],
    );
    t.match(
      (await ask(door, world, "transit.list", {})).result.keys,
      Array.from({ length: 5 }, () => ({})),
    );
    t.match((await ask(door, world, "policy.read", { name: "ci" })).result, { name: "ci" });
    t.match((await ask(door, world, "token.list", {})).result.tokens, [{ name: "ci" }]);
    t.match((await ask(door, world, "approle.list", {})).result.roles, [{ name: "ci", secretIds: 1 }]);
    t.match((await ask(door, world, "vault.verify", {})).result, { ok: true });
    t.match((await ask(door, world, "audit.verify", {})).result, { ok: true, segments: 2 });
    const segments = [1, 2].map((segment) => ({ segment, text: read(`audit/00000${segment}.jsonl`).toString("latin1") }));
    t.match(checkSigned(segments, parseAuditKey(read("audit.pub").toString())), { ok: true });

    await ask(door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("third")] });
    await ask(door, world, "vault.rekey", {}, proof());
    await ask(door, world, "vault.compact", {}, proof());
    await ask(door, world, "backup.create", { out: `${world.base}/copy` });
    await door.seal("test");
    t.equal(await codeOf(ask(door, world, "agent.unseal", {}, { credential: shares(texts.slice(0, 2)) })), "done");
    t.same((await ask(door, world, "kv.get", { path: "env/shop/A" }, proof())).body, ["third"]);
    await door.seal("test");
  });
}
