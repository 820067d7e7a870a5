/** Who and what can unseal: slots added and taken away, new data keys, a new root key. */
import type { Calls } from "../../calls.ts";
import type { SlotInfo } from "../../calls/vault.ts";
import { hex } from "../../crypto/hash.ts";
import { Secret } from "../../crypto/secret.ts";
import { ZvaultError } from "../../errors.ts";
import { isReserved } from "../../path.ts";
import type { Receipt } from "../audit.ts";
import { identitySlot, slotsOf } from "../create.ts";
import type { Holdings } from "../holdings.ts";
import { ask, type NewSlot } from "../keywork.ts";
import type { TermKeys } from "../cell.ts";
import { describeSlot, printSlot, type Slot } from "../slots.ts";
import type { Vault } from "../vault.ts";

type Wrapped = { slots: Slot[]; shares: Secret[] };

async function wrap(
  holdings: Holdings,
  vault: Vault,
  root: Secret,
  slots: NewSlot[],
  credentials: readonly Uint8Array[],
): Promise<Wrapped> {
  const job = { do: "wrap" as const, vault: vault.id, slots, now: vault.now().toISOString() };
  const { header, parts } = await ask(holdings.world.work, job, [root, ...credentials]);
  const count = header.slots ?? 0;
  return { slots: slotsOf(parts.slice(0, count)), shares: parts.slice(count) };
}

/** Throws `denied` for a slot that this build does not know: it could be kept only with the root key that it has. */
function same(slot: Slot): NewSlot {
  if (slot.kind) return { kind: "same", slot: hex(printSlot(slot)) };
  const id = slot.id.slice(0, 8);
  throw new ZvaultError("denied", `access ${id} was made by a newer zvault, and this build cannot seal a new root key to it`, {
    hint: `use that zvault, or take it away first: zvault access remove ${id}`,
    names: [id],
  });
}

/** True if somebody can unseal by one of them: what is sealed to others is of no use here. */
function opensHere(slots: readonly Slot[]): boolean {
  return slots.some((slot) => slot.kind !== undefined && slot.kind !== "recipient");
}

/** A slot by the start of its id, or by its label. Throws `not-found`. */
function find(vault: Vault, name: string): Slot {
  const found = vault.keys.slots.filter((slot) => slot.label === name || (name.length >= 4 && slot.id.startsWith(name)));
  const slot = found[0];
  if (slot && found.length === 1) return slot;
  throw new ZvaultError(
    "not-found",
    `${found.length === 0 ? "no" : "more than one"} way to unseal is called ${JSON.stringify(name)}`,
    {
      hint: "`zvault access list` shows them; name one by its id",
    },
  );
}

function newSlotOf(holdings: Holdings, args: Calls["access.add"]["args"]): NewSlot {
  const { kind, label = kind, threshold = 0, shares = 0 } = args;
  if (kind === "shares") return { kind, label, threshold, count: shares };
  if (kind !== "identity") return { kind, label };
  const slot = identitySlot(holdings, args.label);
  if (!slot) throw new ZvaultError("not-found", "there is no identity on this computer", { hint: "`zvault init` makes one" });
  return slot;
}

export const access = {
  list(vault: Vault, _receipt: Receipt): { slots: SlotInfo[] } {
    return { slots: vault.keys.slots.map((slot) => describeSlot(slot, true)) };
  },

  async add(
    holdings: Holdings,
    vault: Vault,
    receipt: Receipt,
    args: Calls["access.add"]["args"],
    credentials: readonly Uint8Array[],
  ): Promise<{ result: Calls["access.add"]["result"]; body: Secret[] }> {
    const wanted = newSlotOf(holdings, args);
    const made = await wrap(holdings, vault, vault.root, [wanted], credentials);
    const slot = made.slots[0];
    if (!slot) throw new ZvaultError("internal", "no slot was made");
    if (vault.keys.slots.some((one) => Buffer.compare(one.public, slot.public) === 0)) {
      throw new ZvaultError("changed", "this opens the vault already", { hint: "`zvault access list` shows what does" });
    }
    try {
      await vault.replaceKeys(receipt, { slots: [...vault.keys.slots, slot] });
    } catch (failure) {
      for (const share of made.shares) share.wipe();
      throw failure;
    }
    return { result: { slot: describeSlot(slot, true) }, body: made.shares };
  },

  /** A new root key and a new term, sealed to those that remain. What was written before stays readable to whoever kept a copy. */
  async remove(
    holdings: Holdings,
    vault: Vault,
    receipt: Receipt,
    args: Calls["access.remove"]["args"],
  ): Promise<Calls["access.remove"]["result"]> {
    const slot = find(vault, args.slot);
    const rest = vault.keys.slots.filter((one) => one !== slot);
    if (!opensHere(rest)) {
      throw new ZvaultError("denied", "this is the only way to unseal the vault here", {
        hint: "`zvault access add` another one first",
      });
    }
    await changeRoot(holdings, vault, receipt, rest.map(same));
    const all = [...vault.state.secrets.values()];
    const rotate = all.filter((one) => one.class === "secret" && !isReserved(one.path)).map((one) => one.path);
    return { removed: describeSlot(slot, true), rotate };
  },

  async rotate(vault: Vault, receipt: Receipt): Promise<Calls["vault.rotate"]["result"]> {
    const term = vault.keyring.nextTerm();
    try {
      await vault.replaceKeys(receipt, { slots: vault.keys.slots, term });
    } catch (failure) {
      wipeUnused(vault, term);
      throw failure;
    }
    return { term: term.term };
  },

  async rekey(
    holdings: Holdings,
    vault: Vault,
    receipt: Receipt,
    args: Calls["vault.rekey"]["args"],
  ): Promise<{ result: Calls["vault.rekey"]["result"]; body: Secret[] }> {
    const fresh = args.newShares;
    const kept = fresh ? vault.keys.slots.filter((slot) => slot.kind !== "shares") : vault.keys.slots;
    const slots = kept.map(same);
    if (fresh) slots.push({ kind: "shares", label: "shares", threshold: fresh.threshold, count: fresh.shares });
    const body = await changeRoot(holdings, vault, receipt, slots);
    return { result: { epoch: vault.keys.epoch }, body };
  },
};

/** A term that did not become the vault's. */
function wipeUnused(vault: Vault, term: TermKeys): void {
  if (!vault.sealed && vault.keyring.get(term.term) === term) return;
  term.key.wipe();
  term.hedge.wipe();
}

async function changeRoot(holdings: Holdings, vault: Vault, receipt: Receipt, slots: NewSlot[]): Promise<Secret[]> {
  const root = Secret.random(32);
  const term = vault.keyring.nextTerm();
  let shares: Secret[] = [];
  try {
    const made = await wrap(holdings, vault, root, slots, []);
    shares = made.shares;
    await vault.replaceKeys(receipt, { slots: made.slots, root, term });
    return shares;
  } catch (failure) {
    for (const share of shares) share.wipe();
    // both may be the vault's already: then it holds them
    if (vault.sealed || vault.root !== root) root.wipe();
    wipeUnused(vault, term);
    throw failure;
  }
}
