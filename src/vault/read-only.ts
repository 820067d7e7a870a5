/**
 * A vault opened to be looked at: no lock is taken, nothing is mended, nothing is written. For copies, and for a credential that is only
 * tried.
 */
import { ZvaultError } from "../errors.ts";
import { Barrier } from "./barrier.ts";
import { type Head, HeadStore } from "./head.ts";
import type { Io } from "./io.ts";
import type { KeysFile } from "./keys.ts";
import type { Keyring } from "./keyring.ts";
import { applyRecord } from "./replay.ts";
import { State } from "./state.ts";

export type ReadOnly = { barrier: Barrier; state: State };

/** `dir`: where log and keys file lie. `head`: undefined where none is known for it. The caller closes the barrier. Throws as opening does. */
export function openReadOnly(o: { io: Io; dir: string; keyring: Keyring; head: Head | undefined }): ReadOnly {
  const state = new State();
  const barrier = Barrier.openToRead({
    io: o.io,
    path: `${o.dir}/vault`,
    terms: o.keyring,
    head: o.head,
    replay: (record) => applyRecord(state, record),
  });
  return { barrier, state };
}

/** The last seen state, if there is one. Throws `damaged` for one that cannot be read. */
export function headAt(io: Io, path: string, id: string, keyring: Keyring): Head | undefined {
  const heads = HeadStore.open(io, path, id, keyring.headKey);
  const { last } = heads;
  heads.close();
  return last;
}

/** Throws `damaged` for a keys file that is another vault's. */
export function checkKeysOf(keys: KeysFile, id: string): void {
  if (keys.id === id) return;
  throw new ZvaultError("damaged", "the keys file belongs to another vault", {
    hint: "`zvault backup restore` takes both files from the mirror",
  });
}
