/** `import` writes a whole file at once, or those of a whole monorepo: one record, and read back before the answer. */
import type { Calls } from "../../calls.ts";
import { hex } from "../../crypto/hash.ts";
import { random } from "../../crypto/random.ts";
import type { Secret } from "../../crypto/secret.ts";
import { ZvaultError } from "../../errors.ts";
import type { Receipt } from "../audit.ts";
import type { Appended, Barrier } from "../barrier.ts";
import type { CellRef } from "../cell.ts";
import type { Operation } from "../operation.ts";
import type { Version } from "../state.ts";
import type { Vault } from "../vault.ts";
import { checkSize, said } from "./kv.ts";
import { allowHosts } from "./sending.ts";

type Import = Calls["kv.import"];

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

export const imports = {
  /** All or nothing: one record. */
  write(vault: Vault, receipt: Receipt, args: Import["args"], values: readonly Secret[]): Written {
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

function sameValue(vault: Vault, path: string, value: Secret, expand: boolean): boolean {
  const current = vault.state.current(path)?.version;
  const ref = current?.fields.get("value");
  if (!current || !ref || current.fields.size !== 1 || current.expand !== expand) return false;
  return vault.barrier.holds(ref, value);
}
