/**
 * Keys of the transit engine. What is known of a key is an entry of the table "transit" (docs/format.md, "Transit"); the bytes of each
 * version are a value cell at `sys/transit/NAME/vN`, read into locked memory for one request and wiped after it.
 */
import type { TransitInfo, TransitType } from "../../../calls/transit.ts";
import { generateSeed, publicOf as ed25519Public } from "../../../crypto/ed25519.ts";
import { hex } from "../../../crypto/hash.ts";
import { generateScalar, publicOf as p256Public } from "../../../crypto/p256.ts";
import { random } from "../../../crypto/random.ts";
import { Secret } from "../../../crypto/secret.ts";
import { ZvaultError } from "../../../errors.ts";
import { limits } from "../../../verbs.ts";
import type { Operation } from "../../operation.ts";
import type { Vault } from "../../vault.ts";

const table = "transit";

/** `id`: of the version of its cell. `uses`: encryptions that are reserved (uses.ts). `public`: SubjectPublicKeyInfo, base64 of DER. */
export type KeyVersion = { version: number; id: string; created: string; uses: number; public?: string };

export type TransitKey = {
  type: TransitType;
  derived: boolean;
  deletable: boolean;
  created: string;
  minDecrypt: number;
  /** 0: the caller may name any version that decrypts */
  minEncrypt: number;
  /** ascending; what was trimmed is not there any more */
  versions: KeyVersion[];
};

export const cellPath = (name: string, version: number): string => `sys/transit/${name}/v${version}`;

/** Throws `not-found`. */
export function keyAt(vault: Vault, name: string): TransitKey {
  // the log is authenticated, and nobody else writes this table
  const found = vault.state.tables.get(table)?.get(name) as unknown as TransitKey | undefined;
  if (found) return found;
  throw new ZvaultError("not-found", `there is no transit key ${name}`, {
    hint: "`zvault transit keys` lists them",
    names: [name],
  });
}

export function keyNames(vault: Vault): string[] {
  return [...(vault.state.tables.get(table)?.keys() ?? [])].toSorted();
}

export function lastOf(key: TransitKey): KeyVersion {
  const last = key.versions.at(-1);
  if (!last) throw new ZvaultError("damaged", "a transit key has no version");
  return last;
}

/** For decrypting and verifying. Throws `not-found`, and `denied` below the minimum. */
export function versionToRead(name: string, key: TransitKey, version: number): KeyVersion {
  if (version < key.minDecrypt) {
    throw new ZvaultError("denied", `version ${version} of ${name} is not used any more: the minimum is ${key.minDecrypt}`, {
      hint: `zvault transit config ${name} --min-decrypt ${version}, if it should be`,
      names: [name],
    });
  }
  const found = key.versions.find((one) => one.version === version);
  if (found) return found;
  throw new ZvaultError("not-found", `there is no version ${version} of ${name}`, {
    hint: `zvault transit keys ${name}`,
    names: [name],
  });
}

/** For encrypting, signing and HMACs: the newest unless the caller names one. Throws `not-found`, and `denied` below a minimum. */
export function versionToWrite(name: string, key: TransitKey, version: number | undefined): KeyVersion {
  if (version === undefined) return lastOf(key);
  if (version >= key.minEncrypt) return versionToRead(name, key, version);
  throw new ZvaultError("denied", `nothing new is made with version ${version} of ${name}: the minimum is ${key.minEncrypt}`, {
    hint: "without a version the newest is taken",
    names: [name],
  });
}

/** The key itself; the caller wipes it. */
export function secretOf(vault: Vault, name: string, version: KeyVersion): Secret {
  const stored = vault.state.secrets.get(cellPath(name, version.version))?.versions.find((one) => one.id === version.id);
  const cell = stored?.fields.get("value");
  // trimmed or deleted while this request waited for the disk
  if (!cell) throw new ZvaultError("not-found", `version ${version.version} of ${name} is gone`, { names: [name] });
  return vault.barrier.read(cell);
}

export function setKey(name: string, key: TransitKey | null): Operation {
  return { op: "set", table, key: name, value: key };
}

export function destroyVersion(name: string, { version, id }: KeyVersion): Operation {
  return { op: "destroy", path: cellPath(name, version), ids: [id] };
}

/** The next version as it will stand in the log; the caller appends `put` with `secret` as its one value, and wipes it. */
export function makeVersion(vault: Vault, name: string, key: Pick<TransitKey, "type" | "versions">): NewVersion {
  if (key.versions.length >= limits.transitVersions) {
    throw new ZvaultError("too-large", `${name} has ${limits.transitVersions} versions`, {
      hint: "zvault transit trim takes old ones away",
      names: [name],
    });
  }
  const number = (key.versions.at(-1)?.version ?? 0) + 1;
  const { secret, shown } = generate(key.type);
  const path = cellPath(name, number);
  const id = hex(random(16));
  // a key of that name may have been deleted: its cell's history goes on
  const parent = vault.state.secrets.get(path)?.versions.at(-1)?.id ?? null;
  const put: Operation = { op: "put", path, id, parent, fields: { value: 1 }, class: "secret", audience: "local" };
  const version = { version: number, id, created: vault.now().toISOString(), uses: 0, ...(shown ? { public: shown } : {}) };
  return { version, put, secret };
}

export type NewVersion = { version: KeyVersion; put: Operation; secret: Secret };

/** What stands before the 32 bytes in an Ed25519 SubjectPublicKeyInfo (RFC 8410, section 4). */
export const spkiOfEd25519 = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

function generate(type: TransitType): { secret: Secret; shown?: string } {
  const printed = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  switch (type) {
    case "ed25519": {
      const secret = generateSeed();
      return { secret, shown: printed(Uint8Array.of(...spkiOfEd25519, ...ed25519Public(secret))) };
    }
    case "ecdsa-p256": {
      const secret = generateScalar();
      return { secret, shown: printed(p256Public(secret)) };
    }
    default:
      return { secret: Secret.random(32) };
  }
}

export function describeKey(name: string, key: TransitKey): TransitInfo {
  const { type, derived, deletable, created, minDecrypt, minEncrypt, versions } = key;
  return {
    name,
    type,
    derived,
    deletable,
    created,
    latest: lastOf(key).version,
    minDecrypt,
    minEncrypt,
    versions: versions.map(({ version, created: made, uses, public: shown }) => ({
      version,
      created: made,
      uses,
      ...(shown === undefined ? {} : { publicKey: pem(shown) }),
    })),
  };
}

function pem(base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? [];
  return ["-----BEGIN PUBLIC KEY-----", ...lines, "-----END PUBLIC KEY-----", ""].join("\n");
}
