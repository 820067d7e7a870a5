import { ZvaultCommand } from "../cli/base.ts";
import { fileFlags, filesOf } from "../cli/flags.ts";
import { count, table } from "../cli/output.ts";
import { placesOf, referencesOf, type References, resolveAll, type Resolved, unsentOf } from "../cli/references.ts";
import type { Session } from "../cli/session.ts";
import { printReference } from "../envfile/reference.ts";
import { ZvaultError } from "../errors.ts";
import { folderBelow } from "../folder.ts";
import { printHost } from "../path.ts";
import { shield } from "../run/exec.ts";
import { protection } from "../run/mask/borders.ts";
import { rawNames, rawValues, readRaw } from "../run/raw.ts";
import { finish, openTexts } from "../run/values.ts";

/** `hosts`: where the text would send it, and nobody allowed that */
type Line = { name: string; place: string; reference: string; hosts?: string[] };
type RawFile = { file: string; names: string[]; different: string[]; unknown: string[] };

type Report = {
  files: string[];
  sealed: boolean;
  /** null: sealed, so not known */
  ok: boolean | null;
  references: number;
  settings: number;
  missing: Line[];
  notAllowed: Line[];
  dangerous: string[];
  /** the vault belongs to another folder: this one is a second clone, or a copy */
  elsewhere: boolean;
  /** what is wrong with the files themselves */
  problems: string[];
  raw: RawFile[];
  /** names that your environment has with another value: `run` keeps yours */
  environment: string[];
  /** secrets that the mask leaves as they are in redirected output */
  unmasked: string[];
  /** secrets that are masked only where they stand alone */
  weak: string[];
};

export default class Check extends ZvaultCommand {
  static override summary = "does every reference have a value here";
  static override usage = ["[-e NAME] [-f FILE]"];
  static override description = `
Says what is missing, what this folder may not use, which env files beside .env.zvault hold raw values (and which of them differ
from the vault's), what your environment has with another value, and which secrets the mask cannot protect. Never a value.
Exit code: 0 all is well, 1 something is missing or raw, 3 sealed and nothing else known to be wrong.`;
  static override examples = ["zvault check", "zvault check -e production", "zvault check --json"];
  static override flags = { ...fileFlags };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Check);
    const found = referencesOf(filesOf(flags));
    const report = begin(found);
    shield();
    const resolved = await look(this.session(flags), found, report);
    if (resolved) complete(found, resolved, report);
    const vault = this.session(flags).located();
    report.elsewhere = vault !== undefined && folderBelow(vault, found.plan.folder) === undefined;
    for (const value of resolved?.values.values() ?? []) value.bytes.fill(0);
    const bad = report.missing.length + report.notAllowed.length + report.dangerous.length + report.problems.length;
    const wrong = bad > 0 || report.raw.length > 0;
    report.ok = wrong ? false : report.sealed ? null : true;
    this.print(flags, report, () => lines(report));
    if (report.ok === null) this.answer = 3;
    else this.answeredNo = !report.ok;
  }
}

function begin(found: References): Report {
  const { files, plan } = found;
  const settings = [...plan.set.values()].filter((one) => one.value.kind === "plain").length;
  return {
    files: files.map((file) => file.label),
    sealed: false,
    ok: null,
    references: plan.requests.length,
    settings,
    missing: [],
    notAllowed: [],
    dangerous: [],
    elsewhere: false,
    problems: [],
    raw: rawFiles(found),
    environment: [],
    unmasked: [],
    weak: [],
  };
}

/** undefined: sealed, or no vault; the report says so. */
async function look(session: Session, found: References, report: Report): Promise<Resolved | undefined> {
  try {
    return await resolveAll(session, found);
  } catch (error) {
    if (!(error instanceof ZvaultError)) throw error;
    if (error.code === "sealed") report.sealed = true;
    else if (error.code === "no-vault") for (const { ref } of found.plan.requests) report.missing.push(...linesOf(found, ref.path));
    else throw error;
    return undefined;
  }
}

function linesOf(found: References, path: string): Line[] {
  return placesOf(found, path).map(({ name, place, ref }) => ({ name, place, reference: printReference(ref) }));
}

