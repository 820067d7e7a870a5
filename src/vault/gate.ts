/**
 * The one place where a request meets rights, presence, audit and engine: caller → rights → presence → audit on disk (Receipt) →
 * engine → outcome. Whatever listens is a door to this.
 */
import type { Calls } from "../calls.ts";
import type { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import type { Answer, Caller, Credential, Request, VaultRef } from "../protocol.ts";
import { isVerb, type VerbName, verbs } from "../verbs.ts";
import { aboutRequest, isFollowing } from "./about.ts";
import { checkArgs } from "./args.ts";
import { type AuditEntry, newRequest } from "./audit-line.ts";
import { type Call, type Handled, handlers, type VaultVerb } from "./handlers.ts";
import type { Holdings } from "./holdings.ts";
import { decideTool, refused } from "./local-ai.ts";
import { owner } from "./policy/built-in.ts";
import type { Decision } from "./policy/decision.ts";
import type { Presence } from "./presence.ts";
import { decideAll, ownerRights, questionOf, type Rights, rightsOf, sameRights } from "./rights.ts";
import { invalidToken, isOwnAffair, notGranted, rightsOfLine, spendsUse, spendUse, tokenBook } from "./tokens/asking.ts";
import type { Found } from "./tokens/book.ts";
import { pathsOf } from "./touched.ts";
import { noteTry } from "./unseal-log.ts";
import type { Vault } from "./vault.ts";

export function answer<V extends VerbName>(result: Calls[V]["result"], body: readonly Secret[] = []): Answer<V> {
  return {
    result,
    body: body.map((secret) => secret.use((bytes) => bytes)),
    release() {
      for (const secret of body) secret.wipe();
    },
  };
}

/** What opening the vault brought up, for whoever had it opened for one request: nobody hears of it later. */
export function withNotices<A extends Answer>(told: A, vault: Vault): A {
  if (vault.notices.length > 0) Object.assign(told.result, { notices: [...vault.notices] });
  return told;
}

export class Gate {
  readonly #holdings: Holdings;
  readonly #presence: Presence;
  readonly #fatal: (why: string) => void;
  /** outcomes that could not be written: nothing but seal is served until they are */
  readonly #owed = new Map<Vault, AuditEntry[]>();

  constructor(holdings: Holdings, presence: Presence, fatal: (why: string) => void) {
    this.#holdings = holdings;
    this.#presence = presence;
    this.#fatal = fatal;
  }

  /** A verb of an open vault. */
  async ask<V extends VaultVerb>(verb: V, request: Request, caller: Caller): Promise<Answer<V>> {
    const args = checkArgs(verb, request.args);
    const { vault: ref, credential } = request;
    if (!ref) throw new ZvaultError("no-vault", "the request names no vault", { hint: "`zvault init` makes one" });
    if (credential && opensOnce(verb, credential, caller)) {
      const once = await this.#once(verb, args, { ...request, vault: ref, credential }, caller);
      if (once) return once;
    }
    return this.#serve(await this.#holdings.use(ref, caller, !isFollowing(verb, args)), verb, args, request, caller);
  }

  /** A sealed vault, opened by the request's credential for this request alone. undefined: it is open. */
  async #once<V extends VaultVerb>(
    verb: V,
    args: Calls[V]["args"],
    request: Request & { vault: VaultRef; credential: Credential },
    caller: Caller,
  ): Promise<Answer<V> | undefined> {
    const { vault: ref, credential } = request;
    const isOpen = (): boolean => this.#holdings.vaults.has(ref.dir);
    if (isOpen()) return undefined;
    const serve = async (vault: Vault) =>
      withNotices(await this.#serve(vault, verb, args, request, caller, credential.kind), vault);
    return this.#presence.tried(
      () =>
        this.#holdings.inTurn(ref.dir, async () => (isOpen() ? undefined : this.#holdings.once(ref, credential, caller, serve))),
      (failure) => noteTry(this.#holdings.world, ref, credential.kind, failure, caller),
    );
  }

  /** `proven`: the kind of the request's credential, where the vault was opened by it. */
  async #serve<V extends VaultVerb>(
    vault: Vault,
    verb: V,
    args: Calls[V]["args"],
    request: Request,
    caller: Caller,
    proven?: string,
  ): Promise<Answer<V>> {
    this.#payOwed(vault);
    const { person, detail } = aboutRequest(vault, verb, args);
    const paths = pathsOf(verbs[verb].paths, args);
    const entry = { request: newRequest(), verb, paths, caller, ...(detail ? { detail } : {}) };
    const { rights, own, ...by } = await this.#decide(vault, verb, args, request, entry, person, proven);
    const allowed = { ...entry, ...by };
    const call = { holdings: this.#holdings, vault, args, request, caller, rights, own, person };
    return verbs[verb].audit === "change" ? this.#change(verb, call, allowed) : this.#read(verb, call, allowed);
  }

  /** What policies alone say, of a verb that needs no presence. */
  #byPolicy(vault: Vault, verb: VaultVerb, args: Calls[VaultVerb]["args"], entry: Entry, rights: Rights, person = false): Decision {
    const asked = questionOf(verb, entry.paths);
    // what is a person's decision, a token must have been given expressly
    const question = person ? { ...asked, needs: [...asked.needs, "sudo" as const] } : asked;
    return rights.tool ? decideTool(vault, verb, args, rights, question) : decideAll(rights, question);
  }

  /** The policies that grant it, and what proved presence. A refusal is written down, then thrown. */
  async #decide(
    vault: Vault,
    verb: VaultVerb,
    args: Calls[VaultVerb]["args"],
    request: Request,
    entry: Entry,
    person: boolean,
    proven: string | undefined,
  ): Promise<Granted> {
    const { presence } = verbs[verb];
    const { caller } = entry;
    if (request.credential?.kind === "token")
      return this.#decideToken(vault, verb, args, request.credential.parts[0], entry, person);
    const rights = rightsOf(vault, caller);
    const decision = presence === "no" && !person ? this.#byPolicy(vault, verb, args, entry, rights) : undefined;
    // a key file that opens nothing is found out at once, not at the night when nobody has unsealed
    const proves = proven === undefined && request.credential !== undefined && opensOnce(verb, request.credential, caller);
    if (decision?.allowed && !proves)
      return { rights, policy: decision.policies.join(","), ...(proven === undefined ? {} : { presence: proven }) };
    try {
      if (caller.verdict === "sign") throw refused(verb, caller);
      if (caller.inRun && presence === "shows") throw insideRun();
      // what outlives the request, and may everything, is not had for a passphrase that was given for something else
      if (verb === "token.root" && !request.credential && proven === undefined) throw needsPerson(verb);
      const proof = proven ?? (await this.#presence.prove(vault, request.credential, caller));
      vault.checkOpen();
      if (proof !== undefined && decision?.allowed) return { rights, policy: decision.policies.join(","), presence: proof };
      if (proof !== undefined && decideAll(ownerRights, questionOf(verb, entry.paths)).allowed)
        return { rights: ownerRights, policy: owner.name, presence: proof };
      throw needsPerson(verb, decision);
    } catch (failure) {
      if (failure instanceof ZvaultError && !vault.sealed) await this.#denied(vault, entry, failure.code, decision);
      throw failure;
    }
  }

  /** A token decides alone: it is made for the purpose, so what it grants needs no presence. */
  async #decideToken(
    vault: Vault,
    verb: VaultVerb,
    args: Calls[VaultVerb]["args"],
    text: Uint8Array | undefined,
    entry: Entry,
    person: boolean,
  ): Promise<Granted> {
    const line = tokenBook(vault).lineOf(text ?? new Uint8Array(), vault.moment());
    const own = line?.[0];
    let decision: Decision | undefined;
    try {
      if (!line || !own) throw invalidToken();
      const by = { token: own.token.accessor, own };
      const rights = rightsOf(vault, entry.caller, rightsOfLine(line));
      if (isOwnAffair(verb, args)) return { ...by, rights, policy: "own" };
      if (entry.caller.inRun && verbs[verb].presence === "shows") throw insideRun();
      // with unseal credentials only
      if (verb === "token.root") throw rootByToken();
      decision = this.#byPolicy(vault, verb, args, entry, rights, person);
      if (!decision.allowed) throw notGranted(verb, decision);
      return { ...by, rights, policy: decision.policies.join(",") };
    } catch (failure) {
      const known = { ...entry, ...(own ? { token: own.token.accessor } : {}) };
      if (failure instanceof ZvaultError && !vault.sealed) await this.#denied(vault, known, failure.code, decision);
      throw failure;
    }
  }

  async #denied(vault: Vault, entry: Entry, code: string, decision?: Decision): Promise<void> {
    const policy = decision && decision.policies.length > 0 ? { policy: decision.policies.join(",") } : {};
    await vault.audit.record({ kind: "denied", ...entry, ...policy, code });
  }

  /** Rights after the audit line went to disk: a policy may have been changed meanwhile. `refused`: it grants this no more. */
  #again(verb: VaultVerb, call: Asking<VaultVerb>, entry: Entry): { rights: Rights; refused?: Decision } {
    if (call.rights === ownerRights) return call;
    const { vault, own } = call;
    const line = own && tokenBook(vault).lineByKey(own.key, vault.moment());
    if (own && !line) return { rights: call.rights, refused: { allowed: false, policies: [] } };
    const rights = rightsOf(vault, call.caller, line && rightsOfLine(line));
    if (sameRights(call.rights, rights) || (own && isOwnAffair(verb, call.args))) return call;
    const decision = this.#byPolicy(call.vault, verb, call.args, entry, rights, call.person);
    return decision.allowed ? { rights } : { rights, refused: decision };
  }

  async #read<V extends VaultVerb>(verb: V, call: Asking<V>, entry: Entry): Promise<Answer<V>> {
    const receipt = await this.#recorded(call.vault, { kind: "access", ...entry }, verbs[verb].audit === "poll");
    // a use is a change: of one that is written while the log is made anew, the new one would know nothing
    while (spendsUse(call) && call.vault.busy) await call.vault.busy;
    call.vault.checkOpen();
    const { rights, refused: refusal } = this.#again(verb, call, entry);
    if (refusal) {
      await this.#denied(call.vault, entry, "denied", refusal);
      throw narrowed(verb);
    }
    const spent = spendUse(call, receipt);
    const done = await this.#handle(verb, { ...call, rights, receipt });
    if (spent) await this.#settled(call.vault, done);
    return answer(done.result, done.body);
  }

  /** The use of a token is on disk before what it was used for is seen. */
  async #settled(vault: Vault, done: Pick<Handled<VaultVerb>, "body">): Promise<void> {
    try {
      await vault.durable();
    } catch (failure) {
      for (const secret of done.body ?? []) secret.wipe();
      if (vault.unknown !== undefined) this.#fatal(vault.unknown);
      throw failure;
    }
  }

  async #change<V extends VaultVerb>(verb: V, call: Asking<V>, entry: Entry): Promise<Answer<V>> {
    const { vault } = call;
    const receipt = await this.#recorded(vault, { kind: "intent", ...entry });
    let done: Handled<V> | undefined;
    try {
      while (vault.busy) await vault.busy;
      vault.checkOpen();
      const { rights, refused: refusal } = this.#again(verb, call, entry);
      if (refusal) throw narrowed(verb);
      spendUse(call, receipt);
      done = await this.#handle(verb, { ...call, rights, receipt });
      await vault.durable();
    } catch (failure) {
      for (const secret of [...(done?.body ?? []), ...(done?.scratch ?? [])]) secret.wipe();
      // whether it is there is found out, and written down, by the next unseal
      if (vault.unknown !== undefined) this.#fatal(vault.unknown);
      else this.#outcome(vault, { kind: "outcome", ...entry, outcome: "failed", code: codeOf(failure) });
      throw failure;
    }
    const told = done.detail ? { ...entry, detail: { ...entry.detail, ...done.detail } } : entry;
    await this.#follow(verb, vault, done, told);
    const written = this.#outcome(vault, { kind: "outcome", ...told, outcome: "done" });
    // new shares are handed out in any case: they exist nowhere else
    if (!written && !done.body?.length) {
      throw new ZvaultError("not-recorded", `${verb} was done, but its outcome could not be recorded`, {
        hint: "free some disk space; until it is recorded only `zvault seal` works",
      });
    }
    await vault.afterChange().catch((failure: unknown) => this.#upkeepFailed(vault, failure));
    return answer(done.result, done.body);
  }

  /** What must follow a change that is on disk. Its failure is told, but the change is done. Throws `not-recorded` and `damaged`. */
  async #follow<V extends VaultVerb>(verb: V, vault: Vault, done: Handled<V>, entry: Entry): Promise<void> {
    try {
      Object.assign(done.result, await done.after?.());
    } catch (failure) {
      if (vault.unknown !== undefined) this.#fatal(vault.unknown);
      else this.#outcome(vault, { kind: "outcome", ...entry, outcome: "done", code: codeOf(failure) });
      if (failure instanceof ZvaultError && failure.code === "damaged") throw failure;
      const why = failure instanceof Error ? failure.message : "unknown";
      const hint = failure instanceof ZvaultError ? failure.hint : undefined;
      throw new ZvaultError("not-recorded", `${verb} was done, but not what must follow it: ${why}`, {
        ...(hint === undefined ? {} : { hint }),
        cause: failure,
      });
    } finally {
      for (const secret of done.scratch ?? []) secret.wipe();
    }
  }

  /** The one table look-up whose types the compiler cannot follow. */
  #handle<V extends VaultVerb>(verb: V, call: Call<V>): Handled<V> | Promise<Handled<V>> {
    const handler = handlers[verb] as unknown as (call: Call<V>) => Handled<V> | Promise<Handled<V>>;
    return handler(call);
  }

  async #recorded(vault: Vault, entry: AuditEntry, poll = false): ReturnType<Vault["audit"]["record"]> {
    try {
      const receipt = await (poll ? vault.audit.poll(entry) : vault.audit.record(entry));
      // one write, not synced: whoever kills the agent now and cuts the line off is found out by the next unseal
      if (!vault.sealed) vault.followWithHead();
      return receipt;
    } catch (failure) {
      if (failure instanceof ZvaultError && failure.code === "io") this.#fatal(failure.message);
      throw failure;
    }
  }

  #outcome(vault: Vault, entry: AuditEntry): boolean {
    if (vault.sealed) return true; // the next unseal writes it, from the request's id
    try {
      vault.audit.note(entry);
      return true;
    } catch {
      this.#owed.set(vault, [...(this.#owed.get(vault) ?? []), entry]);
      return false;
    }
  }

  #payOwed(vault: Vault): void {
    const owed = this.#owed.get(vault) ?? [];
    while (owed[0]) {
      vault.audit.note(owed[0]);
      owed.shift();
    }
    this.#owed.delete(vault);
  }

  /** Upkeep that fails leaves the vault as it was, unless it says damaged. */
  #upkeepFailed(vault: Vault, failure: unknown): void {
    const code = codeOf(failure);
    if (code === "damaged" || code === "io" || vault.unknown !== undefined) this.#fatal(`upkeep failed: ${code}`);
    else vault.notices.push(`upkeep failed (${code}); it is tried again after the next change`);
  }
}

