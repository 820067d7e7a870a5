/**
 * How often a version has encrypted. Random nonces of 96 bits are safe for a bounded number of messages under one key (NIST SP 800-38D,
 * 8.3: at most 2^32), so the number must survive anything: uses are reserved in blocks of 2^20 that are on disk before the first one is
 * taken, and a block counts as spent when the agent ends, however it ends. At 2^31 the key rotates by itself.
 */
import { ZvaultError } from "../../../errors.ts";
import type { Receipt } from "../../audit.ts";
import type { Vault } from "../../vault.ts";
import { keyAt, type KeyVersion, makeVersion, setKey, type TransitKey, versionToWrite } from "./key.ts";

export const block = 2 ** 20;
export const mostUses = 2 ** 31;

/** Of one version in this session: taken so far, and how many may be taken because their reservation is on disk. */
type Line = { used: number; durable: number };

/** id of a version → its line. A vault that is opened again begins with an empty book: what was reserved is spent. */
const books = new WeakMap<Vault, Map<string, Line>>();

/**
 * Takes `count` uses of a version (the newest unless one is named) and gives that version, once they are reserved on disk. Throws
 * `denied` for a named version that is used up; the newest is rotated then.
 */
export async function takeUses(
  vault: Vault,
  receipt: Receipt,
  name: string,
  wanted: number | undefined,
  count: number,
): Promise<KeyVersion> {
  while (vault.busy) await vault.busy;
  vault.checkOpen();
  const key = keyAt(vault, name);
  const version = versionToWrite(name, key, wanted);
  const book = books.get(vault) ?? new Map<string, Line>();
  books.set(vault, book);
  const line = book.get(version.id) ?? { used: version.uses, durable: version.uses };
  book.set(version.id, line);
  const missing = line.used + count - version.uses;
  let { uses } = version;
  if (missing > 0) {
    uses += Math.ceil(missing / block) * block;
    if (uses > mostUses) return usedUp(vault, receipt, name, key, wanted, count);
    const versions = key.versions.map((one) => (one.id === version.id ? { ...one, uses } : one));
    vault.append(receipt, [setKey(name, { ...key, versions })], []);
  }
  // taken before anything is waited for: nobody else takes the same
  line.used += count;
  if (line.used > line.durable) {
    await vault.durable();
    line.durable = Math.max(line.durable, uses);
    vault.checkOpen();
  }
  return version;
}

function usedUp(
  vault: Vault,
  receipt: Receipt,
  name: string,
  key: TransitKey,
  wanted: number | undefined,
  count: number,
): Promise<KeyVersion> {
  if (wanted !== undefined) {
    throw new ZvaultError("denied", `version ${wanted} of ${name} has encrypted as often as it may`, {
      hint: "without a version the newest is taken",
      names: [name],
    });
  }
  const { version } = addVersion(vault, receipt, name, key);
  vault.event("transit.rotate", { version, why: "uses" }, { paths: [`transit/keys/${name}`] });
  return takeUses(vault, receipt, name, undefined, count);
}

/** Appends the next version; not yet durable. */
export function addVersion(vault: Vault, receipt: Receipt, name: string, key: TransitKey): KeyVersion {
  const { version, put, secret } = makeVersion(vault, name, key);
  try {
    vault.append(receipt, [put, setKey(name, { ...key, versions: [...key.versions, version] })], [secret]);
  } finally {
    secret.wipe();
  }
  return version;
}
