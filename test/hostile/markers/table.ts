/**
 * Every verb with every argument and every part of its body. A verb or an argument that is added to `src/calls.ts` needs a row here: it does
 * not compile otherwise.
 */
import type { Calls } from "../../../src/calls.ts";
import { makeKeyFile } from "../../../src/key-file.ts";
import type { Credential, CredentialKind } from "../../../src/protocol.ts";
import type { VerbName } from "../../../src/verbs.ts";

/** A value or credential of its own for each name. */
export type Mark = (name: string) => Uint8Array;

export type Good<V extends VerbName> = {
  args?: Calls[V]["args"];
  body?: (mark: Mark) => Uint8Array[];
  /** with which it is asked; else with the key file of the vault */
  credential?: (mark: Mark) => Credential;
  on?: "open" | "nothing";
};

export type Marked<V extends VerbName> = {
  /** all arguments there are, together: that may be refused */
  all: Required<Calls[V]["args"]>;
  /** what each part of the body is, of all there can be; each gets a marker */
  parts: readonly string[];
  /** requests that succeed with markers; without one it is the sample's as it is */
  good?: readonly Good<V>[];
};

const text = new TextEncoder();
const hexOf = (digits: number): string => "0".repeat(digits);

export function passphraseOf(mark: Mark): Credential {
  return { kind: "passphrase", parts: [mark("passphrase")] };
}

/** Wrong ones of every kind. */
export const wrongCredentials: Record<CredentialKind, (mark: Mark) => Credential> = {
  passphrase: passphraseOf,
  shares: (mark) => ({ kind: "shares", parts: ["share 1", "share 2"].map((name) => mark(name)) }),
  "key-file": (mark) => ({ kind: "key-file", parts: [mark("key file")] }),
  token: (mark) => ({ kind: "token", parts: [text.encode(`zvs.${Buffer.from(mark("token")).toString()}`)] }),
};

const put = { class: "secret", audience: "local", description: "what it is for" } as const;
const reference = { path: "env/shop/A", field: "value", version: 1 };
const sent = { ...reference, hosts: ["db.example"] };
const shape = { name: "box", aad: true, context: true };
const terms = { ttl: 60, maxTtl: 60, explicitMaxTtl: 60, period: 60, uses: 3, renewable: true, forTool: true };
const filter = {
  verb: "kv.get",
  under: "env/shop",
  program: "node",
  outcome: "done",
  since: "2026-01-01T00:00:00Z",
  request: hexOf(16),
} as const;

