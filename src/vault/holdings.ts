/**
 * What the agent holds unsealed: the identity, and the open vaults. Opening a vault by the identity happens on its first use; by a
 * slot of its own when a person unseals it.
 */
import { equalSecrets } from "../crypto/equal.ts";
import { hex } from "../crypto/hash.ts";
import { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import type { Caller, Credential, VaultRef } from "../protocol.ts";
import { Tries } from "./approle/tries.ts";
import { newRequest } from "./audit-line.ts";
import { Barrier } from "./barrier.ts";
import { type IdentityFile, identityLimit, parseIdentity } from "./identity.ts";
import { type Io, readFile } from "./io.ts";
import { type KeysFile, openKeys } from "./keys.ts";
import { ask, type KeyWork } from "./keywork.ts";
import { remember } from "./known.ts";
import { Lease, type LeaseTerms } from "./lease.ts";
import { identityPath, knownPath, type Places } from "./places.ts";
import { fingerprint, printSlot } from "./slots.ts";
import { checkKeysOf } from "./read-only.ts";
import { checkStanding } from "./standing.ts";
import { lockVault, readKeys } from "./unlock.ts";
import { readFailures } from "./unseal-log.ts";
import { UntilSeal } from "./until-seal.ts";
import { openVault, type OpenOptions } from "./open.ts";
import type { Opened, Vault } from "./vault.ts";

export type World = {
  io: Io;
  work: KeyWork;
  places: Places;
  clock(): Date;
  /** milliseconds of a clock that counts suspend and is not set */
  uptime(): number;
  sleep(milliseconds: number): Promise<void>;
};

export type Held = { vault: Vault; lease: Lease; since: Date };
type HeldIdentity = { file: IdentityFile; bundle: Secret; lease: Lease; since: Date };

/** How the root key is to be got: from a credential, from the identity that is open, or it was just made (`createVault`). */
export type Way = { credential: Credential } | { identity: Secret } | { root: Secret };

export type OpenChoices = Pick<OpenOptions, "acceptRollback" | "expectHead" | "ignoreHead">;

export class Holdings {
  readonly world: World;
  readonly vaults = new Map<string, Held>();
  readonly untilSeal: UntilSeal;
  /** of AppRole, all vaults together */
  readonly logins: Tries;
  identity: HeldIdentity | undefined;
  readonly #leftovers: string[] = [];
  /** open for one request, and found by no other */
  readonly #passing = new Set<Vault>();
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(world: World) {
    this.world = world;
    this.untilSeal = new UntilSeal(world.io, world.places.state);
    this.logins = new Tries((milliseconds) => world.sleep(milliseconds));
  }

  identityFile(): IdentityFile | undefined {
    const bytes = readFile(this.world.io, identityPath(this.world.places), identityLimit);
    return bytes && parseIdentity(bytes);
  }

  async openIdentity(passphrase: Uint8Array, terms: LeaseTerms): Promise<void> {
    const bundle = await this.identityBundle(passphrase);
    const file = this.identityFile();
    if (!bundle || !file) throw noIdentity();
    this.holdIdentity(file, bundle, terms);
  }

  holdIdentity(file: IdentityFile, bundle: Secret, terms: LeaseTerms): void {
    this.identity?.bundle.wipe();
    this.identity = { file, bundle, lease: new Lease(terms, this.world.uptime), since: this.world.clock() };
  }

  /** undefined: there is no identity on this computer. Throws `wrong-passphrase`. The caller wipes the bundle. */
  async identityBundle(passphrase: Uint8Array): Promise<Secret | undefined> {
    const file = this.identityFile();
    if (!file) return undefined;
    const { parts } = await ask(this.world.work, { do: "open-identity" }, [file.bytes, passphrase]);
    return parts[0];
  }

  /** One at a time for each folder, so two requests never open the same vault twice. */
  inTurn<T>(dir: string, act: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(dir) ?? Promise.resolve();
    const mine = before.then(act, act);
    this.#turns.set(
      dir,
      mine.catch(() => undefined),
    );
    return mine;
  }

  /**
   * The open vault of a request, opened by the identity if need be. `renews` false: whoever only waits does not keep it open. Throws
   * `sealed`.
   */
  async use(ref: VaultRef, caller: Caller, renews = true): Promise<Vault> {
    const held = this.vaults.get(ref.dir);
    if (held) return this.#checked(held, ref, renews);
    const { identity } = this;
    if (!identity) {
      // "unseal" would be the wrong advice for a folder that is not ours
      checkStanding(this.world.io, this.world.places, ref.id, ref.dir);
      throw sealed();
    }
    return this.inTurn(ref.dir, async () => {
      const again = this.vaults.get(ref.dir);
      if (again) return this.#checked(again, ref, renews);
      const vault = await this.open(ref, { identity: identity.bundle }, identity.lease, caller, {});
      return vault;
    });
  }

  #checked(held: Held, ref: VaultRef, renews: boolean): Vault {
    const file = this.world.io.stat(`${held.vault.dir}/vault`);
    if (held.vault.id !== ref.id || file?.dev !== ref.dev || file.ino !== ref.ino) {
      throw new ZvaultError("damaged", "the vault file there is not the one that was opened", {
        hint: "`zvault seal`, then `zvault unseal` checks what is there",
      });
    }
    if (!renews) return held.vault;
    held.lease.use();
    if (this.identity && held.lease === this.identity.lease) this.identity.lease.use();
    return held.vault;
  }

  /** Opens a vault that is not open; registers it. */
  async open(ref: VaultRef, way: Way, lease: Lease, caller: Caller, choices: OpenChoices): Promise<Vault> {
    const vault = await this.#opened(ref, way, caller, choices);
    this.vaults.set(ref.dir, { vault, lease, since: this.world.clock() });
    return vault;
  }

  /** Opens a vault that is not open, for one request: no other finds it open, and it is sealed again before the answer leaves. */
  async once<T>(ref: VaultRef, credential: Credential, caller: Caller, act: (vault: Vault) => Promise<T>): Promise<T> {
    const vault = await this.#opened(ref, { credential }, caller, {});
    this.#passing.add(vault);
    try {
      return await act(vault);
    } finally {
      this.#passing.delete(vault);
      await vault.seal("done");
    }
  }

  async #opened(ref: VaultRef, way: Way, caller: Caller, choices: OpenChoices): Promise<Vault> {
    const { io, places } = this.world;
    const movedFrom = choices.ignoreHead ? undefined : checkStanding(io, places, ref.id, ref.dir);
    const vault = await this.openFolder(ref.id, ref.dir, way, { ...choices, ...(movedFrom === undefined ? {} : { movedFrom }) });
    try {
      if (movedFrom !== undefined) await remember(io, knownPath(places), { id: ref.id, dir: ref.dir }, movedFrom);
      // a vault that is only ever open for a moment has no other time for it, and every opening checks all lines of the segment
      if (vault.audit.full) await vault.upkeep();
      await this.#welcome(vault, caller);
    } catch (failure) {
      await vault.seal("could not be opened");
      throw failure;
    }
    return vault;
  }

  /** Lock, unwrap, open. Registers nothing and believes nothing about where the folder came from. */
  async openFolder(id: string, dir: string, way: Way, choices: Partial<OpenOptions>): Promise<Vault> {
    const { io, places, clock } = this.world;
    const lockFd = lockVault(io, dir);
    try {
      for (let round = 0; round < 2; round++) {
        const keys = readKeys(io, dir);
        checkKeysOf(keys, id);
        const unwrapping = this.#unwrap(keys, way);
        const log = await meanwhile(unwrapping, () => Barrier.look(io, `${dir}/vault`));
        const opened = await unwrapping;
        const about = { io, dir, places, clock, lockFd, ...choices, opened, ...(log ? { log } : {}) };
        const vault = await openVault(about).catch((failure: unknown) => {
          opened.root.wipe();
          opened.keyring.wipe();
          throw failure;
        });
        if (vault) return vault;
        opened.root.wipe();
        opened.keyring.wipe();
      }
      throw new ZvaultError("damaged", "a change of the keys file cannot be finished");
    } catch (failure) {
      io.close(lockFd);
      throw failure;
    }
  }

  async #unwrap(keys: KeysFile, way: Way): Promise<Opened> {
    const { root, slot } = await this.rootKey(keys, way);
    try {
      const found = keys.slots[slot];
      const by = found?.kind ?? "recipient";
      const author = found && by === "identity" ? fingerprint(found.public) : `slot-${found?.id.slice(0, 8) ?? ""}`;
      return { by, root, keyring: openKeys(keys, root), keys, author };
    } catch (failure) {
      root.wipe();
      throw failure;
    }
  }

  /** The root key by a credential or the identity. Throws `wrong-…`. The caller wipes it. */
  async rootKey(keys: KeysFile, way: Way): Promise<{ root: Secret; slot: number }> {
    if ("root" in way) return { root: way.root.clone(), slot: 0 };
    if ("identity" in way) return this.#unwrapWith(keys, "identity", [way.identity]);
    const { kind, parts } = way.credential;
    if (kind !== "passphrase") return this.#unwrapWith(keys, kind, parts);
    return this.#byPassphrase(keys, parts);
  }

  /** The identity's passphrase first; the vault's own, if it has one, when that is not it. */
  async #byPassphrase(keys: KeysFile, parts: readonly Uint8Array[]): Promise<{ root: Secret; slot: number }> {
    const own = keys.slots.some((slot) => slot.kind === "passphrase");
    const mine = keys.slots.some((slot) => slot.kind === "identity");
    if (mine) {
      try {
        const bundle = await this.identityBundle(parts[0] ?? new Uint8Array());
        if (bundle) {
          try {
            return await this.#unwrapWith(keys, "identity", [bundle]);
          } finally {
            bundle.wipe();
          }
        }
      } catch (failure) {
        if (!own) throw failure;
      }
    }
    return this.#unwrapWith(keys, "passphrase", parts);
  }

  async #unwrapWith(
    keys: KeysFile,
    kind: Credential["kind"] | "identity",
    parts: readonly (Secret | Uint8Array)[],
  ): Promise<{ root: Secret; slot: number }> {
    // slots this build cannot use keep their place, so that the answer's number fits
    const slots = keys.slots.map((slot) => hex(slot.kind ? printSlot(slot) : slot.wrap));
    const { header, parts: results } = await ask(this.world.work, { do: "unwrap", vault: keys.id, slots, with: kind }, parts);
    const root = results[0];
    if (!root) throw new ZvaultError("internal", "no root key came back");
    return { root, slot: header.slot ?? -1 };
  }

  /** True when the credential opens this very vault. Throws `wrong-…` when it does not. */
  async proves(vault: Vault, credential: Credential): Promise<void> {
    if (credential.kind === "passphrase" && this.identity && vault.by === "identity") {
      const bundle = await this.identityBundle(credential.parts[0] ?? new Uint8Array());
      const same = bundle !== undefined && equalSecrets(bundle, this.identity.bundle);
      bundle?.wipe();
      if (same) return;
    }
    const { root } = await this.rootKey(vault.keys, { credential });
    const same = !vault.sealed && equalSecrets(root, vault.root);
    root.wipe();
    if (!same) throw new ZvaultError("wrong-key", "this does not open this vault");
  }

  /** First lines of a session: what failed before, without authentication, then the unseal itself. */
  async #welcome(vault: Vault, caller: Caller): Promise<void> {
    const path = `${vault.dir}/unseal.log`;
    const { failures, whole } = readFailures(this.world.io, path);
    for (const { time, code, kind, uid, pid, program } of failures) {
      vault.event("agent.unseal", { unauthenticated: true, time, code, kind, uid, pid, program });
    }
    if (!whole) {
      vault.event("agent.unseal", { unauthenticated: true, problem: "unseal.log was changed" });
      vault.notices.push("unseal.log is not what was written: some failed tries to unseal may be missing");
    }
    if (failures.length > 0)
      vault.notices.push(
        `${failures.length} failed ${failures.length === 1 ? "try" : "tries"} to unseal since the last time, the last at ${failures.at(-1)?.time ?? ""}`,
      );
    const detail = { by: vault.by, author: vault.author, notices: vault.notices.length };
    await vault.audit.record({ kind: "event", request: newRequest(), verb: "agent.unseal", paths: [], caller, detail });
    if (this.world.io.stat(path)) this.world.io.remove(path);
    await vault.durable();
  }

  /** Seals one vault and forgets it. `caller`: who asked for it, if somebody did. */
  async seal(dir: string, reason: string, caller?: Caller): Promise<void> {
    const held = this.vaults.get(dir);
    this.vaults.delete(dir);
    await held?.vault.seal(reason, caller);
    // a full disk must not keep the others from being sealed; the list has it still
    if (held) await this.untilSeal.end(dir).catch(() => []);
  }

  /** When the agent starts: what an agent that was killed had promised to remove. */
  async sweep(): Promise<void> {
    this.#leftovers.push(...(await this.untilSeal.end(undefined)));
  }

  /** Told once. */
  leftovers(): string[] {
    return this.#leftovers
      .splice(0)
      .map((path) => `the agent before was killed: ${path} (export --until-seal) stayed readable until now, and is removed`);
  }

  /** Everything; the number of vaults. Keys go even where the disk fails. */
  async sealAll(reason: string, caller?: Caller): Promise<number> {
    const dirs = [...this.vaults.keys()];
    for (const dir of dirs) await this.seal(dir, reason, caller);
    for (const vault of this.#passing) await vault.seal(reason);
    this.identity?.bundle.wipe();
    this.identity = undefined;
    return dirs.length;
  }
}

/** What can be done while another process works; undefined if it fails: whoever needs it tries again, and hears why. */
async function meanwhile<T>(work: Promise<unknown>, act: () => T): Promise<T | undefined> {
  work.catch(() => {});
  // the process is started first
  await new Promise((begun) => setImmediate(begun));
  try {
    return act();
  } catch {
    return undefined;
  }
}

export function sealed(): ZvaultError {
  return new ZvaultError("sealed", "the vault is sealed", { hint: "run `zvault unseal`" });
}

export function noIdentity(): ZvaultError {
  return new ZvaultError("not-found", "there is no identity on this computer", {
    hint: "`zvault init` makes one; a vault with a key file or shares is unsealed with --key-file or --share",
  });
}
