/** Verbs by which keys come and go: unseal, seal, init, adopt, restore. No audit key exists before they run; they record by themselves. */
import type { Calls } from "../calls.ts";
import type { SlotInfo } from "../calls/vault.ts";
import { ZvaultError } from "../errors.ts";
import type { Answer, Caller, Credential, Request, VaultRef } from "../protocol.ts";
import { createIdentity, createVault, identitySlot, undoVault } from "./create.ts";
import { answer } from "./gate.ts";
import { type Holdings, noIdentity, type OpenChoices, type Way } from "./holdings.ts";
import type { Io } from "./io.ts";
import type { NewSlot } from "./keywork.ts";
import { remember } from "./known.ts";
import { Lease, leaseBy, type LeaseTerms } from "./lease.ts";
import { knownPath } from "./places.ts";
import type { Presence } from "./presence.ts";
import { restoreVault, rootOfCopy } from "./restore.ts";
import { describeSlot } from "./slots.ts";
import { standing } from "./standing.ts";
import { readKeys } from "./unlock.ts";
import { noteTry } from "./unseal-log.ts";
import type { Vault } from "./vault.ts";

/** `kind`: which one; of another kind is as none. */
export function needCredential(request: Request, what: string, kind?: Credential["kind"]): Credential {
  const { credential } = request;
  if (credential && credential.parts.length > 0 && (kind ?? credential.kind) === credential.kind) return credential;
  if (kind) throw new ZvaultError("presence-needed", `${what} needs a ${kind.replace("-", " ")}`);
  throw new ZvaultError("presence-needed", `${what} needs the passphrase, shares or a key file`, {
    hint: "run it in a terminal of your own, or give --key-file in a script",
  });
}

export function needVault(request: Request): VaultRef {
  if (request.vault) return request.vault;
  throw new ZvaultError("no-vault", "there is no vault here", {
    hint: "`zvault init` makes one, `zvault import` moves a .env into one",
  });
}

/** The vault file a client found must be the one that is there. */
export function checkRef(io: Io, ref: VaultRef): void {
  const file = io.stat(`${ref.dir}/vault`);
  if (file?.dev !== ref.dev || file.ino !== ref.ino) {
    throw new ZvaultError("damaged", "the vault file changed while it was looked at", { hint: "try again" });
  }
}

export class Session {
  readonly #holdings: Holdings;
  readonly #presence: Presence;

  constructor(holdings: Holdings, presence: Presence) {
    this.#holdings = holdings;
    this.#presence = presence;
  }