export const marked: { [V in VerbName]: Marked<V> } = {
  "agent.status": { all: {}, parts: [] },
  "agent.unseal": { all: { lifetime: 60, idle: 60, acceptRollback: true, expectHead: `1:${hexOf(64)}` }, parts: [] },
  "agent.seal": { all: {}, parts: [] },
  "vault.init": {
    all: { dir: "/home/shop", slot: "shares", shares: 3, threshold: 2, label: "first" },
    parts: [],
    good: [
      { args: { dir: "/home/shop", slot: "passphrase" }, credential: passphraseOf, on: "nothing" },
      { args: { dir: "/home/shop", slot: "identity", label: "mira" }, credential: passphraseOf, on: "nothing" },
      { args: { dir: "/home/shop", slot: "shares", shares: 3, threshold: 2 }, on: "nothing" },
    ],
  },
  "vault.status": { all: {}, parts: [] },
  "vault.adopt": { all: {}, parts: [] },
  "vault.verify": { all: {}, parts: [] },
  "vault.compact": { all: {}, parts: [] },
  "vault.rotate": { all: {}, parts: [] },
  "vault.rekey": { all: { newShares: { shares: 3, threshold: 2 } }, parts: [], good: [{ args: {} }] },
  "access.list": { all: {}, parts: [] },
  "access.add": {
    all: { kind: "key-file", label: "third", shares: 3, threshold: 2 },
    parts: ["credential"],
    good: [
      { args: { kind: "key-file", label: "third" }, body: () => [makeKeyFile()] },
      { args: { kind: "passphrase", label: "typed" }, body: (mark) => [mark("new passphrase")] },
      { args: { kind: "shares", shares: 3, threshold: 2 } },
    ],
  },
  "access.remove": { all: { slot: "second" }, parts: [] },
  "access.test": { all: {}, parts: [] },
  "identity.show": { all: {}, parts: [] },
  "backup.create": { all: { out: "/home/copy.zvault" }, parts: [] },
  "backup.sync": { all: {}, parts: [] },
  "backup.list": { all: {}, parts: [] },
  "backup.look": { all: { dir: "/home/shop", from: "mirror", id: hexOf(32) }, parts: [] },
  "backup.restore": { all: { dir: "/home/shop", from: "mirror", id: hexOf(32) }, parts: [] },
  "kv.put": {
    all: { path: "env/shop/A", ...put, fields: ["a", "b"], cas: 2, generate: { kind: "hex", length: 16 } },
    parts: ["value a", "value b"],
    good: [
      { body: (mark) => [mark("value")] },
      { args: { path: "env/shop/M", fields: ["a", "b"] }, body: (mark) => [mark("value a"), mark("value b")] },
    ],
  },
  "kv.get": { all: reference, parts: [] },
  "kv.list": { all: { prefix: "env/", deleted: true }, parts: [] },
  "kv.history": { all: { path: "env/shop/A" }, parts: [] },
  "kv.metadata": { all: { path: "env/shop/A", ...put, exposed: true }, parts: [] },
  "kv.expose": { all: { paths: ["env/shop/A"] }, parts: [] },
  "kv.delete": { all: { path: "env/shop/A" }, parts: [] },
  "kv.undelete": { all: { path: "env/shop/D", version: 1 }, parts: [] },
  "kv.undo": { all: { path: "env/shop/A", to: 1 }, parts: [] },
  "kv.destroy": { all: { path: "env/shop/A", versions: [1] }, parts: [] },
  "kv.import": {
    all: {
      project: "shop",
      folder: ".",
      bind: true,
      entries: [{ path: "env/shop/A", ...put, expand: true }],
      layouts: [{ path: "env/shop/.layout/.env" }],
      also: [{ project: "web", folder: "web" }],
      hosts: [{ folder: ".", refs: ["env/shop/A@db.example"] }],
      expect: { "env/shop/A": 2 },
    },
    parts: ["value", "layout"],
    good: [{ body: (mark) => [mark("A"), mark("N1"), mark("N2"), mark("layout")] }],
  },
  "kv.resolve": { all: { folder: ".", refs: [sent], dangerous: ["NODE_OPTIONS"], starts: "claude" }, parts: [] },
  "kv.watch": { all: { folder: ".", refs: [sent], seen: [1] }, parts: [] },
  "kv.export": {
    all: { folder: ".", refs: [sent], at: filter.since, until: { path: "/home/file", dev: "1", ino: "1" } },
    parts: [],
  },
  "project.list": { all: {}, parts: [] },
  "project.allow": { all: { folder: ".", refs: ["env/other/A@db.example"], dangerous: ["NODE_OPTIONS"] }, parts: [] },
  "transit.list": { all: {}, parts: [] },
  "transit.read": { all: { name: "box" }, parts: [] },
  "transit.create": { all: { name: "new", type: "aes256-gcm96", derived: true }, parts: [] },
  "transit.config": { all: { name: "box", minDecrypt: 2, minEncrypt: 2, deletable: true }, parts: [] },
  "transit.rotate": { all: { name: "box" }, parts: [] },
  "transit.trim": { all: { name: "box", before: 2 }, parts: [] },
  "transit.delete": { all: { name: "box" }, parts: [] },
  "transit.encrypt": {
    all: { ...shape, version: 2, stream: { id: hexOf(32), from: 0, last: true } },
    parts: ["value", "associated data", "context"],
    good: [{ args: { name: "box", aad: true }, body: (mark) => [mark("value"), mark("associated data")] }],
  },
  "transit.decrypt": {
    all: { ...shape, stream: { id: hexOf(32), version: 2, from: 0, last: true } },
    parts: ["ciphertext", "associated data", "context"],
  },
  "transit.rewrap": { all: { ...shape, version: 2 }, parts: ["ciphertext", "associated data", "context"] },
  "transit.datakey": {
    all: { ...shape, version: 2, bits: 256 },
    parts: ["associated data", "context"],
    good: [{ args: { name: "box", aad: true }, body: (mark) => [mark("associated data")] }],
  },
  "transit.sign": {
    all: { name: "pen", version: 1, pieces: [1] },
    parts: ["message"],
    good: [{ args: { name: "pen", pieces: [2] }, body: (mark) => [mark("message"), mark("rest")] }],
  },
  "transit.hmac": {
    all: { name: "mac", version: 1, pieces: [1] },
    parts: ["message"],
    good: [{ args: { name: "mac" }, body: (mark) => [mark("message")] }],
  },
  "transit.verify": {
    all: { name: "pen", pieces: [1] },
    parts: ["signature", "message"],
    good: [{ body: (mark) => [text.encode("vault:v1:AAAA"), mark("message")] }],
  },
  "transit.random": { all: { bytes: 32 }, parts: [] },
  "transit.hash": {
    all: { algorithm: "sha2-256", pieces: [1] },
    parts: ["message"],
    good: [{ body: (mark) => [mark("message")] }],
  },
  "policy.list": { all: {}, parts: [] },
  "policy.read": { all: { name: "local" }, parts: [] },
  "policy.write": { all: { name: "deploy", text: 'path "env/*" { capabilities = ["use"] }' }, parts: [] },
  "policy.delete": { all: { name: "old" }, parts: [] },
  "policy.test": { all: { path: "env/shop/A", needs: ["use"], list: false, policies: ["old"], tool: true }, parts: [] },
  "token.create": { all: { ...terms, name: "third", policies: ["local"], orphan: true }, parts: [] },
  "token.root": { all: { ttl: 60 }, parts: [] },
  "token.lookup": { all: { accessor: hexOf(24) }, parts: [] },
  "token.list": { all: {}, parts: [] },
  "token.renew": { all: { accessor: hexOf(24), increment: 60 }, parts: [] },
  "token.revoke": { all: { accessor: hexOf(24) }, parts: [] },
  "approle.list": { all: {}, parts: [] },
  "approle.read": { all: { role: "ci" }, parts: [] },
  "approle.write": { all: { role: "ci", policies: ["local"], token: terms, secretIdTtl: 60, secretIdUses: 3 }, parts: [] },
  "approle.delete": { all: { role: "ci" }, parts: [] },
  "approle.secret-id": { all: { role: "ci" }, parts: [] },
  "approle.secret-ids": { all: { role: "ci" }, parts: [] },
  "approle.revoke": { all: { role: "ci", accessor: hexOf(24) }, parts: [] },
  "approle.login": { all: { roleId: hexOf(32) }, parts: ["secret_id"] },
  "audit.verify": { all: {}, parts: [] },
  "audit.key": { all: {}, parts: [] },
  "audit.tail": { all: { ...filter, lines: 5, after: 0, wait: false }, parts: [] },
  "audit.hash": { all: {}, parts: ["value"], good: [{ body: (mark) => [mark("value")] }] },
  "audit.uses": { all: { path: "env/shop/A" }, parts: [] },
  "audit.stats": { all: { since: filter.since }, parts: [] },
  "audit.offboard": { all: { program: "node", uid: 0, person: "mira", accessor: hexOf(24), role: "ci" }, parts: [] },
};
