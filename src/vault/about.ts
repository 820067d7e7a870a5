/** What a request means beyond its paths: the facts that its audit lines carry, and whether it needs a person although its verb does not. */
import type { Calls } from "../calls.ts";
import { hex, sha256 } from "../crypto/hash.ts";
import type { VerbName } from "../verbs.ts";
import type { AuditEntry } from "./audit-line.ts";
import { hasSecrets, newBindings } from "./engines/import.ts";
import { parsePolicy } from "../policy/parse.ts";
import { printPolicy } from "../policy/print.ts";
import type { Vault } from "./vault.ts";

export type About = { detail?: NonNullable<AuditEntry["detail"]>; person: boolean };

/** Waits for lines of the audit log to come: that is no use of the vault. */
export function isFollowing(verb: VerbName, args: Calls[VerbName]["args"]): boolean {
  return verb === "audit.tail" && (args as Calls["audit.tail"]["args"]).wait === true;
}

export function aboutRequest<V extends VerbName>(vault: Vault, verb: V, args: Calls[V]["args"]): About {
  const of = <W extends VerbName>(wanted: W): Calls[W]["args"] | undefined =>
    (verb as string) === wanted ? (args as unknown as Calls[W]["args"]) : undefined;
  const imported = of("kv.import");
  if (imported) {
    const fresh = newBindings(vault, imported);
    const bind = fresh.map(({ project, folder }) => `${project} in ${folder}`).join(", ");
    const hosts = (imported.hosts ?? []).flatMap((one) => one.refs).join(" ");
    const detail = { ...(bind === "" ? {} : { bind }), ...(hosts === "" ? {} : { hosts }) };
    return { ...(bind + hosts === "" ? {} : { detail }), person: fresh.some(({ project }) => hasSecrets(vault, project)) };
  }
  const starts = of("kv.resolve")?.starts;
  if (starts !== undefined) return { person: false, detail: { starts } };
  if (isFollowing(verb, args)) return { detail: { follow: true }, person: false };
  const governed = of("transit.create") ?? of("transit.config") ?? of("transit.trim");
  if (governed) {
    const { name: _, ...detail } = governed;
    return { person: false, detail };
  }
  const written = of("policy.write");
  if (written) return { person: false, detail: aboutPolicy(written.text) };
  return { person: false, ...detailOf(of("project.allow"), of("access.add"), of("access.remove"), of("backup.create")) };
}

/** The sum is that of `zvault policy read NAME`. */
function aboutPolicy(text: string): NonNullable<AuditEntry["detail"]> {
  const rules = parsePolicy(text);
  return { rules: rules.length, sha256: hex(sha256(Buffer.from(printPolicy(rules)))) };
}

function detailOf(
  allow: Calls["project.allow"]["args"] | undefined,
  add: Calls["access.add"]["args"] | undefined,
  remove: Calls["access.remove"]["args"] | undefined,
  backup: Calls["backup.create"]["args"] | undefined,
): { detail?: NonNullable<AuditEntry["detail"]> } {
  if (allow) {
    const { folder, refs = [], dangerous = [] } = allow;
    const hosts = refs.filter((ref) => ref.includes("@")).join(" ");
    return {
      detail: { folder, ...(hosts === "" ? {} : { hosts }), ...(dangerous.length === 0 ? {} : { dangerous: dangerous.join(" ") }) },
    };
  }
  if (add) return { detail: { kind: add.kind, ...(add.label === undefined ? {} : { label: add.label }) } };
  if (remove) return { detail: { slot: remove.slot } };
  return backup ? { detail: { out: backup.out } } : {};
}
