/** The door to everything the agent holds: each verb of the table to where it is served. */
import * as os from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import type { Calls } from "../calls.ts";
import { ZvaultError } from "../errors.ts";
import type { Answer, Caller, Door, Request } from "../protocol.ts";
import { verbs, type VerbName } from "../verbs.ts";
import { checkArgs } from "./args.ts";
import { answer, checkVerb, Gate } from "./gate.ts";
import { handlers, type VaultVerb } from "./handlers.ts";
import { Holdings } from "./holdings.ts";
import { checkPerson } from "./local-ai.ts";
import type { Io } from "./io.ts";
import type { KeyWork } from "./keywork.ts";
import { type AgentFacts, agentStatus, looks } from "./looks.ts";
import type { Places } from "./places.ts";
import { Presence } from "./presence.ts";
import { lookAtCopy } from "./preview.ts";
import { Session } from "./session.ts";
import { testAccess } from "./trial.ts";

export type DoorOptions = {
  io: Io;
  work: KeyWork;
  places: Places;
  clock(): Date;
  build: string;
  facts: AgentFacts;
  /** what the disk holds is not known any more: wipe and exit */
  fatal(why: string): void;
  agent: { pid: number; since: Date };
  /** milliseconds of a clock that counts suspend and is not set; default: since boot */
  uptime?(): number;
  sleep?(milliseconds: number): Promise<void>;
};

export type VaultDoor = Door & {
  /** Wipes every key of every vault and the identity; the number of vaults. */
  seal(reason: string): Promise<number>;
  /** To be called once, before anything is served: removes what an agent that was killed had promised to remove. */
  sweep(): Promise<void>;
  /** When `tick` has something to do next, in ms since 1970. */
  nextDeadline(): number | undefined;
  tick(): Promise<void>;
  /** Open vaults, and one for the identity. */
  openCount(): number;
};

const settleEvery = 10_000;

function isVaultVerb(verb: VerbName): verb is VaultVerb {
  return Object.hasOwn(handlers, verb);
}

export function createDoor(o: DoorOptions): VaultDoor {
  const uptime = o.uptime ?? (() => os.uptime() * 1000);
  const sleep = o.sleep ?? ((milliseconds: number) => wait(milliseconds).then(() => undefined));
  const holdings = new Holdings({ io: o.io, work: o.work, places: o.places, clock: o.clock, uptime, sleep });
  const presence = new Presence(holdings);
  const gate = new Gate(holdings, presence, o.fatal);
  const session = new Session(holdings, presence);
  let settleAt: number | undefined;

  /** Verbs that no open vault is needed for. `args` were checked. */
  function other(
    verb: Exclude<VerbName, VaultVerb>,
    args: Calls[VerbName]["args"],
    request: Request,
    caller: Caller,
  ): Promise<Answer> | Answer {
    switch (verb) {
      case "agent.status":
        return answer<"agent.status">(agentStatus(holdings, o.build, o.agent, o.facts, caller));
      case "agent.unseal":
        return session.unseal(args as Calls["agent.unseal"]["args"], request, caller);
      case "agent.seal":
        return seal("asked", caller).then((vaults) => answer<"agent.seal">({ vaults }));
      case "vault.init":
        return session.init(args as Calls["vault.init"]["args"], request, caller);
      case "vault.status":
        return looks.vaultStatus(holdings, request, caller);
      case "vault.adopt":
        return session.adopt(request, caller);
      case "vault.verify":
        return looks.verify(holdings, presence, request, caller);
      case "access.test":
        return testAccess(holdings, presence, request, caller);
      case "audit.verify":
        return looks.verifyAudit(holdings, presence, request, caller);
      case "identity.show":
        return looks.identity(holdings);
      case "backup.list":
        return looks.copies(holdings);
      case "backup.look":
        return lookAtCopy(holdings, presence, args as Calls["backup.look"]["args"], request);
      case "backup.restore":
        return session.restore(args as Calls["backup.restore"]["args"], request, caller);
    }
  }

  async function seal(reason: string, caller?: Caller): Promise<number> {
    presence.forget();
    settleAt = undefined;
    return holdings.sealAll(reason, caller);
  }

  return {
    async ask<V extends VerbName>(request: Request<V>, caller: Caller): Promise<Answer<V>> {
      const verb = checkVerb(request.verb);
      if (caller.uid !== process.geteuid?.()) throw new ZvaultError("denied", "the agent serves only the user it belongs to");
      try {
        if (isVaultVerb(verb)) return (await gate.ask(verb, request, caller)) as Answer<V>;
        const args = checkArgs(verb, request.args);
        checkPerson(verb, caller);
        return (await other(verb, args, request, caller)) as Answer<V>;
      } catch (failure) {
        throw await sealIfDamaged(failure, request);
      } finally {
        if (verbs[verb].audit !== "none" && holdings.vaults.size > 0) settleAt ??= uptime() + settleEvery;
      }
    },

    seal,
    sweep: () => holdings.sweep(),

    nextDeadline() {
      const leases = [...holdings.vaults.values()].map((held) => held.lease.left);
      if (holdings.identity) leases.push(holdings.identity.lease.left);
      if (settleAt !== undefined) leases.push(Math.max(0, settleAt - uptime()));
      return leases.length === 0 ? undefined : o.clock().getTime() + Math.min(...leases);
    },

    async tick() {
      if (holdings.identity && holdings.identity.lease.left === 0) {
        const { lease } = holdings.identity;
        for (const [dir, held] of holdings.vaults) if (held.lease === lease) await holdings.seal(dir, "time is up");
        holdings.identity.bundle.wipe();
        holdings.identity = undefined;
      }
      for (const [dir, held] of holdings.vaults) if (held.lease.left === 0) await holdings.seal(dir, "time is up");
      if (settleAt === undefined || settleAt > uptime()) return;
      settleAt = undefined;
      for (const { vault } of holdings.vaults.values()) {
        await vault.upkeep().catch((failure: unknown) => o.fatal(failure instanceof Error ? failure.message : "sync failed"));
        if (!vault.sealed && vault.audit.polled) settleAt = uptime() + settleEvery;
      }
    },

    openCount: () => holdings.vaults.size + (holdings.identity ? 1 : 0),
  };

  /** A log that is not the one we left is not written to again. */
  async function sealIfDamaged(failure: unknown, request: Request): Promise<unknown> {
    const held = request.vault && holdings.vaults.get(request.vault.dir);
    if (held && failure instanceof ZvaultError && failure.code === "damaged") await holdings.seal(held.vault.dir, failure.message);
    return failure;
  }
}
