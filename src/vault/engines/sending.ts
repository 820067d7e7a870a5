/**
 * What a folder may send where: of an allowance's `refs` those that are PATH@HOST (a path has no `@`). A text of a committed file that
 * puts a value beside a host is the folder's word; only what a person imported or allowed counts.
 */
import type { SentReference } from "../../calls/kv.ts";
import { ZvaultError } from "../../errors.ts";
import { printHost, sentTo } from "../../path.ts";
import type { Operation } from "../operation.ts";
import type { Vault } from "../vault.ts";

/** Throws `not-bound`, with PATH@HOST in `names`, unless every host of every reference was allowed for the folder. */
export function checkHosts(vault: Vault, folder: string, refs: readonly SentReference[]): void {
  const allowed = vault.state.allowed.get(folder)?.refs;
  const refused: { path: string; host: string }[] = [];
  for (const { path, hosts } of refs)
    for (const host of hosts ?? []) if (!allowed?.has(sentTo(path, host))) refused.push({ path, host });
  if (refused.length === 0) return;
  const named = refused.slice(0, 5).map(({ path, host }) => `${path} to ${printHost(host)}`);
  const paths = [...new Set(refused.slice(0, 5).map((one) => `zvault://${one.path}`))];
  throw new ZvaultError(
    "not-bound",
    `nobody allowed this folder (${folder}) to send ${named.join(", ")}${refused.length > named.length ? " …" : ""}`,
    { hint: `if you mean it: zvault allow ${paths.join(" ")}`, names: refused.map(({ path, host }) => sentTo(path, host)) },
  );
}

/** The hosts that stood in the files when a person imported them, as far as they are new. */
export function allowHosts(vault: Vault, wanted: readonly { folder: string; refs: readonly string[] }[]): Operation[] {
  return wanted.flatMap(({ folder, refs }) => {
    const known = vault.state.allowed.get(folder)?.refs;
    const fresh = [...new Set(refs)].filter((ref) => !known?.has(ref));
    return fresh.length === 0 ? [] : [{ op: "allow" as const, folder, refs: fresh, dangerous: [] }];
  });
}
