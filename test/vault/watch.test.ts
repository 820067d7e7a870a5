import * as fs from "node:fs";
import t from "tap";
import type { Calls } from "../../src/calls.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import type { Credential } from "../../src/protocol.ts";
import type { VerbName } from "../../src/verbs.ts";
import { UntilSeal } from "../../src/vault/until-seal.ts";
import { diskIo } from "../../src/vault/io.ts";
import { bytes, caller, codeOf, keyFile, makeWorld, openDoor, refOf, removeWorld } from "../helpers/vault.ts";

type Ends = { teardown(act: () => void | Promise<void>): void };

async function project(t: Ends) {
  const world = makeWorld();
  const { door } = openDoor(world);
  t.teardown(async () => {
    await door.seal("end");
    removeWorld(world);
  });
  const key = makeKeyFile();
  const proof = (): Credential => keyFile(key.slice());
  await door.ask({ verb: "vault.init", args: { dir: world.project, slot: "key-file" }, credential: proof() }, caller);
  const ask = <V extends VerbName>(verb: V, args: Calls[V]["args"], o: { body?: Uint8Array[]; credential?: Credential } = {}) =>
    door.ask({ verb, args, vault: refOf(world.dir), ...o }, caller);
  const entries = [{ path: "env/shop/A" }, { path: "env/shop/B" }];
  const asked = { project: "shop", folder: ".", bind: true, entries, layouts: [] };
  await ask("kv.import", asked, { body: [bytes("a1"), bytes("b1")] });
  return { world, door, ask, proof };
}

const refs = [{ path: "env/shop/A" }, { path: "env/shop/B" }, { path: "env/shop/NONE" }];

t.test("who watches is told at once what is current, then only of a change of its own references", async (t) => {
  const { ask } = await project(t);
  const first = (await ask("kv.watch", { folder: ".", refs })).result.versions;
  t.strictSame(first, [1, 1, 0]);
  let answered = false;
  const waiting = ask("kv.watch", { folder: ".", refs, seen: first }).then((answer) => {
    answered = true;
    return answer.result.versions;
  });
  await ask("kv.put", { path: "env/shop/OTHER" }, { body: [bytes("x")] });
  t.equal(answered, false, "another secret is no change");
  await ask("kv.put", { path: "env/shop/B" }, { body: [bytes("b2")] });
  t.strictSame(await waiting, [1, 2, 0]);
  const { lines } = (await ask("audit.tail", { lines: 50 })).result;
  t.equal(lines.filter((line) => line["verb"] === "kv.watch").length, 2, "the first, and one that was counted");
});

t.test("a watch ends with the seal, and a folder gets only its own", async (t) => {
  const { ask, door } = await project(t);
  t.equal(await codeOf(ask("kv.watch", { folder: "elsewhere", refs })), "not-bound");
  const waiting = codeOf(ask("kv.watch", { folder: ".", refs, seen: [1, 1, 0] }));
  await ask("audit.tail", {});
  await door.seal("asked");
  t.equal(await waiting, "sealed");
});

t.test("more than 64 watches: the oldest is answered, none is lost", async (t) => {
  const { ask } = await project(t);
  const seen = [1, 1, 0];
  const all = Array.from({ length: 66 }, () => ask("kv.watch", { folder: ".", refs, seen }).then((one) => one.result.versions));
  t.strictSame(await all[0], seen);
  await ask("kv.put", { path: "env/shop/A" }, { body: [bytes("a2")] });
  t.strictSame(await all[65], [2, 1, 0]);
  await Promise.all(all);
});

