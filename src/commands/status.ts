import type { AgentStatus, VaultStatus } from "../calls/vault.ts";
import { ZvaultCommand } from "../cli/base.ts";
import { age, bytes, count, duration, table } from "../cli/output.ts";
import { waitingLine, waitingOf } from "../cli/waiting.ts";
import type { Session } from "../cli/session.ts";

export default class Status extends ZvaultCommand {
  static override summary = "vault, agent, memory, audit, copies, limits";
  static override examples = ["zvault status", "zvault status --json"];

  override async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    const session = this.session(flags);
    const { agent, vault } = await statusOf(session);
    const waiting = waitingOf(session);
    this.print(flags, { agent, vault: vault ?? null, waiting }, () => [
      ...table(rows(agent, vault)),
      ...waiting.map((one) => `waiting: ${waitingLine(one)}`),
    ]);
    for (const notice of vault?.open?.notices ?? []) this.note(flags, notice);
  }
}

export async function statusOf(session: Session): Promise<{ agent: AgentStatus; vault: VaultStatus | undefined }> {
  const vault = session.located() ? (await session.ask("vault.status", {})).result : undefined;
  return { agent: (await session.ask("agent.status", {}, { vault: false })).result, vault };
}

function rows(agent: AgentStatus, vault: VaultStatus | undefined): string[][] {
  const slots =
    vault?.slots.map((slot) => `${slot.kind}${slot.label === "" || slot.label === slot.kind ? "" : ` ${slot.label}`}`).join(", ") ??
    "";
  const open = agent.vaults.find((one) => one.id === vault?.id);
  const left =
    open && `by ${open.by}, ${duration(open.absoluteLeft)} left, ${duration(open.idleLeft)} without use, agent ${agent.pid}`;
  const state = vault?.sealed === false ? (left ?? `agent ${agent.pid}`) : "";
  const some = vault?.open;
  const hardening = agent.hardening.map((fact) => (fact.ok ? fact.name : `NOT OK: ${fact.name} (${fact.detail})`)).join(" · ");
  const memory = `${agent.memory.kind}, ${bytes(agent.memory.locked)} locked${agent.memory.why === "" ? "" : ` (${agent.memory.why})`}`;
  return [
    vault
      ? [
          "vault",
          `${vault.id.slice(0, 8)}…  ${vault.dir}  ${bytes(vault.size)}, generation ${vault.generation}${some ? `, ${count(some.secrets, "secret")}` : ""}`,
        ]
      : ["vault", "none here"],
    ...(vault ? [[vault.sealed ? "sealed" : "unsealed", vault.sealed ? "zvault unseal" : state]] : []),
    ...(vault ? [["access", `${slots}${vault.sealed ? "  (as the file says, not verified)" : ""}`]] : []),
    ...(some
      ? [["audit", `${count(some.audit.records, "record")}, ${some.audit.ok ? "chain ok" : "CHAIN BROKEN: zvault audit verify"}`]]
      : []),
    ...(some ? [["copies", some.mirror.time === null ? "no mirror yet" : `ciphertext mirror, ${age(some.mirror.time)}`]] : []),
    ...(some && some.exposed > 0
      ? [["exposed", `${count(some.exposed, "secret")} seen in a git history: zvault ls, then zvault set NAME`]]
      : []),
    ...(some?.projects.map((one) => ["project", `${one.project === "" ? "none" : one.project} in ${one.folder}`]) ?? []),
    ["agent", `pid ${agent.pid}, since ${age(agent.since)}, ${count(agent.vaults.length, "vault")} open`],
    ["memory", hardening === "" ? memory : `${memory} · ${hardening}`],
    ["not protected", "values in the environment of what you run are readable by your own user's programs"],
  ];
}
