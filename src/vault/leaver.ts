/**
 * Somebody who goes: which lines of the audit log are theirs, and with what they could still come in. A token's holder has all that came of
 * it: tokens that it made, and those of logins with secret_ids that it was shown.
 */
import type { AuditAlive, AuditLine } from "../calls/audit.ts";
import type { Calls } from "../calls.ts";
import type { SlotInfo } from "../calls/vault.ts";
import { ZvaultError } from "../errors.ts";
import { RoleBook } from "./approle/book.ts";
import { counts } from "./approle/role.ts";
import { callerOf, isProgram } from "./audit-filter.ts";
import { mayList, type Rights } from "./rights.ts";
import { describeSlot } from "./slots.ts";
import { tokenBook } from "./tokens/asking.ts";
import type { Vault } from "./vault.ts";

type Args = Calls["audit.offboard"]["args"];

const makesToken = new Set(["token.create", "token.root", "approle.login"]);

export class Leaver {
  readonly #vault: Vault;
  readonly #args: Args;
  readonly #slots: string[];
  readonly #authors: Set<string>;
  /** accessors */
  readonly #tokens = new Set<string>();
  readonly #secretIds = new Set<string>();

  /** Throws `usage`. */
  constructor(vault: Vault, args: Args) {
    if (Object.keys(args).length !== 1)
      throw new ZvaultError("usage", "a program, a uid, a person, a role or an accessor, one of them");
    this.#vault = vault;
    this.#args = args;
    const { person, accessor, role } = args;
    const all = vault.keys.slots.map((slot) => describeSlot(slot, true));
    const slots = all.filter((slot) => slot.label === person || authorOf(slot) === person);
    // by what takes away this one and no other
    this.#slots = slots.map(({ id, label }) => (label === "" || all.filter((one) => one.label === label).length > 1 ? id : label));
    this.#authors = new Set(slots.map(authorOf));
    if (person !== undefined) this.#authors.add(person);
    if (accessor !== undefined) this.#tokens.add(accessor);
    // what the log does not say: it was moved away, or a crash came before it did
    for (const { token } of tokenBook(vault).all())
      if (role !== undefined && token.origin === `approle:${role}`) this.#tokens.add(token.accessor);
  }

  /** To be asked of every line, in their order. `author`: who had unsealed the vault. */
  owns(line: AuditLine, author: string): boolean {
    const theirs = this.#isTheirs(line, author);
    if (line["outcome"] !== "done") return theirs;
    const { accessor, role, secretId } = (line["detail"] ?? {}) as Record<string, unknown>;
    if (typeof accessor !== "string") return theirs;
    const verb = String(line["verb"]);
    if (verb === "approle.secret-id" && theirs) this.#secretIds.add(accessor);
    const login =
      verb === "approle.login" && ((typeof role === "string" && role === this.#args.role) || this.#secretIds.has(String(secretId)));
    if (login || (theirs && makesToken.has(verb))) this.#tokens.add(accessor);
    return theirs;
  }

  #isTheirs(line: AuditLine, author: string): boolean {
    const { program, uid, person } = this.#args;
    const caller = callerOf(line);
    if (program !== undefined) return isProgram(caller?.program, program);
    if (uid !== undefined) return caller?.uid === uid;
    if (person !== undefined) return this.#authors.has(author);
    return caller?.accessor !== undefined && this.#tokens.has(caller.accessor);
  }

  /** After the last line. */
  alive(rights: Rights): AuditAlive {
    const role = this.#args.role;
    const roles = role !== undefined && this.#roles.role(role) ? [role] : [];
    return { tokens: this.#liveTokens(rights), secretIds: this.#liveSecretIds(rights), roles, slots: this.#slots };
  }

  get #roles(): RoleBook {
    return new RoleBook(this.#vault.state, this.#vault.barrier.header.lineage);
  }

  #liveTokens(rights: Rights): AuditAlive["tokens"] {
    if (!mayList(rights, "auth/token/accessors")) return [];
    const book = tokenBook(this.#vault);
    const theirs = book.all().filter(({ token }) => this.#tokens.has(token.accessor));
    const all = new Map(theirs.flatMap(({ key }) => book.withChildren(key)).map((one) => [one.key, one]));
    const live = [...all.values()].filter(({ key }) => book.lineByKey(key, this.#vault.moment()));
    return live.map(({ token: { accessor, name, expires } }) => ({ accessor, name, expires: timeOf(expires) }));
  }

  #liveSecretIds(rights: Rights): AuditAlive["secretIds"] {
    const book = this.#roles;
    const { lineage } = this.#vault.barrier.header;
    const live = book.secretIds().filter(({ secretId }) => {
      const { role, accessor } = secretId;
      const theirs = role === this.#args.role || this.#secretIds.has(accessor);
      const of = theirs && mayList(rights, `auth/approle/role/${role}`) ? book.role(role) : undefined;
      return of !== undefined && counts(secretId, of, lineage, this.#vault.moment());
    });
    return live.map(({ secretId: { role, accessor, expires, usesLeft } }) => {
      return { role, accessor, expires: timeOf(expires), usesLeft };
    });
  }
}

/** Who unsealed by it, as `agent.unseal` lines have them: the fingerprint of an identity, `slot-` and 8 digits of any other. */
function authorOf({ kind, id, fingerprint }: SlotInfo): string {
  return kind === "identity" ? (fingerprint ?? "") : `slot-${id}`;
}

/** 0: never */
function timeOf(expires: number): string | null {
  return expires === 0 ? null : new Date(expires).toISOString();
}
