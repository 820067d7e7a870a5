/**
 * One request for every verb of the table, for tests that go through all of them (faults, fuzzing). A verb added to `src/verbs.ts`
 * needs one here: it does not compile otherwise. Paths are those of the memory disk (test/crash).
 */
import type { Calls } from "../../src/calls.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { parseBackup } from "../../src/vault/backup-file.ts";
import type { VerbName } from "../../src/verbs.ts";
import type { MemoryIo } from "../crash/memory-io.ts";
import { bytes } from "./vault.ts";

export type Sample<V extends VerbName> = {
  args: Calls[V]["args"];
  body?: Uint8Array[];
  /** what the vault it is asked about is like; "open" by default */
  on?: "open" | "sealed" | "unknown" | "nothing";
  /** false: no secret, slot or project is another afterwards */
  changes: boolean;
  /** the answer is another one each time */
  fresh?: boolean;
  /** What must be true of the disk, besides, when it says that it was done. */
  holds?(io: MemoryIo): boolean;
};

const wholeCopy = (io: MemoryIo): boolean =>
  parseBackup(io.contentOf("/home/copy.zvault"), "copy").files.some(
    ({ name, bytes: content }) => name === "vault" && Buffer.compare(content, io.contentOf("/home/shop/.zvault/vault")) === 0,
  );

/** The second copy of the log holds what the log holds. */
function mirrored(io: MemoryIo): boolean {
  const folder = "/home/state/mirror";
  const log = io.contentOf("/home/shop/.zvault/vault");
  return io.list(folder).some((name) => Buffer.compare(io.contentOf(`${folder}/${name}/vault`), log) === 0);
}

/** What the disk of `test/vault/faults.test.ts` has that is random; its preparation fills it in. */
export const made = {
  accessor: "0".repeat(24),
  secretAccessor: "0".repeat(24),
  roleId: "",
  secretId: new Uint8Array() as Uint8Array,
};

export const secondKey: Uint8Array = makeKeyFile();
export const thirdKey: Uint8Array = makeKeyFile();

/** What "a value" is in this vault, once `faults.test.ts` has encrypted it. */
export const transitCiphertext: Uint8Array[] = [];

/**
 * As `test/vault/faults.test.ts` prepares the vault: secrets A (two versions), B, C and D (deleted), slots key-file and second, transit
 * keys `box` (two versions, only the second decrypts, deletable), `pen` and `mac`, policy `old`.
 */
