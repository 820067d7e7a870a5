/** A new vault: built in a folder beside, on disk in full, then renamed to `.zvault`. */
import { hex, sha256 } from "../crypto/hash.ts";
import { random } from "../crypto/random.ts";
import { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import { AuditLog } from "./audit.ts";
import { Barrier } from "./barrier.ts";
import { type Head, HeadStore } from "./head.ts";
import type { Holdings } from "./holdings.ts";
import { type Io, writeFresh } from "./io.ts";
import { parseKeys, printKeys } from "./keys.ts";
import { Keyring } from "./keyring.ts";
import { ask, type NewSlot } from "./keywork.ts";
import { remember } from "./known.ts";
import { printTransaction } from "./operation.ts";
import { headPath, identityPath, knownPath } from "./places.ts";
import { recordType } from "./record.ts";
import { parseSlot, type Slot } from "./slots.ts";

export type CreateOptions = {
  holdings: Holdings;
  /** real path of the folder that gets `.zvault` */
  root: string;
  slots: NewSlot[];
  /** one for each key-file and passphrase slot */
  credentials: readonly Uint8Array[];
};

export type Created = { id: string; dir: string; root: Secret; shares: Secret[] };

const gitignore = "# made by zvault: nothing in here is meant for git\n*\n";

/** The vault is on disk and known; the caller opens it with `root`. Throws `changed` when there is one already. */
export async function createVault(o: CreateOptions): Promise<Created> {
  const { io, places, clock } = o.holdings.world;
  const dir = `${o.root}/.zvault`;
  if (io.stat(dir)) {
    throw new ZvaultError("changed", `there is a vault already: ${dir}`, {
      hint: "`zvault status` shows it; `zvault import` uses it",
    });
  }
  const id = hex(random(16));
  const fresh = `${dir}.new-${hex(random(4))}`;
  const root = Secret.random(32);
  const keyring = Keyring.generate();
  let shares: Secret[] = [];
  let placed = false;
  try {
    const job = { do: "wrap" as const, vault: id, slots: o.slots, now: clock().toISOString() };
    const { header, parts } = await ask(o.holdings.world.work, job, [root, ...o.credentials]);
    const count = header.slots ?? 0;
    shares = parts.slice(count);
    const keys = printKeys({ id, epoch: 1, slots: slotsOf(parts.slice(0, count)), keyring, root });
    parseKeys(keys);
    const head = await build(o, fresh, { id, keys, keyring, now: job.now });
    // the head first: a vault that is there without one could be put back unseen
    const heads = HeadStore.open(io, headPath(places, id, dir), id, keyring.headKey);
    try {
      heads.write(head);
      await heads.sync();
    } finally {
      heads.close();
    }
    await remember(io, knownPath(places), { id, dir });
    io.rename(fresh, dir);
    placed = true;
    await io.syncFolder(o.root);
  } catch (failure) {
    root.wipe();
    for (const share of shares) share.wipe();
    if (placed) throw undoVault(io, dir, failure);
    undoVault(io, fresh, failure);
    throw failure;
  } finally {
    keyring.wipe();
  }
  return { id, dir, root, shares };
}

/** All files of the vault, on disk; the head that belongs to them. */
async function build(
  { holdings }: CreateOptions,
  fresh: string,
  { id, keys, keyring, now }: { id: string; keys: Uint8Array; keyring: Keyring; now: string },
): Promise<Head> {
  const { io, clock } = holdings.world;
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  io.makeFolder(fresh);
  await writeFresh(io, `${fresh}/.gitignore`, text(gitignore));
  await writeFresh(io, `${fresh}/config.json`, text(`${JSON.stringify({ zvault: 1, created: now })}\n`));
  await writeFresh(io, `${fresh}/keys`, keys);
  io.makeFolder(`${fresh}/audit`);
  const audit = await AuditLog.create({ io, folder: `${fresh}/audit`, key: keyring.auditKey, clock });
  try {
    const barrier = await Barrier.create(io, `${fresh}/vault`, keyring, { id, lineage: hex(random(16)), generation: 1, first: 1 });
    try {
      const epoch = { op: "keys-epoch" as const, epoch: 1, sha256: hex(sha256(keys)) };
      const first = { v: 1 as const, time: now, request: "init", author: "init", ops: [epoch] };
      barrier.append(recordType.keysEpoch, printTransaction(first), []);
      await barrier.synced();
      await io.syncFolder(fresh);
      return { id, log: barrier.position, audit: audit.position };
    } finally {
      barrier.close();
    }
  } finally {
    audit.close();
  }
}

/** Takes away a vault that was just made and holds nothing. What to tell: `failure`, or that it is there all the same. */
export function undoVault(io: Io, dir: string, failure: unknown): unknown {
  try {
    io.removeFolder(dir);
    return failure;
  } catch {
    const why = failure instanceof Error ? failure.message : "unknown";
    return new ZvaultError("not-recorded", `an empty vault was made in ${dir}, but not all that belongs to it was done: ${why}`, {
      hint: "remove that folder when the disk can be written again, and begin anew",
      cause: failure,
    });
  }
}

/** Slots that the key work made; the parts they came in are given back. */
export function slotsOf(parts: readonly Secret[]): Slot[] {
  return parts.map((part) => {
    const bytes = part.use((raw) => raw.slice());
    part.wipe();
    return parseSlot(bytes);
  });
}

/** The identity's slot, from the file's public halves. */
export function identitySlot(holdings: Holdings, label?: string): NewSlot | undefined {
  const file = holdings.identityFile();
  return file && { kind: "identity", label: label ?? file.name, public: hex(file.public), signing: hex(file.signing) };
}

/** Makes the identity's file, never over one that is there. The bundle is the caller's. */
export async function createIdentity(holdings: Holdings, name: string, passphrase: Uint8Array): Promise<Secret> {
  const { io, places, work } = holdings.world;
  const path = identityPath(places);
  if (io.stat(path))
    throw new ZvaultError("changed", "there is an identity on this computer already", { hint: "`zvault whoami` shows it" });
  const { parts } = await ask(work, { do: "make-identity", name }, [passphrase]);
  const [file, bundle] = parts;
  if (!file || !bundle) throw new ZvaultError("internal", "no identity was made");
  io.makeFolder(places.config);
  const fresh = `${path}.new`;
  await writeFresh(
    io,
    fresh,
    file.use((bytes) => bytes.slice()),
  );
  file.wipe();
  io.rename(fresh, path);
  await io.syncFolder(places.config);
  return bundle;
}
