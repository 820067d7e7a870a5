/** What a later zvault wrote is said to be that, with its format, and is left as it is. */
import * as fs from "node:fs";
import t from "tap";
import { crc32c } from "../../src/crypto/crc32c.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { hmac } from "../../src/crypto/kdf.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { sealIdentity } from "../../src/vault/identity.ts";
import { dumpState } from "../../src/vault/checkpoint.ts";
import { headPath, identityPath } from "../../src/vault/places.ts";
import { recordType } from "../../src/vault/record.ts";
import type { Vault } from "../../src/vault/vault.ts";
import { withVault } from "../helpers/content.ts";
import {
  ask,
  bytes,
  cheapKdf,
  keyFile,
  makeWorld,
  openDoor,
  passphrase,
  refOf,
  removeWorld,
  secret,
  type World,
} from "../helpers/vault.ts";

type Change = (world: World, key: Uint8Array) => Promise<void> | void;

function rewrite(path: string, change: (content: Buffer) => Uint8Array | void): void {
  const content = fs.readFileSync(path);
  fs.writeFileSync(path, change(content) ?? content);
}

/** A record that this vault's keys sealed, as a later build would. */
const append =
  (type: number, meta: (vault: Vault) => unknown): Change =>
  (world, key) =>
    withVault(world, key, async (vault) => {
      vault.barrier.append(type as never, bytes(JSON.stringify(meta(vault))), []);
      await vault.durable();
    });

const operations = (...ops: unknown[]) => ({ v: 1, time: "2030-01-01T00:00:00Z", request: "r", author: "a", ops });

const changes: Record<string, { change: Change; says: RegExp }> = {
  "the vault file": {
    change: ({ dir }) =>
      rewrite(`${dir}/vault`, (log) => {
        log.writeUInt32BE(2, 8);
        log.writeUInt32BE(crc32c(log.subarray(0, 124)), 124);
      }),
    says: /vault is of format 2, this build knows format 1/,
  },
  "the keys file": {
    change: ({ dir }) => rewrite(`${dir}/keys`, (keys) => void keys.writeUInt32BE(3, 8)),
    says: /keys file is of format 3, /,
  },
  "a slot that must be known": {
    change: ({ dir }) => rewrite(`${dir}/keys`, (keys) => void (keys.writeUInt8(77, 42), keys.writeUInt8(1, 43))),
    says: /slot of the keys file.* was written by a newer zvault, /,
  },
  "the head": {
    change: async (world, key) => {
      const path = headPath(world.places, refOf(world.dir).id, world.dir);
      await withVault(world, key, (vault) => {
        // closing writes it once more, so the change follows
        const { headKey } = vault.keyring;
        const copy = headKey.clone();
        later.push(() => {
          rewrite(path, (head) => {
            for (const at of [0, 512]) {
              head[at + 3] = 0x32;
              head.set(hmac(copy, head.subarray(at, at + 480)), at + 480);
            }
          });
          copy.wipe();
        });
      });
    },
    says: /last seen state of this vault is of format 2, /,
  },
  "a transaction": {
    change: append(recordType.transaction, () => ({ ...operations(), v: 2 })),
    says: /record of the log is of format 2, /,
  },
  "an operation": {
    change: append(recordType.transaction, () => operations({ op: "lend" })),
    says: /operation in a record .* newer zvault, /,
  },
  "a kind of record": {
    change: append(9, () => ({ v: 1 })),
    says: /record \d+, of a kind of its own, was written by a newer zvault, /,
  },
  "a checkpoint": {
    change: append(recordType.checkpoint, (vault) => ({
      ...(JSON.parse(new TextDecoder().decode(dumpState(vault.state))) as object),
      v: 4,
    })),
    says: /checkpoint of the log is of format 4, /,
  },
};
const later: (() => void)[] = [];