export const samples: { [V in VerbName]: Sample<V> } = {
  "agent.status": { args: {}, changes: false },
  "agent.unseal": { args: { lifetime: 3600, idle: 600 }, on: "sealed", changes: false },
  "agent.seal": { args: {}, changes: false },
  "vault.init": { args: { dir: "/home/shop", slot: "key-file", label: "first" }, on: "nothing", changes: true },
  "vault.status": { args: {}, changes: false },
  "vault.adopt": { args: {}, on: "unknown", changes: true },
  "vault.verify": { args: {}, changes: false },
  "vault.compact": { args: {}, changes: false },
  "vault.rotate": { args: {}, changes: false },
  "vault.rekey": { args: {}, changes: false },
  "access.list": { args: {}, changes: false },
  "access.add": { args: { kind: "key-file", label: "third" }, body: [thirdKey], changes: true },
  "access.remove": { args: { slot: "second" }, changes: true },
  "access.test": { args: {}, on: "sealed", changes: false },
  "identity.show": { args: {}, changes: false },
  "backup.create": { args: { out: "/home/copy.zvault" }, changes: false, holds: wholeCopy },
  "backup.sync": { args: {}, changes: false, holds: mirrored },
  "backup.list": { args: {}, changes: false },
  "backup.look": { args: { dir: "/home/shop", from: "mirror" }, changes: false },
  // a life of its own: the tokens of the one before are over
  "backup.restore": { args: { dir: "/home/shop", from: "mirror" }, changes: true },
  "kv.put": { args: { path: "env/shop/A", class: "secret", cas: 2 }, body: [bytes("new")], changes: true },
  "kv.get": { args: { path: "env/shop/A", version: 1 }, changes: false },
  "kv.list": { args: { prefix: "env/", deleted: true }, changes: false },
  "kv.history": { args: { path: "env/shop/A" }, changes: false },
  "kv.metadata": { args: { path: "env/shop/A", description: "what it is for", exposed: true }, changes: true },
  "kv.delete": { args: { path: "env/shop/A" }, changes: true },
  "kv.undelete": { args: { path: "env/shop/D" }, changes: true },
  "kv.undo": { args: { path: "env/shop/A", to: 1 }, changes: true },
  "kv.destroy": { args: { path: "env/shop/A", versions: [1] }, changes: true },
  "kv.import": {
    args: {
      project: "shop",
      folder: ".",
      bind: true,
      entries: [{ path: "env/shop/A", class: "setting" }, { path: "env/shop/N1", expand: true }, { path: "env/shop/N2" }],
      layouts: [{ path: "env/shop/.layout/.env" }],
      expect: { "env/shop/A": 2, "env/shop/N1": 0 },
    },
    body: ["imported A", "imported N1", "imported N2", "zvault layout 1\n"].map(bytes),
    changes: true,
    holds: mirrored,
  },
  "kv.resolve": {
    args: { folder: ".", refs: [{ path: "env/shop/A" }, { path: "env/shop/B", version: 1 }], dangerous: [] },
    changes: false,
  },
  "kv.expose": { args: { paths: ["env/shop/A", "env/shop/B"] }, changes: true },
  "kv.watch": { args: { folder: ".", refs: [{ path: "env/shop/A" }] }, changes: false },
  "kv.export": {
    args: { folder: ".", refs: [{ path: "env/shop/A" }, { path: "env/shop/D" }, { path: "env/shop/Y" }] },
    changes: false,
  },
  "project.list": { args: {}, changes: false },
  "project.allow": { args: { folder: ".", refs: ["env/other/A"], dangerous: ["NODE_OPTIONS"] }, changes: true },
  "transit.list": { args: {}, changes: false },
  "transit.read": { args: { name: "box" }, changes: false },
  "transit.create": { args: { name: "new", type: "hmac" }, changes: true },
  "transit.config": { args: { name: "box", minEncrypt: 2, deletable: false }, changes: true },
  "transit.rotate": { args: { name: "box" }, changes: true },
  "transit.trim": { args: { name: "box", before: 2 }, changes: true },
  "transit.delete": { args: { name: "box" }, changes: true },
  "transit.encrypt": { args: { name: "box" }, body: [bytes("a value"), bytes("another")], changes: false, fresh: true },
  "transit.decrypt": { args: { name: "box" }, body: transitCiphertext, changes: false },
  "transit.rewrap": { args: { name: "box" }, body: transitCiphertext, changes: false, fresh: true },
  "transit.datakey": { args: { name: "box", bits: 128 }, changes: false, fresh: true },
  "transit.sign": { args: { name: "pen" }, body: [bytes("a message")], changes: false },
  "transit.verify": { args: { name: "pen" }, body: [bytes("vault:v1:AAAA"), bytes("a message")], changes: false },
  "transit.hmac": { args: { name: "mac", pieces: [2] }, body: [bytes("in two "), bytes("pieces")], changes: false },
  "transit.random": { args: { bytes: 32 }, changes: false, fresh: true },
  "transit.hash": { args: { algorithm: "sha2-256" }, body: [bytes("abc")], changes: false },
  "policy.list": { args: {}, changes: false },
  "policy.read": { args: { name: "local" }, changes: false },
  "policy.write": { args: { name: "deploy", text: 'path "env/shop/*" { capabilities = ["use"] }' }, changes: true },
  "policy.delete": { args: { name: "old" }, changes: true },
  "policy.test": { args: { path: "env/shop/A", needs: ["use"], list: false, policies: ["old"], tool: true }, changes: false },
  "token.create": { args: { policies: ["local"], ttl: 60, name: "third" }, changes: true },
  "token.root": { args: { ttl: 60 }, changes: true },
  "token.lookup": {
    get args() {
      return { accessor: made.accessor };
    },
    changes: false,
  },
  "token.list": { args: {}, changes: false },
  "token.renew": {
    get args() {
      return { accessor: made.accessor, increment: 1000 };
    },
    changes: true,
  },
  "token.revoke": {
    get args() {
      return { accessor: made.accessor };
    },
    changes: true,
  },
  "approle.list": { args: {}, changes: false },
  "approle.read": { args: { role: "ci" }, changes: false },
  "approle.write": { args: { role: "ci", policies: ["local", "default"], token: { ttl: 60 }, secretIdUses: 3 }, changes: true },
  "approle.delete": { args: { role: "ci" }, changes: true },
  "approle.secret-id": { args: { role: "ci" }, changes: true },
  "approle.secret-ids": { args: { role: "ci" }, changes: false },
  "approle.revoke": {
    get args() {
      return { role: "ci", accessor: made.secretAccessor };
    },
    changes: true,
  },
  "approle.login": {
    get args() {
      return { roleId: made.roleId };
    },
    get body() {
      return [made.secretId];
    },
    changes: true,
  },
  "audit.verify": { args: {}, changes: false },
  "audit.hash": { args: {}, body: [bytes("new")], changes: false },
  "audit.uses": { args: { path: "env/shop/A" }, changes: false },
  "audit.stats": { args: { since: "2026-01-01T00:00:00Z" }, changes: false },
  "audit.offboard": { args: { uid: 0 }, changes: false },
  "audit.key": { args: {}, changes: false },
  "audit.tail": { args: { lines: 50 }, changes: false },
};
