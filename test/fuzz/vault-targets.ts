/**
 * What lies on disk: log, keys, identity, heads, audit segments, unseal.log, known, backups. Keys are those of golden vaults, so that a
 * kept input means the same for ever; `mend` makes checksums and MACs fit again where somebody without the keys could, or where only
 * what lies behind them is of interest.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { crc32c } from "../../src/crypto/crc32c.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { hkdf, hmac } from "../../src/crypto/kdf.ts";
import type { Secret } from "../../src/crypto/secret.ts";
import { checkSegment } from "../../src/vault/audit-segment.ts";
import { AuditLog } from "../../src/vault/audit.ts";
import { firstPrev } from "../../src/vault/audit-line.ts";
import { parseBackup } from "../../src/vault/backup-file.ts";
import { Barrier } from "../../src/vault/barrier.ts";
import { dumpState } from "../../src/vault/checkpoint.ts";
import { type Head, HeadStore } from "../../src/vault/head.ts";
import { headerLength, parseHeader } from "../../src/vault/header.ts";
import { checkKdf, parseIdentity, productKdf, sealIdentity } from "../../src/vault/identity.ts";
import type { Keyring } from "../../src/vault/keyring.ts";
import { openKeys, parseKeys } from "../../src/vault/keys.ts";
import { ask, perform } from "../../src/vault/keywork.ts";
import { parseKnown } from "../../src/vault/known.ts";
import { printTransaction } from "../../src/vault/operation.ts";
import { recordType } from "../../src/vault/record.ts";
import { applyRecord } from "../../src/vault/replay.ts";
import { describeSlot, printSlot } from "../../src/vault/slots.ts";
import { State } from "../../src/vault/state.ts";
import { noteFailure, readFailures } from "../../src/vault/unseal-log.ts";
import { MemoryIo } from "../crash/memory-io.ts";
import { caller, cheapKdf, secret } from "../helpers/vault.ts";
import { expect, type Target } from "./driver.ts";

const folder = join(import.meta.dirname, "../vectors/vaults");
const file = (name: string): Uint8Array => new Uint8Array(fs.readFileSync(join(folder, name)));
const text = new TextDecoder();

type Golden = {
  log: Uint8Array;
  keys: Uint8Array;
  head: Uint8Array;
  audit: Uint8Array;
  root: Secret;
  ring: Keyring;
  last: Head | undefined;
};

async function golden(name: string): Promise<Golden> {
  const keys = file(`${name}/keys`);
  const parsed = parseKeys(keys);
  const slots = parsed.slots.map((slot) => Buffer.from(printSlot(slot)).toString("hex"));
  const job = { do: "unwrap" as const, vault: parsed.id, slots, with: "key-file" as const };
  const { parts } = await ask((one) => perform(one, cheapKdf), job, [file(`${name}/key`)]);
  const root = parts[0];
  if (!root) throw new Error("a golden vault does not open");
  const ring = openKeys(parsed, root);
  const head = file(`${name}/head`);
  const audit = file(`${name}/audit/000001.jsonl`);
  return { log: file(`${name}/vault`), keys, head, audit, root, ring, last: openHead(head, parsed.id, ring).last };
}

function openHead(bytes: Uint8Array, id: string, ring: Keyring): HeadStore {
  const io = new MemoryIo();
  io.setContent("/head", bytes);
  return HeadStore.open(io, "/head", id, ring.headKey);
}

const vaults = [await golden("versions"), await golden("checkpoint"), await golden("rotated")];
const [first] = vaults;
if (!first) throw new Error("no golden vault");
const idOf = (log: Uint8Array): string => parseHeader(log, "/vault").id;
const ofId = (bytes: Uint8Array): Golden =>
  vaults.find((one) => Buffer.compare(one.log.subarray(16, 32), bytes.subarray(16, 32)) === 0) ?? first;

/** Checksums of header and records, and the chain, made to fit; the seals do not. */
function mendLog(bytes: Uint8Array): Uint8Array {
  if (bytes.length < headerLength) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(124, crc32c(bytes.subarray(0, 124)));
  let chain = sha256(bytes.subarray(0, headerLength));
  for (let at = headerLength; at + 100 <= bytes.length;) {
    const length = view.getUint32(at + 4);
    if (length < 100 || at + length > bytes.length) break;
    bytes.set(chain, at + 64);
    view.setUint32(at + length - 4, crc32c(bytes.subarray(at, at + length - 4)));
    chain = sha256(bytes.subarray(at, at + length));
    at += length;
  }
  return bytes;
}

