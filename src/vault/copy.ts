/** A copy of a vault opened in memory, all of it: whether it would open, and what is in it. Nothing is written. */
import type { CopiedAudit } from "../calls/vault.ts";
import type { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import { verifySegments } from "./audit-check.ts";
import { type CopyFile, copyFolder, copyIo } from "./copy-io.ts";
import type { LogPosition } from "./head.ts";
import { type KeysFile, keysLimit, openKeys, parseKeys } from "./keys.ts";
import { checkEpoch } from "./open.ts";
import { checkKeysOf, openReadOnly } from "./read-only.ts";
import type { State } from "./state.ts";

export type CopyToOpen = {
  files: readonly CopyFile[];
  id: string;
  root: Secret;
  /** the last record that must be in it, and the last audit line, where these are known */
  position?: LogPosition;
  end?: { segment: number; sequence: number };
};

export type OpenedCopy = {
  state: State;
  position: LogPosition;
  records: number;
  audit: CopiedAudit;
  /** bytes of a change that was not finished */
  torn: number;
};

/** The copy's keys file. Throws `damaged`. */
export function keysOf(files: readonly CopyFile[], id: string): KeysFile {
  const keys = files.find(({ name }) => name === "keys");
  if (!keys || keys.bytes.length > keysLimit) throw new ZvaultError("damaged", "the copy has no keys file");
  const parsed = parseKeys(keys.bytes);
  checkKeysOf(parsed, id);
  return parsed;
}

/** Opens every record and checks every chain; a broken audit log is told, not refused. Throws `damaged`, `old-keys`. */
export function openCopy({ files, id, root, position, end }: CopyToOpen): OpenedCopy {
  const keys = keysOf(files, id);
  const keyring = openKeys(keys, root);
  try {
    const io = copyIo(files);
    const { barrier, state } = openReadOnly({ io, dir: copyFolder, keyring, head: undefined });
    if (barrier.header.id !== id) throw new ZvaultError("damaged", "the copy's log is another vault's");
    checkEpoch(state, keys);
    const records = barrier.verify();
    if (position && (barrier.position.chain !== position.chain || barrier.torn > 0))
      throw new ZvaultError("damaged", "the copy does not end where the vault did");
    const anchors = state.anchors;
    const {
      ok,
      records: lines,
      problem,
    } = verifySegments({ io, folder: `${copyFolder}/audit`, key: keyring.auditKey, anchors, end });
    const audit = { records: lines, ok, ...(problem === undefined ? {} : { problem }) };
    return { state, position: barrier.position, records, audit, torn: barrier.torn };
  } finally {
    keyring.wipe();
  }
}
