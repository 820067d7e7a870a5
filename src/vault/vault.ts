/**
 * One unsealed vault: its lock, keys, log, state, audit log, head and mirror, from unseal to seal. Who may do what is the gate's
 * business; what a change means, the engines'.
 */
import { generateSeed } from "../crypto/ed25519.ts";
import { hex, sha256 } from "../crypto/hash.ts";
import { random } from "../crypto/random.ts";
import type { Secret } from "../crypto/secret.ts";
import type { SlotKind } from "../calls/vault.ts";
import { ZvaultError } from "../errors.ts";
import type { Caller } from "../protocol.ts";
import { type AuditEntry, newRequest } from "./audit-line.ts";
import { type AuditKey, auditKeyIn, newAuditKey, seedCell } from "./audit-key.ts";
import { segmentPath } from "./audit-segment.ts";
import { type AuditOptions, AuditLog, type Receipt } from "./audit.ts";
import type { Barrier } from "./barrier.ts";
import { dumpState } from "./checkpoint.ts";
import { compact } from "./compact.ts";
import { checkpointIsDue, compactionIsDue, isWorthACheckpoint } from "./due.ts";
import type { Head, HeadStore } from "./head.ts";
import type { Io } from "./io.ts";
import { type KeysFile, printKeys } from "./keys.ts";
import type { Keyring } from "./keyring.ts";
import { Mirror } from "./mirror.ts";
import { PolicyBook } from "./policy/book.ts";
import { type Operation, printTransaction, type Transaction } from "./operation.ts";
import { mirrorPath, type Places } from "./places.ts";
import { type CellRef, type TermKeys } from "./cell.ts";
import { recordType, type RecordType } from "./record.ts";
import type { State } from "./state.ts";
import type { Slot } from "./slots.ts";
import { mendKeys } from "./unlock.ts";
import { Watchers } from "./watchers.ts";

export type Opened = { by: SlotKind; root: Secret; keyring: Keyring; keys: KeysFile; author: string };

export type VaultOptions = { io: Io; dir: string; places: Places; clock(): Date };

export class Vault {
  readonly #o: VaultOptions;
  readonly id: string;
  readonly dir: string;
  readonly author: string;
  readonly by: SlotKind;
  readonly #lockFd: number;
  readonly #heads: HeadStore;
  readonly mirror: Mirror;
  root: Secret;
  readonly keyring: Keyring;
  keys: KeysFile;
  barrier: Barrier;
  state: State;
  audit: AuditLog;
  readonly notices: string[];
  readonly watchers = new Watchers();
  readonly policies = new PolicyBook(() => this.state);
  sealed = false;
  /** set when it is not known any more what the disk holds: nothing is appended after that, and the agent ends */
  unknown: string | undefined;
  /** while a keys file, a generation or an audit segment is replaced */
  #busy: Promise<void> | undefined;
  #mirroring: Promise<void> = Promise.resolve();

  constructor(o: VaultOptions, lockFd: number, opened: Opened, parts: Parts) {
    this.#o = o;
    this.id = opened.keys.id;
    this.dir = o.dir;
    this.author = opened.author;
    this.by = opened.by;
    this.#lockFd = lockFd;
    this.root = opened.root;
    this.keyring = opened.keyring;
    this.keys = opened.keys;
    this.barrier = parts.barrier;
    this.state = parts.state;
    this.audit = parts.audit;
    this.#heads = parts.heads;
    this.notices = parts.notices;
    this.mirror = new Mirror(o.io, o.dir, mirrorPath(o.places, this.id, o.dir));
  }

  get io(): Io {
    return this.#o.io;
  }

  get places(): Places {
    return this.#o.places;
  }

  now(): Date {
    return this.#o.clock();
  }

  /** ms since 1970, of a clock that does not go back while the agent lives. */
  moment(): number {
    return this.now().getTime();
  }

  get head(): Head {
    return { id: this.id, log: this.barrier.durable, audit: this.audit.durable };
  }

  /** To wait for, again and again until it is undefined, before something is appended. */
  get busy(): Promise<void> | undefined {
    return this.#busy;
  }

  /** One at a time, and no change begins meanwhile; reads go on. */
  async alone<T>(act: () => Promise<T>): Promise<T> {
    while (this.#busy) await this.#busy;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#busy = promise;
    try {
      return await act();
    } finally {
      this.#busy = undefined;
      resolve();
    }
  }

  /**
   * Decided, sealed, written and applied in one synchronous step; not yet durable. `values` stay the caller's.
   * The receipt says that the intent is on disk, and under which id.
   */
  append(receipt: Receipt, ops: Operation[], values: readonly Secret[], type: RecordType = recordType.transaction): CellRef[] {
    return this.#append(receipt.request, ops, values, type);
  }

  #append(request: string, ops: Operation[], values: readonly Secret[], type: RecordType): CellRef[] {
    this.checkOpen();
    const transaction: Transaction = { v: 1, time: this.now().toISOString(), request, author: this.author, ops };
    const meta = printTransaction(transaction);
    const cells = this.barrier.append(type, meta, values);
    this.state.apply(transaction, cells);
    this.watchers.wake();
    return cells;
  }

