/** From unwrapped keys to an open vault: log, head and audit log are opened, checked against each other, and mended after a crash. */
import { hex, sha256 } from "../crypto/hash.ts";
import { ZvaultError } from "../errors.ts";
import { checkSegments } from "./audit-check.ts";
import { gone, listSegments, segmentPath } from "./audit-segment.ts";
import { type AuditOptions, AuditLog } from "./audit.ts";
import { Barrier, type FoundLog } from "./barrier.ts";
import { type Head, HeadStore } from "./head.ts";
import type { Io } from "./io.ts";
import type { KeysFile } from "./keys.ts";
import { headPath } from "./places.ts";
import { applyRecord } from "./replay.ts";
import { State } from "./state.ts";
import { mendKeys } from "./unlock.ts";
import { type Opened, Vault, type VaultOptions } from "./vault.ts";

export type OpenOptions = VaultOptions & {
  acceptRollback?: boolean;
  /** what a person pinned elsewhere: the record of that sequence must have that chain hash */
  expectHead?: { sequence: number; chain: string };
  /** where the head was kept before the folder moved */
  movedFrom?: string;
  /** of a copy that is given a life of its own: no head is known for it */
  ignoreHead?: boolean;
  lockFd: number;
  opened: Opened;
  /** the log, looked at while the keys were unwrapped */
  log?: FoundLog;
};

/**
 * Opens log, head and audit log with keys already unwrapped. Throws what is wrong with them; nothing is kept then. undefined: a change
 * of the keys file that a crash had left half done was finished; unwrap the new file and come again.
 */
export async function openVault(o: OpenOptions): Promise<Vault | undefined> {
  const { io, dir, places, opened } = o;
  const path = `${dir}/vault`;
  dropSecondName(io, path);
  const headAt = headPath(places, opened.keys.id, dir);
  const before = o.movedFrom === undefined ? undefined : headPath(places, opened.keys.id, o.movedFrom);
  const moves = before !== undefined && io.stat(before) && !io.stat(headAt);
  const heads = openHeads(o, moves ? before : headAt);
  const head = o.ignoreHead ? undefined : heads.last;
  const state = new State();
  let barrier: Barrier | undefined;
  try {
    const found = Barrier.open({
      io,
      path,
      terms: opened.keyring,
      head,
      acceptRollback: o.acceptRollback ?? o.ignoreHead ?? false,
      ...(o.expectHead ? { expect: o.expectHead } : {}),
      ...(o.log ? { found: o.log } : {}),
      replay: (record) => applyRecord(state, record),
    });
    barrier = found.barrier;
    if (await mendKeys.afterCrash(io, dir, state.keys)) {
      barrier.close();
      heads.close();
      return undefined;
    }
    checkEpoch(state, opened.keys);
    const { audit, notices } = await openAudit(o, head, state);
    const parts = { barrier, state, audit, heads, notices: [...found.notices, ...notices] };
    // not before all is believed: a foreign vault of the same name would take the head of ours away
    if (moves) io.rename(before, headAt);
    const vault = new Vault(o, o.lockFd, opened, parts);
    if (o.acceptRollback || o.ignoreHead) await vault.newLineage(head);
    return vault;
  } catch (failure) {
    barrier?.close();
    heads.close();
    throw failure;
  }
}

/** A crash between the two steps of a compaction leaves the log with a second name. */
function dropSecondName(io: Io, path: string): void {
  const [log, previous] = [io.stat(path), io.stat(`${path}.prev`)];
  if (log && previous && log.ino === previous.ino && log.dev === previous.dev) io.remove(`${path}.prev`);
  io.remove(`${path}.new`);
}

function openHeads(o: OpenOptions, path: string): HeadStore {
  try {
    return HeadStore.open(o.io, path, o.opened.keys.id, o.opened.keyring.headKey);
  } catch (failure) {
    const newer = failure instanceof ZvaultError && failure.code === "newer-format";
    if (newer || (!o.acceptRollback && !o.ignoreHead)) throw failure;
    o.io.remove(path);
    return HeadStore.open(o.io, path, o.opened.keys.id, o.opened.keyring.headKey);
  }
}

/** Throws `old-keys` for another keys file than the one that the log names last. */
export function checkEpoch(state: State, keys: KeysFile): void {
  const { epoch, sha256: sum } = state.keys ?? { epoch: 0, sha256: "" };
  if (keys.epoch === epoch && hex(sha256(keys.bytes)) === sum) return;
  throw new ZvaultError(
    "old-keys",
    `the keys file is not the one that belongs to this vault (epoch ${keys.epoch}, ${epoch} is needed)`,
    {
      hint: "an older keys file was put back; `zvault backup restore` takes both files from the mirror",
    },
  );
}

/** Opens the audit log and writes what a crash left open. */
async function openAudit(o: OpenOptions, head: Head | undefined, state: State): Promise<{ audit: AuditLog; notices: string[] }> {
  const options = { io: o.io, folder: `${o.dir}/audit`, key: o.opened.keyring.auditKey, clock: o.clock };
  try {
    const { log, cut, intents } = AuditLog.open(options, head?.audit, state.anchors.at(-1)?.segment);
    for (const { request, verb, paths } of intents) {
      const outcome = state.requests.has(request) ? "done" : "interrupted";
      log.note({ kind: "outcome", request, verb, paths, outcome });
    }
    return { audit: log, notices: cut > 0 ? [`an audit line that was not finished was cut off (${cut} bytes)`] : [] };
  } catch (failure) {
    // a disk that fails now is no damage that a new beginning would mend
    const broken = failure instanceof ZvaultError && (failure.code === "damaged" || failure.code === "gone");
    if (!broken || (!o.acceptRollback && !o.ignoreHead)) throw broken ? firstBroken(options, state, failure) : failure;
    o.io.makeFolder(options.folder);
    const last = Math.max(listSegments(o.io, options.folder).at(-1) ?? 0, head?.audit.segment ?? 0);
    setAside(o.io, options.folder, last);
    const after = { segment: last, sequence: head?.audit.sequence ?? 0, hmac: head?.audit.hmac ?? "0".repeat(64) };
    const why = failure instanceof ZvaultError ? failure.message : "unreadable";
    return { audit: await AuditLog.create(options, after), notices: [`a new audit segment was begun: ${why}`] };
  }
}

/** Only the open segment is read for an unseal: what is wrong in it may have begun before. */
function firstBroken(options: AuditOptions, state: State, failure: unknown): unknown {
  try {
    const { problem } = checkSegments(options, state.anchors);
    return problem === undefined ? failure : gone(problem);
  } catch {
    return failure;
  }
}

/** The next segment does not follow a broken one: that is kept, under a name that nobody reads on from. */
function setAside(io: Io, folder: string, segment: number): void {
  const path = segmentPath(folder, segment);
  if (io.stat(path)) io.rename(path, `${path}.damaged`);
}