const log: Target = {
  name: "log",
  large: 4 * 1024 * 1024,
  seeds: vaults.map((one) => one.log),
  words: ["zvR1", "zvault\0\x01", Buffer.from("7a76523100000080", "hex"), new Uint8Array(32)],
  max: 24_576,
  mend: mendLog,
  run(bytes) {
    const { ring, last, log: original } = ofId(bytes);
    const io = new MemoryIo();
    io.setContent("/vault", bytes);
    const state = new State();
    const same = Buffer.compare(original, bytes) === 0;
    const open = (head: Head | undefined): void => {
      const { barrier } = Barrier.open({ io, path: "/vault", terms: ring, head, replay: (record) => applyRecord(state, record) });
      expect(barrier.size <= bytes.length, "a log longer than its file");
      if (head) expect(same || Buffer.compare(bytes.subarray(0, original.length), original) === 0, "a changed log is accepted");
      for (const one of state.secrets.values())
        for (const version of one.versions) for (const ref of version.fields.values()) barrier.read(ref).wipe();
      barrier.close();
    };
    try {
      open(last);
    } finally {
      io.setContent("/vault", bytes);
      open(undefined);
    }
  },
};

const header: Target = {
  name: "header",
  seeds: vaults.map((one) => one.log.subarray(0, headerLength)),
  max: 256,
  mend(bytes) {
    if (bytes.length >= headerLength) new DataView(bytes.buffer, bytes.byteOffset).setUint32(124, crc32c(bytes.subarray(0, 124)));
    return bytes;
  },
  run(bytes) {
    const { generation, first: from, id } = parseHeader(bytes, "/vault");
    expect(Number.isSafeInteger(generation) && Number.isSafeInteger(from) && id.length === 32, "a header out of bounds");
  },
};

const keys: Target = {
  name: "keys",
  seeds: [...vaults.map((one) => one.keys), file("foreign-slots/keys"), file("slot-removed/keys")],
  words: ["zvkeys\0\x01", Buffer.from("0001", "hex"), Buffer.from("ffff", "hex")],
  max: 70_000,
  mend(bytes) {
    if (bytes.length < 32) return bytes;
    const key = hkdf(first.root, new Uint8Array(0), "zvault keys mac", 32);
    bytes.set(hmac(key, bytes.subarray(0, -32)), bytes.length - 32);
    key.wipe();
    return bytes;
  },
  run(bytes) {
    const parsed = parseKeys(bytes);
    expect(parsed.slots.length >= 1 && parsed.slots.length <= 16 && bytes.length <= 65_536, "a keys file beyond its limits");
    for (const slot of parsed.slots) JSON.stringify(describeSlot(slot, false));
    const ring = openKeys(parsed, first.root);
    ring.wipe();
    expect(Buffer.compare(bytes.subarray(0, 12), first.keys.subarray(0, 12)) === 0, "another file opens");
  },
};

