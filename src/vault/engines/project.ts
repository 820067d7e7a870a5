/** Projects: a name bound to a folder of the vault. `run` resolves only what its folder may have (docs/design.md, "What a folder may ask for"). */
import type { Calls } from "../../calls.ts";
import type { ProjectInfo } from "../../calls/vault.ts";
import { Secret } from "../../crypto/secret.ts";
import { ZvaultError } from "../../errors.ts";
import type { Receipt } from "../audit.ts";
import { RecordKeys } from "../cell.ts";
import type { Version } from "../state.ts";
import type { Vault } from "../vault.ts";
import { readField, versionOf } from "./kv.ts";
import { checkHosts } from "./sending.ts";

type Resolve = Calls["kv.resolve"];
type Watch = Calls["kv.watch"];
type Export = Calls["kv.export"];

export function projectsOf(vault: Vault): ProjectInfo[] {
  const { projects, allowed } = vault.state;
  const bound = Array.from(projects, ([project, folder]) => ({ project, folder }));
  const rows = bound.toSorted((a, b) => (a.project < b.project ? -1 : 1));
  const folders = new Set(rows.map((row) => row.folder));
  const lone = [...allowed.keys()].filter((folder) => !folders.has(folder)).map((folder) => ({ project: "", folder }));
  return [...rows, ...lone].map(({ project, folder }) => {
    const allowance = allowed.get(folder);
    return { project, folder, refs: [...(allowance?.refs ?? [])], dangerous: [...(allowance?.dangerous ?? [])] };
  });
}

export const project = {
  resolve(vault: Vault, _receipt: Receipt, args: Resolve["args"]): { result: Pick<Resolve["result"], "values">; body: Secret[] } {
    checkFolder(vault, args);
    const missing: string[] = [];
    const body: Secret[] = [];
    const values: Resolve["result"]["values"] = [];
    const keys = new RecordKeys();
    try {
      for (const { path, field, version } of args.refs) {
        try {
          const found = versionOf(vault, path, version);
          body.push(readField(vault, path, found, field, keys));
          values.push({ class: vault.state.secrets.get(path)?.class ?? "secret", version: found.number, expand: found.expand });
        } catch (failure) {
          if (!(failure instanceof ZvaultError) || failure.code !== "not-found") throw failure;
          missing.push(path);
        }
      }
      if (missing.length > 0) {
        throw new ZvaultError(
          "unresolved",
          `${missing.length} reference${missing.length === 1 ? " has" : "s have"} no value here: ${missing.slice(0, 5).join(", ")}`,
          {
            hint: "`zvault fill` asks for them, `zvault set NAME` gives one a value",
            names: missing,
          },
        );
      }
      // last: whoever has no value yet hears that first
      checkHosts(vault, args.folder, args.refs);
    } catch (failure) {
      for (const value of body) value.wipe();
      throw failure;
    } finally {
      keys.wipe();
    }
    return { result: { values }, body };
  },

  /** Answers when one of the versions is not the one that was seen. Throws `sealed` when the vault is sealed meanwhile. */
  async watch(vault: Vault, _receipt: Receipt, args: Watch["args"]): Promise<Watch["result"]> {
    checkFolder(vault, args);
    checkHosts(vault, args.folder, args.refs);
    const versions = (): number[] =>
      args.refs.map(({ path, version }) => version ?? vault.state.current(path)?.version.number ?? 0);
    const { seen } = args;
    const changed = (): boolean => versions().some((number, at) => number !== seen?.[at]);
    if (seen && !changed()) {
      let over = false;
      while (!over && !changed()) {
        over = await vault.watchers.next();
        vault.checkOpen();
      }
      await vault.durable();
      vault.checkOpen();
    }
    return { versions: versions() };
  },

  /** What is there of each reference; a value that is gone is no failure, it has its state. */
  export(vault: Vault, _receipt: Receipt, args: Export["args"]): { result: Export["result"]; body: Secret[] } {
    checkFolder(vault, args);
    checkHosts(vault, args.folder, args.refs);
    const body: Secret[] = [];
    try {
      const values = args.refs.map(({ path, field, version }) => {
        const secret = vault.state.secrets.get(path);
        const found = pick(secret?.versions ?? [], version, args.at);
        const state = found?.state ?? ("absent" as const);
        body.push(found && state === "live" ? readField(vault, path, found, field) : Secret.alloc(0));
        return { state, class: secret?.class ?? "secret", version: found?.number ?? 0, expand: found?.expand ?? false };
      });
      return { result: { values }, body };
    } catch (failure) {
      for (const value of body) value.wipe();
      throw failure;
    }
  },

  allow(vault: Vault, receipt: Receipt, args: Calls["project.allow"]["args"]): ProjectInfo {
    const { folder, refs = [], dangerous = [] } = args;
    if (refs.length + dangerous.length === 0) throw new ZvaultError("usage", "nothing to allow", { hint: "zvault allow REF…" });
    vault.append(receipt, [{ op: "allow", folder, refs, dangerous }], []);
    const found = projectsOf(vault).find((one) => one.folder === folder);
    return found ?? { project: "", folder, refs, dangerous };
  },
};

function pick(versions: readonly Version[], number: number | undefined, at: string | undefined): Version | undefined {
  if (number !== undefined) return versions.find((one) => one.number === number);
  return at === undefined ? versions.at(-1) : versions.findLast((one) => Date.parse(one.time) <= Date.parse(at));
}

/** A folder gets its own projects' values, and what a person allowed it. */
function checkFolder(vault: Vault, args: Pick<Resolve["args"], "folder" | "refs" | "dangerous">): void {
  const { folder, refs, dangerous = [] } = args;
  const allowance = vault.state.allowed.get(folder);
  const own = [...vault.state.projects].filter(([, where]) => where === folder).map(([name]) => `env/${name}/`);
  const foreign = refs
    .map((ref) => ref.path)
    .filter((path) => !own.some((prefix) => path.startsWith(prefix)) && !allowance?.refs.has(path));
  if (foreign.length > 0) {
    throw new ZvaultError(
      "not-bound",
      `this folder (${folder}) may not use ${foreign.slice(0, 5).join(", ")}${foreign.length > 5 ? " …" : ""}`,
      {
        // an absolute folder is elsewhere: a second clone, a copy
        hint: `if you mean it: zvault allow ${foreign
          .slice(0, 5)
          .map((path) => `zvault://${path}`)
          .join(" ")}${folder.startsWith("/") ? "; or values of its own: zvault fill" : ""}`,
        names: foreign,
      },
    );
  }
  const refused = dangerous.filter((name) => !allowance?.dangerous.has(name));
  if (refused.length > 0) {
    throw new ZvaultError(
      "dangerous-name",
      `these variables change how programs run, and nobody allowed them here: ${refused.join(", ")}`,
      {
        hint: `if you mean it: zvault allow --dangerous ${refused.join(" ")}`,
        names: refused,
      },
    );
  }
}
