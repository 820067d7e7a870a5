/**
 * `access test`: whether a credential opens this very vault, found out without opening it. A sealed one is read as unsealing reads it, head
 * and all, and left byte for byte as it is; nothing is held afterwards.
 */
import type { Calls } from "../calls.ts";
import { equalSecrets } from "../crypto/equal.ts";
import { hex, sha256 } from "../crypto/hash.ts";
import { ZvaultError } from "../errors.ts";
import type { Answer, Caller, Credential, Request, VaultRef } from "../protocol.ts";
import { answer } from "./gate.ts";
import type { Holdings } from "./holdings.ts";
import { type Io, readFile } from "./io.ts";
import { type KeysFile, keysLimit, openKeys, parseKeys } from "./keys.ts";
import { checkEpoch } from "./open.ts";
import { headPath } from "./places.ts";
import type { Presence } from "./presence.ts";
import { checkKeysOf, headAt, openReadOnly } from "./read-only.ts";
import { checkRef, needCredential, needVault } from "./session.ts";
import { describeSlot } from "./slots.ts";
import { checkStanding } from "./standing.ts";
import type { State } from "./state.ts";
import { lockVault, readKeys } from "./unlock.ts";
import { noteTry } from "./unseal-log.ts";
import type { Vault } from "./vault.ts";

type Result = Calls["access.test"]["result"];

export async function testAccess(
  holdings: Holdings,
  presence: Presence,
  request: Request,
  caller: Caller,
): Promise<Answer<"access.test">> {
  const ref = needVault(request);
  const { io, places } = holdings.world;
  checkRef(io, ref);
  // no credential is tried on a file that is not ours
  const movedFrom = checkStanding(io, places, ref.id, ref.dir);
  const credential = needCredential(request, "a test");
  return presence.tried(
    () =>
      holdings.inTurn(ref.dir, async () => {
        const held = holdings.vaults.get(ref.dir);
        return answer(
          held ? await onOpen(holdings, held.vault, credential, caller) : await onSealed(holdings, ref, movedFrom, credential),
        );
      }),
    (failure) => noteTry(holdings.world, ref, credential.kind, failure, caller),
  );
}

/** The keys are at hand, so a right try is in the audit log; a sealed vault has nobody who could write there. */
async function onOpen(holdings: Holdings, vault: Vault, credential: Credential, caller: Caller): Promise<Result> {
  const { root, slot } = await holdings.rootKey(vault.keys, { credential });
  const same = !vault.sealed && equalSecrets(root, vault.root);
  root.wipe();
  vault.checkOpen();
  if (!same) throw new ZvaultError("wrong-key", "this does not open this vault");
  const result = { slot: slotAt(vault.keys, slot), sealed: false };
  vault.event("access.test", { slot: result.slot.id }, { caller, presence: credential.kind });
  return result;
}

async function onSealed(holdings: Holdings, ref: VaultRef, movedFrom: string | undefined, credential: Credential): Promise<Result> {
  const { io } = holdings.world;
  // another agent may be about to change it
  const lock = lockVault(io, ref.dir);
  try {
    let keys = readKeys(io, ref.dir);
    let tried = await tryKeys(holdings, ref, movedFrom, keys, credential);
    const fresh = pendingKeys(io, ref.dir, tried.state);
    if (fresh) {
      keys = fresh;
      tried = await tryKeys(holdings, ref, movedFrom, keys, credential);
    }
    checkEpoch(tried.state, keys);
    return { slot: slotAt(keys, tried.slot), sealed: true };
  } finally {
    io.close(lock);
  }
}

/** All that unsealing looks at but the audit log, which it would go on with. */
async function tryKeys(
  holdings: Holdings,
  ref: VaultRef,
  movedFrom: string | undefined,
  keys: KeysFile,
  credential: Credential,
): Promise<{ state: State; slot: number }> {
  const { io, places } = holdings.world;
  checkKeysOf(keys, ref.id);
  const { root, slot } = await holdings.rootKey(keys, { credential });
  try {
    const keyring = openKeys(keys, root);
    try {
      const own = headPath(places, ref.id, ref.dir);
      const path = movedFrom === undefined || io.stat(own) ? own : headPath(places, ref.id, movedFrom);
      const head = headAt(io, path, ref.id, keyring);
      const { barrier, state } = openReadOnly({ io, dir: ref.dir, keyring, head });
      barrier.close();
      return { state, slot };
    } finally {
      keyring.wipe();
    }
  } finally {
    root.wipe();
  }
}

/** A change of the keys file that a crash left half done, and that the next unseal will finish. */
function pendingKeys(io: Io, dir: string, state: State): KeysFile | undefined {
  const bytes = readFile(io, `${dir}/keys.new`, keysLimit);
  return bytes && state.keys?.sha256 === hex(sha256(bytes)) ? parseKeys(bytes) : undefined;
}

function slotAt(keys: KeysFile, at: number): Result["slot"] {
  const slot = keys.slots[at];
  if (!slot) throw new ZvaultError("internal", "the slot that was opened is not there");
  return describeSlot(slot, true);
}
