/**
 * What a run sets, keeps and asks for: pure, from the parsed files, the caller's environment and the options. `values.ts` ends it once
 * the references have values. If nothing is missing, `requests` and `dangerous` are empty and no vault is needed.
 */
import { parse } from "../envfile/parse.ts";
import { expressionsOf } from "../envfile/document.ts";
import { dangerous } from "../envfile/dangerous.ts";
import { parseHead } from "../envfile/head.ts";
import { parseValue, printReference, type Parsed, type Ref } from "../envfile/reference.ts";
import { ZvaultError } from "../errors.ts";
import type { EnvFile } from "./files.ts";
import { nearest } from "./nearest.ts";
import { type Request, requestsOf, type SentRef } from "./requests.ts";

/** Where a variable is defined; `line` 0: in the caller's environment. */
export type Place = { file: string; line: number };
export type Definition = { name: string; text: string; value: Parsed; place: Place; folder: string };

export type Plan = {
  /** variables that the run sets, by name */
  set: Map<string, Definition>;
  /** all variables of the files, those that `--only` leaves out too: templates may name them */
  defined: Map<string, Definition>;
  /** what the program gets of the caller's environment as it is */
  base: Map<string, string>;
  requests: Request[];
  /** variables of the files that the caller's environment has already; it wins */
  kept: Definition[];
  /** names that the files would set and that need a person's leave */
  dangerous: string[];
  /** real path of the folder the references are asked for */
  folder: string;
  /** vault id in the head of the files */
  headVault: string | undefined;
};

export type PlanOptions = { only?: readonly string[]; clearEnv: boolean; override: boolean };

/** Throws `usage`, `not-found`. `environment`: of the caller; variables of zvault's own are never passed on. */
export function plan(o: {
  files: readonly EnvFile[];
  environment: Readonly<Record<string, string | undefined>>;
  cwd: string;
  options: PlanOptions;
}): Plan {
  const defined = new Map<string, Definition>();
  let headVault: string | undefined;
  for (const file of o.files) {
    headVault ??= at(file.label, 1, "", () => parseHead(textOf(file.bytes)))?.vault;
    for (const [name, { text, line }] of expressionsOf(parse(file.bytes))) {
      const place = { file: file.label, line };
      const value = at(file.label, line, name, () => parseValue(text));
      defined.delete(name);
      defined.set(name, { name, text, value, place, folder: file.folder });
    }
  }
  const wanted = wantedNames(defined, o.options.only);
  const own = new Map<string, string>();
  if (!o.options.clearEnv) {
    for (const [name, text] of Object.entries(o.environment))
      if (text !== undefined && !name.startsWith("ZVAULT_")) own.set(name, text);
  }
  const set = new Map<string, Definition>();
  const kept: Definition[] = [];
  const base = new Map<string, string>();
  for (const [name, text] of own) {
    if (o.options.override && wanted.has(name)) continue;
    // never passed on as text: direnv, foreman and workflow files load a .env.zvault as it is
    const value: Parsed = isReference(text) ? at("the environment", 0, name, () => parseValue(text)) : { kind: "plain" };
    if (value.kind === "plain") base.set(name, text);
    else set.set(name, { name, text, value, place: { file: "the environment", line: 0 }, folder: "" });
  }
  for (const name of wanted) {
    const definition = defined.get(name);
    if (!definition) continue;
    if (!own.has(name) || o.options.override) set.set(name, definition);
    else if (base.has(name)) kept.push(definition);
  }
  const find = (name: string): Definition | undefined => set.get(name) ?? (base.has(name) ? undefined : defined.get(name));
  const requests = requestsOf(set.values(), find, (name) => defined.get(name));
  const fromFiles = [...set.values()].filter((one) => one.place.line > 0);
  return {
    set,
    defined,
    base,
    requests,
    kept,
    dangerous: fromFiles.map((one) => one.name).filter(dangerous),
    folder: folderOf(o.files, defined, o.cwd),
    headVault,
  };
}

/** References that a stored text needs, with the hosts that texts of the files would send them to, also texts that `only` leaves out. */
export function withHosts({ set, base, defined }: Plan, refs: readonly Ref[]): SentRef[] {
  const find = (name: string): Definition | undefined => set.get(name) ?? (base.has(name) ? undefined : defined.get(name));
  const all = requestsOf(new Set([...set.values(), ...defined.values()]), find, (name) => defined.get(name));
  const sent = new Map(all.map((one) => [one.key, one.ref]));
  return refs.map((ref) => sent.get(printReference(ref)) ?? ref);
}

function isReference(text: string): boolean {
  return text.startsWith("zvault://") || text.includes("${zvault://");
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, 4096));
}

/** Gives an error of `envfile` the place it happened at. */
function at<T>(file: string, line: number, name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ZvaultError)) throw error;
    const where = `${file}${line > 0 ? `:${line}` : ""}${name === "" ? "" : ` ${name}`}`;
    throw new ZvaultError(error.code, `${where}: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      names: name === "" ? [file] : [name],
      cause: error,
    });
  }
}

function wantedNames(defined: Map<string, Definition>, only: readonly string[] | undefined): Set<string> {
  if (only === undefined) return new Set(defined.keys());
  const absent = only.filter((name) => !defined.has(name));
  if (absent.length > 0) {
    const close = nearest(absent[0] ?? "", [...defined.keys()]);
    throw new ZvaultError("not-found", `the env files have no ${absent.join(", ")}`, {
      hint: close === undefined ? "zvault run --dry-run lists what they have" : `did you mean ${close}?`,
      names: absent,
    });
  }
  return new Set(only);
}

/** References are allowed for one folder; files of several folders (`-f a/x -f b/y`) cannot be asked for together. */
function folderOf(files: readonly EnvFile[], defined: Map<string, Definition>, cwd: string): string {
  const folders = new Set([...defined.values()].filter((one) => one.value.kind !== "plain").map((one) => one.folder));
  if (folders.size > 1) {
    throw new ZvaultError("usage", `the files of one run must be in one folder, not in ${[...folders].join(" and ")}`, {
      hint: "one zvault run inside of the other: zvault run -f A -- zvault run -f B -- CMD",
    });
  }
  return [...folders][0] ?? files[0]?.folder ?? cwd;
}
