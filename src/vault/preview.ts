/**
 * `backup restore --dry-run`: what is in a copy, whether the credential opens it, and what would be lost or come back. Nothing is written; the
 * copy is opened in memory, the vault that stands there is only read.
 */
import type { Calls } from "../calls.ts";
import type { SlotInfo } from "../calls/vault.ts";
import { ZvaultError } from "../errors.ts";
import { isReserved } from "../path.ts";
import type { Answer, Credential, Request } from "../protocol.ts";
import { type Source, sourceOf } from "./copies.ts";
import { keysOf, openCopy, type OpenedCopy } from "./copy.ts";
import { answer } from "./gate.ts";
import type { LogPosition } from "./head.ts";
import type { Holdings } from "./holdings.ts";
import { openKeys, type KeysFile } from "./keys.ts";
import type { Presence } from "./presence.ts";
import { openReadOnly } from "./read-only.ts";
import { describeSlot } from "./slots.ts";
import { idAt } from "./standing.ts";
import type { State } from "./state.ts";
import { readKeys } from "./unlock.ts";

type Result = Calls["backup.look"]["result"];
type Opened = { copy: OpenedCopy; slot: SlotInfo };
/** What the vault that stands there holds. */
type Standing = { state: State; position: LogPosition; keys: KeysFile };

export async function lookAtCopy(
  holdings: Holdings,
  presence: Presence,
  args: Calls["backup.look"]["args"],
  { credential }: Request,
): Promise<Answer<"backup.look">> {
  const { io, places } = holdings.world;
  const source = sourceOf(io, places, args.from, args.id, args.dir);
  const keys = keysOf(source.files, source.id);
  const opened = credential && (await presence.tried(() => openWith(holdings, source, keys, credential)));
  const there = await lookThere(holdings, `${args.dir}/.zvault`, source.id, keys, opened?.copy, credential);
  const { id, time, from, files } = source;
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  const slots = keys.slots.map((slot) => describeSlot(slot, opened !== undefined));
  return answer({ id, time, from, bytes, slots, opened: opened ? shown(opened) : null, there });
}

async function openWith(holdings: Holdings, { files, id }: Source, keys: KeysFile, credential: Credential): Promise<Opened> {
  const { root, slot } = await holdings.rootKey(keys, { credential });
  try {
    const copy = openCopy({ files, id, root });
    const by = keys.slots[slot];
    if (!by) throw new ZvaultError("internal", "the slot that was opened is not there");
    return { copy, slot: describeSlot(by, true) };
  } finally {
    root.wipe();
  }
}

function shown({ copy, slot }: Opened): NonNullable<Result["opened"]> {
  const { state, position, records, audit, torn } = copy;
  return { slot, secrets: state.count, records, generation: position.generation, audit, torn };
}

/** The vault that would be moved aside. What is wrong with it is told: it may be why somebody restores. */
async function lookThere(
  holdings: Holdings,
  dir: string,
  id: string,
  keys: KeysFile,
  copy: OpenedCopy | undefined,
  credential: Credential | undefined,
): Promise<Result["there"]> {
  const { io } = holdings.world;
  if (!io.stat(dir)) return null;
  const found = idAt(io, dir);
  const same = found === id;
  const none = { id: found ?? null, same, unsealed: holdings.vaults.has(dir), compared: null };
  if (!copy || !credential || !same) return none;
  try {
    const standing = await openThere(holdings, dir, credential);
    return { ...none, compared: compare(copy, keys, standing) };
  } catch (failure) {
    if (!(failure instanceof ZvaultError)) throw failure;
    return { ...none, problem: failure.message };
  }
}

async function openThere(holdings: Holdings, dir: string, credential: Credential): Promise<Standing> {
  const held = holdings.vaults.get(dir);
  if (held) return { state: held.vault.state, position: held.vault.barrier.position, keys: held.vault.keys };
  const { io } = holdings.world;
  const keys = readKeys(io, dir);
  const { root } = await holdings.rootKey(keys, { credential });
  try {
    const keyring = openKeys(keys, root);
    try {
      const { barrier, state } = openReadOnly({ io, dir, keyring, head: undefined });
      barrier.close();
      return { state, position: barrier.position, keys };
    } finally {
      keyring.wipe();
    }
  } finally {
    root.wipe();
  }
}

function compare(copy: OpenedCopy, keys: KeysFile, there: Standing): NonNullable<NonNullable<Result["there"]>["compared"]> {
  const paths = [...new Set([...there.state.secrets.keys(), ...copy.state.secrets.keys()])]
    .filter((path) => !isReserved(path))
    .toSorted();
  const has = (path: string): boolean => {
    const id = there.state.current(path)?.version.id;
    return id === undefined || (copy.state.secrets.get(path)?.versions.some((version) => version.id === id) ?? false);
  };
  const slots = new Set(there.keys.slots.map((slot) => slot.id));
  const older = there.position.lineage === copy.position.lineage ? there.position.sequence - copy.position.sequence : null;
  return {
    records: older,
    lost: paths.filter((path) => !has(path)),
    // taken away since, and not any more afterwards
    back: paths.filter((path) => copy.state.current(path) && !there.state.current(path)),
    access: keys.slots.filter((slot) => !slots.has(slot.id)).map((slot) => describeSlot(slot, true)),
  };
}