const identity: Target = {
  name: "identity",
  seeds: [
    sealIdentity(
      secret("x".repeat(64)),
      { public: new Uint8Array(32), signing: new Uint8Array(32) },
      "mira",
      secret("phrase"),
      cheapKdf,
    ),
  ],
  words: ["zvident\x01", Buffer.from("ffffffff", "hex")],
  max: 5000,
  run(bytes) {
    const parsed = parseIdentity(bytes);
    expect(/^[\x21-\x7e]{0,64}$/.test(parsed.name), "a name with other characters");
    checkKdf(parsed.kdf, productKdf.floor);
    expect(parsed.kdf.memoryKiB <= 2 ** 20 && parsed.kdf.passes <= 16, "a cost without end");
  },
};

const head: Target = {
  name: "head",
  seeds: vaults.map((one) => one.head),
  words: ["zvH1", new Uint8Array(512)],
  max: 2048,
  mend(bytes) {
    for (const at of [0, 512]) {
      if (bytes.length >= at + 512) bytes.set(hmac(first.ring.headKey, bytes.subarray(at, at + 480)), at + 480);
    }
    return bytes;
  },
  run(bytes) {
    const { last } = openHead(bytes, idOf(first.log), first.ring);
    expect(last !== undefined && last.id === idOf(first.log), "a head of another vault");
  },
};

const auditHead = first.last?.audit;
const audit: Target = {
  name: "audit",
  large: 1024 * 1024,
  seeds: vaults.map((one) => one.audit),
  words: ["\n", "\0", '{"seq":1,', '"kind":"intent"', '"prev":"', '"hmac":"', "}\n", "\n\n"],
  run(bytes) {
    const raw = Buffer.from(bytes);
    const read = checkSegment(raw, { sequence: 0, hmac: firstPrev }, first.ring.auditKey);
    const good = raw.subarray(0, read.bytes);
    expect(good.equals(first.audit.subarray(0, good.length)), "a line that nobody wrote is believed");
    const io = new MemoryIo();
    io.makeFolder("/audit");
    io.setContent("/audit/000001.jsonl", bytes);
    const options = { io, folder: "/audit", key: first.ring.auditKey, clock: () => new Date(0) };
    const opened = AuditLog.open(options, auditHead);
    expect(opened.log.position.sequence >= (auditHead?.sequence ?? 0), "an audit log that ends before its head");
    opened.log.note({ kind: "event", request: "r", verb: "kv.get", paths: [] });
    opened.log.close();
  },
};

const line = JSON.stringify({
  time: "2026-01-01T00:00:00.000Z",
  code: "wrong-key",
  kind: "key-file",
  uid: 1,
  pid: 2,
  program: "/bin/x",
  prev: "",
});
const unsealLog: Target = {
  name: "unseal-log",
  large: 1024 * 1024,
  seeds: [`${line}\n`, twoFailures()],
  words: ['"prev":""', '"time":', "\n", '{"', "[[[[[["],
  json: true,
  mend: (bytes) => Buffer.concat([bytes, Buffer.from("\n")]),
  run(bytes) {
    const io = new MemoryIo();
    io.setContent("/unseal.log", bytes);
    for (const one of readFailures(io, "/unseal.log").failures) {
      const { time, code, kind, uid, pid, program } = one;
      const texts = [time, code, kind, program].every((part) => typeof part === "string" && part.length <= 4096);
      expect(texts && Number.isSafeInteger(uid) && Number.isSafeInteger(pid), "a failed try with fields of another kind");
      JSON.stringify(one);
    }
    noteFailure(io, "/unseal.log", new Date(0), "wrong-key", "key-file", caller);
    expect(readFailures(io, "/unseal.log").whole, "a line that was just written is not read");
  },
};

function twoFailures(): Uint8Array {
  const io = new MemoryIo();
  for (const code of ["wrong-key", "wrong-share"]) noteFailure(io, "/log", new Date(0), code, "shares", caller);
  return io.contentOf("/log");
}

const known: Target = {
  name: "known",
  large: 1024 * 1024,
  seeds: [`${"0".repeat(32)}\t"/home/a/.zvault"\n${"1".repeat(32)}\t"/b\\u0000"\n`],
  words: ["\t", '"', "\n", "\\u0000", '","'],
  run(bytes) {
    for (const { id, dir } of parseKnown(text.decode(bytes)))
      expect(/^[0-9a-f]{32}$/.test(id) && dir.startsWith("/"), "an entry that is none");
  },
};

