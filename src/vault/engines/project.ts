/**
 * Projects: a name bound to a folder of the vault. `import` writes a whole file at once; `run` resolves only what its folder may have
 * (docs/design.md, "What a folder may ask for").
 */
import type { Calls } from "../../calls.ts";
import type { ProjectInfo } from "../../calls/vault.ts";
import { hex } from "../../crypto/hash.ts";
import { random } from "../../crypto/random.ts";
import { Secret } from "../../crypto/secret.ts";
import { ZvaultError } from "../../errors.ts";
import type { Receipt } from "../audit.ts";
import type { Appended, Barrier } from "../barrier.ts";
import type { Operation } from "../operation.ts";
import { type CellRef, RecordKeys } from "../cell.ts";
import type { Version } from "../state.ts";
import type { Vault } from "../vault.ts";
import { checkSize, readField, said, versionOf } from "./kv.ts";
import { allowHosts, checkHosts } from "./sending.ts";

type Import = Calls["kv.import"];
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

/** Refuses a second folder for a project, and paths outside of them all. */
function checkBinding(vault: Vault, args: Import["args"]): Operation[] {
  const wanted = [{ project: args.project, folder: args.folder }, ...(args.also ?? [])];
  const prefixes = new Map<string, string>();
  const ops: Operation[] = [];
  for (const { project: name, folder } of wanted) {
    const bound = vault.state.projects.get(name) ?? prefixes.get(`env/${name}/`);
    if (bound !== undefined && bound !== folder) {
      throw new ZvaultError("not-bound", `the project ${name} belongs to the folder ${bound}, not to ${folder}`, {
        hint: "import under another project name (--project)",
      });
    }
    prefixes.set(`env/${name}/`, folder);
    if (bound !== undefined) continue;
    if (!args.bind) throw new ZvaultError("not-bound", `the project ${name} is not bound to a folder yet`);
    ops.push({ op: "project", project: name, folder });
  }
  const inside = (path: string): boolean => prefixes.has(path.split("/", 2).join("/") + "/");
  const stray = [...args.entries, ...args.layouts].find((one) => !inside(one.path));
  if (stray)
    throw new ZvaultError("usage", `${stray.path} is outside of the project ${wanted.map((one) => one.project).join(", ")}`);
  const elsewhere = args.hosts?.find((one) => !wanted.some(({ folder }) => folder === one.folder));
  if (elsewhere) throw new ZvaultError("usage", `${elsewhere.folder} is no folder of this import`);
  return [...ops, ...allowHosts(vault, args.hosts ?? [])];
}

/** Projects that an import would bind to a folder. */
export function newBindings(vault: Vault, args: Import["args"]): { project: string; folder: string }[] {
  const wanted = [{ project: args.project, folder: args.folder }, ...(args.also ?? [])];
  return wanted.filter((one) => !vault.state.projects.has(one.project));
}

/** True for a name that is bound to no folder and has secrets: whoever binds it gets them, so that is a person's decision. */
export function hasSecrets(vault: Vault, name: string): boolean {
  for (const path of vault.state.secrets.keys()) if (path.startsWith(`env/${name}/`)) return true;
  return false;
}

function checkExpected(vault: Vault, expect: Record<string, number> | undefined): void {
  for (const [path, number] of Object.entries(expect ?? {})) {
    const now = vault.state.secrets.get(path)?.versions.at(-1)?.number ?? 0;
    if (now !== number) {
      throw new ZvaultError("changed", `${path} changed meanwhile: it is at version ${now}, not ${number}`, {
        hint: "import again",
        names: [path],
      });
    }
  }
}

export type Written = { result: Omit<Import["result"], "mirror">; check?: Check };

/** What must be read back from disk and compared before the answer. */
type Check = { barrier: Barrier; record: Appended; cells: CellRef[]; fresh: { path: string; value: Secret }[] };

export const project = {
  /** All or nothing: one record. */
  import(vault: Vault, receipt: Receipt, args: Import["args"], values: readonly Secret[]): Written {
    const ops = checkBinding(vault, args);
    checkExpected(vault, args.expect);
    const wanted = [...args.entries, ...args.layouts.map((one) => ({ path: one.path, class: "secret" as const, expand: false }))];
    if (wanted.length !== values.length) throw new ZvaultError("protocol", `${wanted.length} entries, but ${values.length} values`);
    const result: Written["result"] = { created: [], changed: [], same: [], project: args.project };
    const fresh: { path: string; value: Secret }[] = [];
    // a call of the kernel for each would be a tenth of the whole
    const ids = hex(random(16 * wanted.length));
    for (const [at, entry] of wanted.entries()) {
      const value = values[at];
      if (!value) continue;
      checkSize(value, entry.path);
      const before = vault.state.secrets.get(entry.path)?.versions.at(-1);
      const layout = at >= args.entries.length;
      if (sameValue(vault, entry.path, value, entry.expand ?? false) && !(layout && isOlder(before, vault, args.entries, fresh))) {
        const known = vault.state.secrets.get(entry.path);
        if (entry.class !== undefined && known?.class !== entry.class)
          ops.push({ op: "describe", path: entry.path, ...said(entry) });
        result.same.push(entry.path);
        continue;
      }
      fresh.push({ path: entry.path, value });
      ops.push({
        op: "put",
        path: entry.path,
        id: ids.slice(32 * at, 32 * at + 32),
        parent: before?.id ?? null,
        fields: { value: fresh.length },
        ...(entry.expand ? { expand: true } : {}),
        ...said(entry),
      });
      (before ? result.changed : result.created).push(entry.path);
    }
    if (ops.length === 0) return { result };
    const cells = vault.append(
      receipt,
      ops,
      fresh.map((one) => one.value),
    );
    const { barrier } = vault;
    return { result, check: { barrier, record: barrier.last, cells, fresh } };
  },

  /** Reads what was written and compares: only then may the plaintext file go. Throws `damaged`. */
  readBack(vault: Vault, check: Check): void {
    const { barrier, record, cells, fresh } = check;
    // a compaction meanwhile has opened every cell, and synced what it wrote anew
    if (vault.barrier !== barrier) return;
    const values = fresh.map((one) => one.value);
    const wrong = barrier.readBack(record, cells, values);
    if (wrong === undefined) return;
    const what = wrong === "record" ? "the change" : fresh[wrong]?.path;
    throw new ZvaultError("damaged", `${what} read back from disk is not what was written`, {
      hint: "the file was left where it is",
    });
  },

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

/** A layout says by its time which versions it was made with (`eject --as-imported`). */
function isOlder(
  layout: Version | undefined,
  vault: Vault,
  entries: readonly { path: string }[],
  fresh: readonly unknown[],
): boolean {
  if (!layout || fresh.length > 0) return true;
  return entries.some((one) => (vault.state.secrets.get(one.path)?.versions.at(-1)?.time ?? "") > layout.time);
}

function pick(versions: readonly Version[], number: number | undefined, at: string | undefined): Version | undefined {
  if (number !== undefined) return versions.find((one) => one.number === number);
  return at === undefined ? versions.at(-1) : versions.findLast((one) => Date.parse(one.time) <= Date.parse(at));
}

function sameValue(vault: Vault, path: string, value: Secret, expand: boolean): boolean {
  const current = vault.state.current(path)?.version;
  const ref = current?.fields.get("value");
  if (!current || !ref || current.fields.size !== 1 || current.expand !== expand) return false;
  return vault.barrier.holds(ref, value);
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