t.test("an export needs presence, has every state, and knows what was current at a time", async (t) => {
  const { ask, proof } = await project(t);
  t.equal(await codeOf(ask("kv.export", { folder: ".", refs })), "presence-needed");
  const before = new Date().toISOString();
  await new Promise((done) => setTimeout(done, 5));
  await ask("kv.put", { path: "env/shop/A" }, { body: [bytes("a2")] });
  await ask("kv.delete", { path: "env/shop/B" });
  const read = async (at?: string) => {
    const { result, body, release } = await ask(
      "kv.export",
      { folder: ".", refs, ...(at === undefined ? {} : { at }) },
      { credential: proof() },
    );
    const texts = body.map((one) => Buffer.from(one).toString());
    release();
    return { states: result.values.map((one) => `${one.state} ${one.version}`), texts };
  };
  t.strictSame(await read(), { states: ["live 2", "deleted 1", "absent 0"], texts: ["a2", "", ""] });
  t.strictSame((await read(before)).texts, ["a1", "", ""]);
  await ask("kv.destroy", { path: "env/shop/A", versions: [1] }, { credential: proof() });
  t.equal((await read(before)).states[0], "destroyed 1");
});

t.test("a file that was promised to the seal is emptied and removed by it", async (t) => {
  const { ask, door, proof, world } = await project(t);
  const path = `${world.base}/values`;
  fs.writeFileSync(path, "A=value-in-the-file\n", { mode: 0o600 });
  const open = fs.openSync(path, "r");
  t.teardown(() => fs.closeSync(open));
  const { dev, ino } = fs.statSync(path, { bigint: true });
  const until = { path, dev: String(dev), ino: String(ino) };
  t.equal(await codeOf(ask("kv.export", { folder: ".", refs, until: { ...until, ino: "1" } }, { credential: proof() })), "changed");
  (await ask("kv.export", { folder: ".", refs, until }, { credential: proof() })).release();
  t.match(fs.readFileSync(`${world.places.state}/until-seal`, "utf8"), path);
  t.notMatch(fs.readFileSync(`${world.places.state}/until-seal`, "utf8"), "value-in-the-file");
  await door.seal("asked");
  t.equal(fs.existsSync(path), false);
  t.equal(fs.fstatSync(open).size, 0, "who has it open sees nothing more");
});

t.test("it goes, too, when others were let in: by its mode, by a second name, or where nobody may write to it", async (t) => {
  const { world } = await project(t);
  const changes: Record<string, (path: string) => void> = {
    "for another user": (path) => fs.chmodSync(path, 0o644),
    linked: (path) => fs.linkSync(path, `${path}.2`),
    "read-only": (path) => fs.chmodSync(path, 0o400),
  };
  const kept = new UntilSeal(diskIo, world.places.state);
  for (const [name, change] of Object.entries(changes)) {
    const path = `${world.base}/${name}`;
    fs.writeFileSync(path, "A=value-in-the-file\n", { mode: 0o600 });
    const { dev, ino } = fs.statSync(path, { bigint: true });
    await kept.keep({ dir: world.dir, path, dev: String(dev), ino: String(ino) });
    change(path);
  }
  t.equal((await kept.end(undefined)).length, 3);
  for (const name of Object.keys(changes)) t.notOk(fs.existsSync(`${world.base}/${name}`), name);
  t.equal(fs.readFileSync(`${world.base}/linked.2`, "utf8"), "");
});

t.test("after a kill the next agent removes it, and says so once; a file in its place stays", async (t) => {
  const { world } = await project(t);
  const path = `${world.base}/values`;
  const other = `${world.base}/other`;
  for (const one of [path, other]) fs.writeFileSync(one, "A=a1\n", { mode: 0o600 });
  const killed = new UntilSeal(diskIo, world.places.state);
  for (const one of [path, other]) {
    const { dev, ino } = fs.statSync(one, { bigint: true });
    await killed.keep({ dir: world.dir, path: one, dev: String(dev), ino: String(ino) });
  }
  fs.writeFileSync(`${other}.new`, "somebody else's", { mode: 0o600 });
  fs.renameSync(`${other}.new`, other);
  const next = new UntilSeal(diskIo, world.places.state);
  t.strictSame(await next.end(undefined), [path]);
  t.equal(fs.existsSync(path), false);
  t.equal(fs.readFileSync(other, "utf8"), "somebody else's");
  t.strictSame(await new UntilSeal(diskIo, world.places.state).end(undefined), []);
});