function backupOf(head: unknown, ...files: Uint8Array[]): Uint8Array {
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  const body = Buffer.concat([Buffer.from("zvbackup"), length, json, ...files]);
  return Buffer.concat([body, sha256(body)]);
}

const backup: Target = {
  name: "backup",
  seeds: [
    backupOf({ v: 1, id: "0".repeat(32), time: "2026-01-01T00:00:00.000Z", secrets: 1, files: [["keys", 3], ["vault", 4], ["audit/000001.jsonl", 0]] }, Buffer.from("keyvalt")), // prettier-ignore
    backupOf({ v: 1, id: "0".repeat(32), files: [] }),
    backupOf(null),
  ],
  words: ["zvbackup", "null", "[]", '"files":', '["../x",1]', '["audit/000001.jsonl",0]', '"id":1', "1e999", "-1"],
  mend(bytes) {
    const end = Buffer.from(bytes.subarray(12)).indexOf("}");
    if (bytes.length < 44) return bytes;
    if (end > 0 && bytes.length % 2 === 0) new DataView(bytes.buffer, bytes.byteOffset).setUint32(8, end + 1);
    return Buffer.concat([bytes.subarray(0, -32), sha256(bytes.subarray(0, -32))]);
  },
  run(bytes) {
    const { head: found, files } = parseBackup(bytes, "copy");
    expect(/^[0-9a-f]{32}$/.test(found.id) && typeof found.time === "string", "a head with fields of another kind");
    const total = files.reduce((sum, one) => sum + one.bytes.length, 0);
    expect(
      total <= bytes.length && files.every(({ name }) => /^(keys|vault|audit\/\d{6}\.jsonl)$/.test(name)),
      "files out of bounds",
    );
    expect(new Set(files.map(({ name }) => name)).size === files.length, "a name twice");
  },
};

/** What only those who hold the keys can write: another build, a copy that was merged. The first byte says which record it is. */
const operations = [
  { op: "put", path: "env/a/B", id: "00", parent: null, fields: { value: 1 }, class: "secret" },
  { op: "delete", path: "env/a/B", id: "00" },
  { op: "undelete", path: "env/a/B", id: "00" },
  { op: "destroy", path: "env/a/B", ids: ["00"] },
  { op: "describe", path: "env/a/B", description: "d" },
  { op: "project", project: "a", folder: "." },
  { op: "allow", folder: ".", refs: ["env/b/C"], dangerous: ["NODE_OPTIONS"] },
  { op: "keys-epoch", epoch: 1, sha256: "00" },
  { op: "anchor", segment: 1, lines: 2, hmac: "00" },
];
const cell = { sequence: 1, term: 1, cell: 1, offset: 200, length: 80 };
const transaction = printTransaction({ v: 1, time: "t", request: "r", author: "a", ops: operations as never });

function stateSeed(): State {
  const state = new State();
  applyRecord(state, { type: recordType.transaction, sequence: 1, meta: transaction, values: [cell] });
  return state;
}

const record: Target = {
  name: "record",
  seeds: [Buffer.concat([Buffer.from("\x01\n"), transaction]), Buffer.concat([Buffer.from("\x02\n"), dumpState(stateSeed())])],
  words: operations.map((one) => JSON.stringify(one)),
  json: true,
  run(bytes) {
    const state = stateSeed();
    const type = ((bytes[0] ?? 0) % 6) as typeof recordType.transaction;
    applyRecord(state, { type, sequence: 2, meta: bytes.subarray(2), values: [cell] });
  },
};

export const vaultTargets: readonly Target[] = [log, header, keys, identity, head, audit, unsealLog, known, backup, record];
