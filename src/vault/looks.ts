/** Verbs that look at things without needing an unsealed vault: status, identity, copies, verification. */
import type { AgentStatus, HardeningFact, OpenVault, VaultStatus } from "../calls/vault.ts";
import type { Calls } from "../calls.ts";
import { ZvaultError } from "../errors.ts";
import type { Answer, Caller, Request } from "../protocol.ts";
import { listMirrors } from "./copies.ts";
import { projectsOf } from "./engines/project.ts";
import { record } from "./engines/record.ts";
import { answer, withNotices } from "./gate.ts";
import { seenCaller } from "./handlers.ts";
import { parseHeader, headerLength } from "./header.ts";
import { type Holdings, sealed } from "./holdings.ts";
import { type Io, readAll } from "./io.ts";
import type { Presence } from "./presence.ts";
import { printRecipient } from "./recipient.ts";
import { checkRef, needVault } from "./session.ts";
import { describeSlot, fingerprint } from "./slots.ts";
import { standing } from "./standing.ts";
import { readKeys } from "./unlock.ts";
import { tokenBook } from "./tokens/asking.ts";
import { noteTry } from "./unseal-log.ts";
import type { Vault } from "./vault.ts";

export type AgentFacts = () => { hardening: HardeningFact[]; memory: AgentStatus["memory"] };

export function agentStatus(
  holdings: Holdings,
  build: string,
  agent: { pid: number; since: Date },
  facts: AgentFacts,
  caller: Caller,
): AgentStatus {
  const vaults = Array.from(holdings.vaults.values(), ({ vault, lease, since }): OpenVault => {
    return {
      id: vault.id,
      dir: vault.dir,
      by: vault.by,
      since: since.toISOString(),
      secrets: vault.state.count,
      idleLeft: Math.round(lease.idleLeft / 1000),
      absoluteLeft: Math.round(lease.absoluteLeft / 1000),
    };
  });
  return {
    pid: agent.pid,
    build,
    since: agent.since.toISOString(),
    identityOpen: holdings.identity !== undefined,
    vaults,
    ...facts(),
    caller: seenCaller(caller),
  };
}

function headerOf(io: Io, dir: string): { generation: number; size: number } {
  const fd = io.open(`${dir}/vault`, "read");
  try {
    const bytes = new Uint8Array(headerLength);
    const header = parseHeader(bytes.subarray(0, readAll(io, fd, bytes, 0)), `${dir}/vault`);
    return { generation: header.generation, size: io.size(fd) };
  } finally {
    io.close(fd);
  }
}

function openPart(vault: Vault): VaultStatus["open"] {
  const { sequence, chain } = vault.barrier.position;
  return {
    secrets: vault.state.count,
    exposed: [...vault.state.secrets.values()].filter((one) => one.exposed && one.versions.at(-1)?.state === "live").length,
    records: vault.barrier.records,
    audit: { records: vault.audit.position.sequence, ok: true },
    head: { sequence, chain },
    mirror: { path: vault.mirror.path, time: vault.mirror.time?.toISOString() ?? null },
    notices: [
      ...vault.notices,
      ...(vault.mirror.problem === undefined ? [] : [`no second copy: ${vault.mirror.problem}`]),
      ...rootTokens(vault),
    ],
    projects: projectsOf(vault),
  };
}

export const looks = {
  async vaultStatus(holdings: Holdings, request: Request, caller: Caller): Promise<Answer<"vault.status">> {
    const { io, places } = holdings.world;
    const ref = needVault(request);
    const known = standing(io, places, ref.id, ref.dir).kind;
    // with the identity open a vault of ours is as good as open
    const vault =
      holdings.vaults.has(ref.dir) || (holdings.identity && known === "known")
        ? await holdings.use(ref, caller).catch(passSealed)
        : undefined;
    const keys = vault?.keys ?? readKeys(io, ref.dir);
    const open = vault && openPart(vault);
    return answer({
      id: ref.id,
      dir: ref.dir,
      sealed: !vault,
      ...headerOf(io, ref.dir),
      slots: keys.slots.map((slot) => describeSlot(slot, vault !== undefined)),
      known: known === "known" || known === "moved",
      ...(open ? { open } : {}),
    });
  },

  identity(holdings: Holdings): Answer<"identity.show"> {
    const file = holdings.identityFile();
    const open = holdings.identity !== undefined;
    if (!file) return answer({ exists: false, label: "", fingerprint: "", recipient: "", open });
    return answer({
      exists: true,
      label: file.name,
      fingerprint: fingerprint(file.public),
      recipient: printRecipient(file.public),
      open,
    });
  },

  copies(holdings: Holdings): Answer<"backup.list"> {
    return answer({
      copies: listMirrors(holdings.world.io, holdings.world.places).map(({ path, time, bytes }) => ({ path, time, bytes })),
    });
  },

  /** On an open vault, or on one that the credential opens for this one request. */
  async verify(holdings: Holdings, presence: Presence, request: Request, caller: Caller): Promise<Answer<"vault.verify">> {
    return withOpen(holdings, presence, request, caller, async (vault) => {
      const report = record.verify(vault);
      noteVerdict(vault, "vault.verify", report.ok, caller);
      return answer(report);
    });
  },

  async verifyAudit(holdings: Holdings, presence: Presence, request: Request, caller: Caller): Promise<Answer<"audit.verify">> {
    return withOpen(holdings, presence, request, caller, async (vault) => {
      const report: Calls["audit.verify"]["result"] = record.verifyAudit(vault);
      noteVerdict(vault, "audit.verify", report.ok, caller);
      return answer(report);
    });
  },
};

/** A broken audit log takes no line; whoever asked learns just that from the report. */
function noteVerdict(vault: Vault, verb: string, ok: boolean, caller: Caller): void {
  try {
    vault.event(verb, { ok }, { caller });
  } catch (failure) {
    if (ok) throw failure;
  }
}

function passSealed(failure: unknown): undefined {
  if (failure instanceof ZvaultError && (failure.code === "sealed" || failure.code === "wrong-key")) return undefined;
  throw failure;
}

async function withOpen<A extends Answer>(
  holdings: Holdings,
  presence: Presence,
  request: Request,
  caller: Caller,
  act: (vault: Vault) => Promise<A>,
): Promise<A> {
  const ref = needVault(request);
  checkRef(holdings.world.io, ref);
  const { credential } = request;
  if (holdings.vaults.has(ref.dir) || holdings.identity) return act(await holdings.use(ref, caller));
  if (!credential || caller.verdict === "sign") throw sealed();
  return presence.tried(
    () =>
      holdings.inTurn(ref.dir, async () => {
        const held = holdings.vaults.get(ref.dir);
        if (held) return act(held.vault);
        return holdings.once(ref, credential, caller, async (vault) => withNotices(await act(vault), vault));
      }),
    (failure) => noteTry(holdings.world, ref, credential.kind, failure, caller),
  );
}

/** While one lives, everybody who looks is told. */
function rootTokens(vault: Vault): string[] {
  const book = tokenBook(vault);
  const roots = book.all().filter(({ key, token }) => token.policies.includes("root") && book.lineByKey(key, vault.moment()));
  return roots.map(({ token }) => {
    const until = new Date(token.expires).toISOString();
    return `a root token lives until ${until}; end it: zvault token revoke ${token.accessor}`;
  });
}