function everything(world: World): Record<string, string> {
  const files = fs.readdirSync(world.base, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return Object.fromEntries(
    files.map((file) => `${file.parentPath}/${file.name}`).map((path) => [path, fs.readFileSync(path, "hex")]),
  );
}

async function made(t: {
  teardown(act: () => void): void;
}): Promise<{ world: World; key: Uint8Array; opened: ReturnType<typeof openDoor> }> {
  const world = makeWorld();
  t.teardown(() => removeWorld(world));
  const key = makeKeyFile();
  const opened = openDoor(world);
  await ask(opened.door, world, "vault.init", { dir: world.project, slot: "key-file" }, { credential: keyFile(key.slice()) });
  await ask(opened.door, world, "kv.put", { path: "env/shop/A" }, { body: [bytes("hello")] });
  await opened.door.seal("test");
  return { world, key, opened };
}

type Failure = { code?: string; message?: string; hint?: string };
const failureOf = (act: Promise<unknown>): Promise<Failure> =>
  act.then(
    () => ({ code: "done" }),
    (failure: unknown) => failure as Failure,
  );

for (const [name, { change, says }] of Object.entries(changes)) {
  t.test(`${name} of a newer format`, async (t) => {
    const { world, key, opened } = await made(t);
    await change(world, key);
    for (const act of later.splice(0)) act();
    const before = everything(world);
    for (const [verb, args] of [
      ["agent.unseal", {}],
      ["agent.unseal", { acceptRollback: true }],
      ["access.test", {}],
      ["vault.verify", {}],
    ] as const) {
      const failure = await failureOf(ask(opened.door, world, verb, args as never, { credential: keyFile(key.slice()) }));
      t.equal(failure.code, "newer-format", `${verb}: ${failure.message}`);
      t.match(failure.message, says);
      t.match(failure.hint, /newer one; nothing is damaged/);
    }
    t.same(everything(world), before, "it is left as it is");
  });
}

t.test("an identity and a backup of a newer format", async (t) => {
  const { world, key, opened } = await made(t);
  const { door } = opened;
  const bundle = secret("x".repeat(64));
  const publics = { public: new Uint8Array(32), signing: new Uint8Array(32) };
  const identity = sealIdentity(bundle, publics, "mira", secret("words"), cheapKdf);
  new DataView(identity.buffer).setUint32(8, 2);
  fs.mkdirSync(world.places.config, { recursive: true, mode: 0o700 });
  fs.writeFileSync(identityPath(world.places), identity, { mode: 0o600 });
  const opening = await failureOf(ask(door, world, "agent.unseal", {}, { credential: passphrase("words") }));
  t.match(opening, { code: "newer-format", message: /identity file is of format 2/ });
  fs.rmSync(identityPath(world.places));

  const out = `${world.base}/copy.zvault`;
  await ask(door, world, "agent.unseal", {}, { credential: keyFile(key.slice()) });
  await ask(door, world, "backup.create", { out });
  rewrite(out, (whole) => {
    const body = whole.subarray(0, -32);
    body.set(Buffer.from('{"v":2'), body.indexOf('{"v":1'));
    return Buffer.concat([body, sha256(body)]);
  });
  for (const verb of ["backup.look", "backup.restore"] as const) {
    const asked = ask(door, world, verb, { dir: world.project, from: out }, { credential: keyFile(key.slice()) });
    t.match(await failureOf(asked), { code: "newer-format", message: /copy\.zvault is of format 2/ }, verb);
  }
  await door.seal("test");
});

t.test("a format that nobody can have got to is damage", async (t) => {
  for (const found of [0, 256, 2 ** 31]) {
    const { world, key, opened } = await made(t);
    rewrite(`${world.dir}/keys`, (keys) => void keys.writeUInt32BE(found, 8));
    t.match(
      await failureOf(ask(opened.door, world, "agent.unseal", {}, { credential: keyFile(key) })),
      { code: "damaged" },
      String(found),
    );
  }
});