  checkOpen(): void {
    if (this.sealed) throw new ZvaultError("sealed", "the vault is sealed", { hint: "run `zvault unseal`" });
    if (this.unknown !== undefined) throw new ZvaultError("io", this.unknown);
  }

  /** Whatever the errno was: the kernel may have dropped what it could not write, or may have written it. */
  #lost(what: string, cause: unknown): ZvaultError {
    this.unknown = `${what} (${cause instanceof Error ? cause.message : "unknown"}); whether the change is on disk is not known`;
    return new ZvaultError("io", this.unknown, { hint: "`zvault unseal` looks at what is there", cause });
  }

  /** Resolves when everything appended so far is on disk; then the head follows, and the mirror. Throws `io`, and `unknown` is set. */
  async durable(): Promise<void> {
    await this.#synced();
    if (this.sealed) return;
    this.followWithHead();
    await this.#mirrored(() => this.mirror.update(this.barrier, this.now()));
  }

  /** One at a time: two at once would write the same new file. */
  #mirrored(act: () => Promise<void>): Promise<void> {
    this.#mirroring = this.#mirroring.then(() => (this.sealed ? undefined : act()));
    return this.#mirroring;
  }

  async #synced(): Promise<void> {
    try {
      await this.barrier.synced();
    } catch (cause) {
      throw this.#lost("the log could not be synced", cause);
    }
  }

  /** The change is done, and a head may lag: one that cannot be written now is written after the next change. */
  followWithHead(): void {
    try {
      this.#heads.write(this.head);
    } catch (failure) {
      this.notice(`the last seen state could not be noted: ${failure instanceof Error ? failure.message : "unknown"}`);
    }
  }

  /** What is due after a change: a checkpoint, a compaction, the next audit segment. */
  async afterChange(): Promise<void> {
    while (this.#busy) await this.#busy;
    if (this.sealed) return;
    if (checkpointIsDue(this.barrier, this.state)) this.barrier.append(recordType.checkpoint, dumpState(this.state), []);
    if (compactionIsDue(this.barrier, this.state)) await this.alone(() => this.compact(true));
    await this.#turn();
  }

  /** Reads fill a segment too. */
  async #turn(): Promise<void> {
    if (this.audit.full) await this.alone(async () => (this.audit.full && !this.sealed ? this.nextSegment() : undefined));
  }

  /** What is there, else made: vaults of earlier releases have none. It counts once the log is on disk. */
  auditKey(receipt: Receipt): AuditKey {
    return this.#auditKey(receipt.request);
  }

  #auditKey(request: string): AuditKey {
    const there = auditKeyIn(this.state);
    if (there) return there;
    const seed = generateSeed();
    try {
      this.#append(request, newAuditKey(seed, this.audit.position.segment), [seed], recordType.transaction);
    } finally {
      seed.wipe();
    }
    return this.#auditKey(request);
  }

  /**
   * Closes the audit segment. Its end is signed, for whoever has no key of this vault's, and its last HMAC becomes an anchor in the log,
   * so a closed segment cannot be made anew.
   */
  async nextSegment(): Promise<void> {
    const before = this.audit;
    const { since } = this.#auditKey(`audit-key-${before.position.segment}`);
    await this.durable();
    await before.sync();
    // lines may be written while the file is made: where it goes on from is taken in the step that puts it in place
    const next = await AuditLog.create(this.auditOptions, before.position);
    try {
      this.checkOpen();
      const seed = this.barrier.read(seedCell(this.state));
      try {
        before.checkpoint(seed, this.id, since);
      } finally {
        seed.wipe();
      }
    } catch (failure) {
      next.close();
      // whoever has the lock now may have gone on in it
      if (!this.sealed) this.io.remove(segmentPath(this.auditOptions.folder, next.position.segment));
      throw failure;
    }
    const { end } = before;
    next.follow(before);
    this.audit = next;
    await before.sync();
    before.close();
    this.#append(`anchor-${end.segment}`, [{ op: "anchor", ...end }], [], recordType.machine);
    await this.durable();
  }

  get auditOptions(): AuditOptions {
    return { io: this.io, folder: `${this.dir}/audit`, key: this.keyring.auditKey, clock: () => this.now() };
  }

  /** A new generation; also how destroyed values leave the disk (`keepPrevious` false, then the mirror is made anew as well). */
  async compact(keepPrevious: boolean, lineage?: string, overruled?: Head): Promise<void> {
    await this.#synced();
    // the new generation lists this very position: a head that lagged behind it would not know it again
    this.#heads.write(this.head);
    await this.#heads.sync();
    const old = this.barrier;
    const { barrier, state } = await compact({
      io: this.io,
      path: `${this.dir}/vault`,
      terms: this.keyring,
      barrier: old,
      state: this.state,
      keepPrevious,
      clock: () => this.now(),
      ...(lineage === undefined ? {} : { lineage }),
      ...(overruled ? { overruled: overruled.log } : {}),
    });
    this.barrier = barrier;
    this.state = state;
    await old.synced();
    old.close();
    await this.durable();
    await this.#heads.sync();
  }

  /** A life of its own: after `adopt`, `restore` and `--accept-rollback`. */
  newLineage(overruled?: Head): Promise<void> {
    return this.compact(true, hex(random(16)), overruled);
  }

  /** Lines about the vault itself, or an outcome; not waited for. */
  event(verb: string, detail: AuditEntry["detail"], more: Partial<AuditEntry> = {}): void {
    this.audit.note({ kind: "event", request: newRequest(), verb, paths: [], ...(detail ? { detail } : {}), ...more });
  }

  /** Puts a new keys file into place (docs/format.md, "Order of a change"); `root` and `term` become the vault's. */
  async replaceKeys(receipt: Receipt, change: { slots: readonly Slot[]; root?: Secret; term?: TermKeys }): Promise<void> {
    const { io, dir, id, keyring } = this;
    const { slots, term } = change;
    const root = change.root ?? this.root;
    const bytes = printKeys({ id, epoch: this.keys.epoch + 1, slots, keyring, root, ...(term ? { extra: term } : {}) });
    const file = await mendKeys.write(io, dir, bytes);
    this.append(receipt, [{ op: "keys-epoch", epoch: file.epoch, sha256: hex(sha256(bytes)) }], [], recordType.keysEpoch);
    await this.durable();
    // the log names keys.new from here on: it must not be touched again, opening puts it into place
    await mendKeys.install(io, dir).catch((cause: unknown) => {
      throw this.#lost("the new keys file could not be put into place", cause);
    });
    this.checkOpen();
    if (term) keyring.add(term);
    if (root !== this.root) this.root.wipe();
    this.root = root;
    this.keys = file;
    await this.#mirrored(() => this.mirror.updateKeys());
  }

  /** Every ten seconds or so: what is due, and what may lag is brought up. */
  async upkeep(): Promise<void> {
    if (this.sealed || this.unknown !== undefined) return;
    await this.#turn().catch((failure: unknown) => {
      const code = failure instanceof ZvaultError ? failure.code : "internal";
      if (code === "damaged" || code === "io" || code === "internal") throw failure;
      this.notice("the audit log could not go on in a new segment; it is tried again");
    });
    this.#endPolls("over");
    await this.#mirrored(() => this.mirror.check(this.barrier, this.now()));
    await this.settle();
  }

  #endPolls(which: "over" | "all"): void {
    try {
      this.audit.endPolls(which);
    } catch {
      this.notice("repeated polls could not be written into the audit log; it is tried again");
    }
  }

  /** For `status`, once each. */
  notice(text: string): void {
    if (!this.notices.includes(text)) this.notices.push(text);
  }

  /** What may lag is brought up. */
  async settle(): Promise<void> {
    if (this.sealed) return;
    await this.audit.sync();
    this.followWithHead();
    await this.#heads.sync();
    await this.#mirrored(async () => {
      await this.mirror.sync();
      await this.mirror.updateAudit();
    });
  }

  /** Always seals: the line is tried, a full or broken disk does not keep the keys in memory. */
  async seal(reason: string, caller?: Caller): Promise<void> {
    if (this.sealed) return;
    try {
      // the next unseal need not go through what was changed since the last one
      if (!this.#busy && isWorthACheckpoint(this.barrier)) {
        this.barrier.append(recordType.checkpoint, dumpState(this.state), []);
        await this.durable();
      }
    } catch {
      // a full disk: the one before serves as well
    }
    this.#endPolls("all");
    try {
      this.event("agent.seal", { reason }, caller ? { caller } : {});
      await this.barrier.synced();
      await this.settle();
    } catch {
      // the keys go in any case
    }
    this.sealed = true;
    this.watchers.wake();
    this.audit.written.wake();
    const closers = [() => this.audit.close(), () => this.barrier.close(), () => this.#heads.close(), () => this.mirror.close()];
    for (const close of [...closers, () => this.io.close(this.#lockFd)]) {
      try {
        close();
      } catch {
        // closing a descriptor of a broken disk
      }
    }
    this.root.wipe();
    this.keyring.wipe();
  }
}

export type Parts = { barrier: Barrier; state: State; audit: AuditLog; heads: HeadStore; notices: string[] };