/** Whether a credential opens a sealed vault for this request. Under a sign of an AI tool none counts. */
function opensOnce(verb: VerbName, credential: Credential, caller: Caller): boolean {
  return verbs[verb].state === "once" && credential.kind !== "token" && caller.verdict !== "sign";
}

function insideRun(): ZvaultError {
  return new ZvaultError("denied", "values are not shown to what a `zvault run` started", {
    hint: "in a terminal outside of it; a program that needs values is started by `zvault run`, in here too",
  });
}

function needsPerson(verb: VerbName, decision?: Decision): ZvaultError {
  if (!decision) {
    return new ZvaultError("presence-needed", `${verb} needs a person: give the passphrase, shares or a key file`, {
      hint: "run it in a terminal of your own, or give --key-file in a script",
    });
  }
  const { policies, path = "" } = decision;
  const what = `${verb}${path === "" || path.startsWith("sys/") ? "" : ` on ${path}`}`;
  return new ZvaultError("presence-needed", `policy ${policies.join(", ")} does not grant ${what}: it needs a person`, {
    hint: `why: zvault policy test ${path === "" ? "/" : path} ${verb}`,
  });
}

function narrowed(verb: VerbName): ZvaultError {
  return new ZvaultError("denied", `a policy was changed meanwhile, and ${verb} is not granted any more`, {
    hint: "`zvault policy test` says what decides",
  });
}

function rootByToken(): ZvaultError {
  return new ZvaultError("denied", "no token makes a root token", {
    hint: "with what unseals the vault: --key-file, --share or the passphrase",
  });
}

/** What a request may do, by what, and the token that it came with. */
type Granted = { rights: Rights; policy: string; presence?: string; token?: string; own?: Found };

/** A call before its receipt; `person`: a person's decision, although its verb is not. */
type Asking<V extends VerbName> = Omit<Call<V>, "receipt"> & { person: boolean };

type Entry = { request: string; verb: VerbName; paths: string[]; caller: Caller; detail?: NonNullable<AuditEntry["detail"]> };

function codeOf(failure: unknown): string {
  return failure instanceof ZvaultError ? failure.code : "internal";
}

/** Throws `usage` for a name that is not in the table. */
export function checkVerb(name: string): VerbName {
  if (isVerb(name)) return name;
  throw new ZvaultError("protocol", `there is no verb ${JSON.stringify(name.slice(0, 40))}`);
}