  async unseal(args: Calls["agent.unseal"]["args"], request: Request, caller: Caller): Promise<Answer<"agent.unseal">> {
    const credential = needCredential(request, "to unseal");
    const usual = leaseBy(credential.kind);
    const terms: LeaseTerms = {
      lifetime: (args.lifetime ?? usual.lifetime / 1000) * 1000,
      idle: Math.min(args.idle ?? usual.idle / 1000, args.lifetime ?? Infinity) * 1000,
    };
    const [sequence, chain] = args.expectHead?.split(":") ?? [];
    const choices: OpenChoices = {
      ...(args.acceptRollback ? { acceptRollback: true } : {}),
      ...(sequence !== undefined && chain !== undefined ? { expectHead: { sequence: Number(sequence), chain } } : {}),
    };
    const opened = await this.#presence.tried(
      () => this.#open(request.vault, credential, terms, caller, choices),
      (failure) => noteTry(this.#holdings.world, request.vault, credential.kind, failure, caller),
    );
    return answer({
      opened: opened.identity ? ("identity" as const) : ("vault" as const),
      ...(opened.vault ? { vault: opened.vault.id } : {}),
      notices: [...(opened.vault?.notices ?? []), ...this.#holdings.leftovers()],
      lifetime: terms.lifetime / 1000,
      idle: terms.idle / 1000,
    });
  }

  /** A passphrase opens the identity, and the vault at hand by it; anything else opens that vault. */
  async #open(
    ref: VaultRef | undefined,
    credential: Credential,
    terms: LeaseTerms,
    caller: Caller,
    choices: OpenChoices,
  ): Promise<{ identity: boolean; vault?: Vault }> {
    const { world } = this.#holdings;
    // nobody is asked for a passphrase for a folder that is not ours: refuse before anything is tried
    if (ref) {
      checkRef(world.io, ref);
      const where = standing(world.io, world.places, ref.id, ref.dir);
      if (where.kind !== "known" && where.kind !== "moved")
        await this.#holdings.open(ref, { credential }, this.#lease(terms), caller, choices);
    }
    const slots = ref ? readKeys(world.io, ref.dir).slots : [];
    const byIdentity = credential.kind === "passphrase" && this.#holdings.identityFile() !== undefined;
    const own = slots.some((slot) => slot.kind === "passphrase");
    if (byIdentity) {
      try {
        await this.#holdings.openIdentity(credential.parts[0] ?? new Uint8Array(), terms);
      } catch (failure) {
        if (!own || !(failure instanceof ZvaultError) || failure.code !== "wrong-passphrase") throw failure;
        return { identity: false, vault: await this.#openOwn(needRef(ref), credential, terms, caller, choices) };
      }
      const identity = this.#holdings.identity;
      if (
        !ref ||
        !identity ||
        !slots.some((slot) => slot.kind === "identity" && Buffer.compare(slot.public, identity.file.public) === 0)
      ) {
        return { identity: true };
      }
      const vault = await this.#openOnce(ref, { identity: identity.bundle }, identity.lease, caller, choices);
      return { identity: true, vault };
    }
    if (!ref)
      throw credential.kind === "passphrase"
        ? noIdentity()
        : new ZvaultError("no-vault", "there is no vault here", { hint: "run it in the project's folder" });
    return { identity: false, vault: await this.#openOwn(ref, credential, terms, caller, choices) };
  }

  #openOwn(ref: VaultRef, credential: Credential, terms: LeaseTerms, caller: Caller, choices: OpenChoices): Promise<Vault> {
    return this.#openOnce(ref, { credential }, this.#lease(terms), caller, choices);
  }

  #lease(terms: LeaseTerms): Lease {
    return new Lease(terms, this.#holdings.world.uptime);
  }

  /** Opens it, or, where it is open already, checks the credential and renews the lease. */
  #openOnce(ref: VaultRef, way: Way, lease: Lease, caller: Caller, choices: OpenChoices): Promise<Vault> {
    return this.#holdings.inTurn(ref.dir, async () => {
      const held = this.#holdings.vaults.get(ref.dir);
      if (!held) return this.#holdings.open(ref, way, lease, caller, choices);
      if ("credential" in way) await this.#holdings.proves(held.vault, way.credential);
      held.lease = lease;
      return held.vault;
    });
  }

  async init(args: Calls["vault.init"]["args"], request: Request, caller: Caller): Promise<Answer<"vault.init">> {
    const { label = args.slot, shares = 0, threshold = 0 } = args;
    const newIdentity = args.slot === "identity" && (await this.#readyIdentity(args.label ?? "me", request));
    const slots: NewSlot[] = [];
    if (args.slot === "shares") slots.push({ kind: "shares", label, threshold, count: shares });
    else if (args.slot !== "identity") slots.push({ kind: args.slot, label });
    // a token or a key file in the place of a passphrase would be one from then on
    const own =
      args.slot === "key-file" || args.slot === "passphrase" ? needCredential(request, "a new vault", args.slot) : undefined;
    const mine = identitySlot(this.#holdings);
    if (mine) slots.push(mine);
    const credentials = own?.parts.slice(0, 1) ?? [];
    const made = await createVault({ holdings: this.#holdings, root: args.dir, slots, credentials });
    try {
      const file = this.#holdings.world.io.stat(`${made.dir}/vault`);
      const ref = { id: made.id, dir: made.dir, dev: file?.dev ?? "", ino: file?.ino ?? "" };
      const lease = (args.slot === "identity" && this.#holdings.identity?.lease) || this.#lease(leaseBy(args.slot));
      const vault = await this.#openOnce(ref, { root: made.root }, lease, caller, {});
      const event = { kind: "event", request: "init", verb: "vault.init", paths: [], detail: { slot: args.slot } } as const;
      await vault.audit.record({ ...event, caller });
      const made2: SlotInfo[] = vault.keys.slots.map((slot) => describeSlot(slot, true));
      return answer({ id: made.id, dir: made.dir, slots: made2, newIdentity }, made.shares);
    } catch (failure) {
      for (const share of made.shares) share.wipe();
      throw undoVault(this.#holdings.world.io, made.dir, failure);
    } finally {
      made.root.wipe();
    }
  }

  /** The identity is there and open afterwards. True: it was made. */
  async #readyIdentity(name: string, request: Request): Promise<boolean> {
    const holdings = this.#holdings;
    if (holdings.identity) return false;
    const { parts } = needCredential(request, "your identity", "passphrase");
    const passphrase = parts[0] ?? new Uint8Array();
    if (holdings.identityFile()) {
      await this.#presence.tried(() => holdings.openIdentity(passphrase, leaseBy("identity")));
      return false;
    }
    const bundle = await createIdentity(holdings, name, passphrase);
    const file = holdings.identityFile();
    if (!file) throw noIdentity();
    holdings.holdIdentity(file, bundle, leaseBy("identity"));
    return true;
  }

  /** Presence is the credential that opens it: a vault that came with the folder gets a life of its own here. */
  async adopt(request: Request, caller: Caller): Promise<Answer<"vault.adopt">> {
    const { io, places } = this.#holdings.world;
    const ref = needVault(request);
    checkRef(io, ref);
    if (standing(io, places, ref.id, ref.dir).kind === "known") {
      throw new ZvaultError("changed", "this vault is known on this computer already", { hint: "run `zvault unseal`" });
    }
    const credential = needCredential(request, "to adopt a vault");
    // tries before folders, as everywhere: two that wait for each other's turn would wait for ever
    return this.#presence.tried(() =>
      this.#holdings.inTurn(ref.dir, async () => {
        const vault = await this.#holdings.openFolder(ref.id, ref.dir, { credential }, { ignoreHead: true });
        try {
          vault.barrier.verify();
          await vault.audit.record({
            kind: "event",
            request: "adopt",
            verb: "vault.adopt",
            paths: [],
            caller,
            presence: credential.kind,
          });
          await remember(io, knownPath(places), { id: ref.id, dir: ref.dir });
          await vault.durable();
        } catch (failure) {
          await vault.seal("could not be adopted");
          throw failure;
        }
        this.#holdings.vaults.set(ref.dir, { vault, lease: this.#lease(leaseBy(credential.kind)), since: vault.now() });
        return answer({ id: vault.id, lineage: vault.barrier.header.lineage, notices: vault.notices });
      }),
    );
  }

  async restore(args: Calls["backup.restore"]["args"], request: Request, caller: Caller): Promise<Answer<"backup.restore">> {
    const credential = needCredential(request, "to restore a vault");
    const dir = `${args.dir}/.zvault`;
    return this.#presence.tried(() =>
      this.#holdings.inTurn(dir, async () => {
        const what = { root: args.dir, from: args.from, id: args.id };
        // who cannot open the copy does not seal what is open
        const root = await rootOfCopy(this.#holdings, { ...what, way: { credential } });
        try {
          await this.#holdings.seal(dir, "restore", caller);
          const by = { caller, presence: credential.kind };
          const { id, secrets, from, time, aside } = await restoreVault(this.#holdings, { ...what, way: { root }, by });
          return answer({ id, secrets, from, time, aside: aside ?? null });
        } finally {
          root.wipe();
        }
      }),
    );
  }
}

function needRef(ref: VaultRef | undefined): VaultRef {
  if (ref) return ref;
  throw new ZvaultError("no-vault", "there is no vault here");
}