function complete(found: References, { values, trouble, unsent, dangerous }: Resolved, report: Report): void {
  report.dangerous = dangerous;
  const open = openTexts(found.plan);
  for (const [path, kind] of trouble) (kind === "missing" ? report.missing : report.notAllowed).push(...linesOf(found, path));
  for (const { name, place, ref, hosts } of unsentOf(found, unsent))
    report.notAllowed.push({ name, place, reference: printReference(ref), hosts });
  for (const one of found.plan.set.values()) {
    if (one.value.kind !== "reference") continue;
    const value = values.get(printReference(one.value.ref));
    const own = process.env[one.name];
    if (value && !value.expand && own !== undefined && Buffer.compare(Buffer.from(own), value.bytes) !== 0)
      report.environment.push(one.name);
    if (value?.class !== "secret") continue;
    const how = protection(value.bytes, open);
    if (how === "no") report.unmasked.push(one.name);
    else if (how === "borders") report.weak.push(one.name);
  }
  if (trouble.size === 0) report.problems.push(...unusable(found, values));
  for (const file of report.raw) compare(found, values, file);
}

/** What stands in the way of a run though every reference has a value: a circle, a NUL, a name that a template needs. */
function unusable({ plan }: References, values: Resolved["values"]): string[] {
  try {
    const finished = finish(plan, values);
    return "more" in finished
      ? finished.more.filter((ref) => !values.has(printReference(ref))).map((ref) => `a stored text needs ${printReference(ref)}`)
      : [];
  } catch (error) {
    if (error instanceof ZvaultError) return [error.message];
    throw error;
  }
}

function rawFiles({ plan, files }: References): RawFile[] {
  const stored = new Set([...plan.defined.values()].filter((one) => one.value.kind !== "plain").map((one) => one.name));
  const names = new Set([".env", ".env.local", ...files.map((file) => file.name.replace(/\.zvault$/, ""))]);
  return [...names].flatMap((file) => {
    const read = readRaw(`${plan.folder}/${file}`);
    const raw = read ? rawNames(read.bytes, stored) : [];
    return raw.length > 0 ? [{ file, names: raw, different: [], unknown: [] }] : [];
  });
}

/** Which raw values are not the vault's: for these an import, or taking the file away, makes a difference. */
function compare({ plan }: References, values: Resolved["values"], file: RawFile): void {
  const raw = rawValues(readRaw(`${plan.folder}/${file.file}`)?.bytes ?? new Uint8Array());
  for (const name of file.names) {
    const one = plan.defined.get(name);
    const value = one?.value.kind === "reference" ? values.get(printReference(one.value.ref)) : undefined;
    if (!one) file.unknown.push(name);
    else if (value && !value.expand && Buffer.compare(raw.get(name) ?? new Uint8Array(), value.bytes) !== 0)
      file.different.push(name);
  }
}

function lines(report: Report): string[] {
  const head = `${report.files.join(", ")}: ${count(report.references, "reference")}, ${count(report.settings, "setting")}`;
  const rows: string[][] = [];
  for (const one of report.missing) rows.push(["  missing", one.name, one.place, one.reference]);
  for (const one of report.notAllowed)
    rows.push(["  not allowed", one.name, one.place, `${toHosts(one)}zvault allow ${one.reference}`]);
  for (const name of report.dangerous)
    rows.push(["  not allowed", name, "changes how programs run", `zvault allow --dangerous ${name}`]);
  const out = [head, ...table(rows)];
  for (const problem of report.problems) out.push(`  cannot be used: ${problem}`);
  for (const { file, names, different, unknown } of report.raw) {
    out.push(`  raw in ${file}: ${names.join(" ")}`);
    if (different.length > 0) out.push(`    not the vault's value: ${different.join(" ")}`);
    if (unknown.length > 0) out.push(`    not in the vault: ${unknown.join(" ")}`);
  }
  if (report.environment.length > 0)
    out.push(`  another value in your environment (run keeps it): ${report.environment.join(" ")}`);
  if (report.unmasked.length > 0) out.push(`  not masked, too short or too common: ${report.unmasked.join(" ")}`);
  if (report.weak.length > 0) out.push(`  masked only where they stand alone: ${report.weak.join(" ")}`);
  out.push(...endings(report));
  return out;
}

function toHosts({ hosts = [] }: Line): string {
  return hosts.length === 0 ? "" : `to ${hosts.map(printHost).join(", ")}: `;
}

function endings(report: Report): string[] {
  if (report.sealed) return ["sealed: whether the references have values is seen after `zvault unseal`"];
  const next = [
    ...(report.missing.length > 0 ? ["zvault fill"] : []),
    ...(report.elsewhere ? ["zvault fill (values of its own), or zvault allow REF (that vault's values)"] : []),
    ...report.raw.map((one) => `zvault import ${one.file}`),
  ];
  if (report.ok) return ["all is well"];
  return next.length > 0 ? [`next: ${next.join("   ")}`] : [];
}
