import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../cli/base.ts";
import { sure } from "../cli/confirm.ts";
import { readSource } from "../cli/credential.ts";
import { examplesIn } from "../cli/examples.ts";
import { fileFlags, filesOf, maybe, yesFlag } from "../cli/flags.ts";
import { known, makeVault } from "../cli/import/vault.ts";
import { fittedQuestion } from "../cli/width.ts";
import { count, note } from "../cli/output.ts";
import { freshSlug } from "../cli/project.ts";
import { referencesOf, type References, resolveAll } from "../cli/references.ts";
import type { Session } from "../cli/session.ts";
import { checkSource } from "../cli/value.ts";
import { parseHead } from "../envfile/head.ts";
import { ZvaultError } from "../errors.ts";
import { folderBelow, folderIn } from "../folder.ts";
import { promptHidden } from "../run/prompt.ts";
import { rawValues } from "../run/raw.ts";
import { shield } from "../run/exec.ts";
import { classify } from "../scan/class.ts";

/** A value to ask for: whole references of the project itself, without field and version. */
type Open = { name: string; path: string };

export default class Fill extends ZvaultCommand {
  static override person = () => true;
  static override summary = "ask for every missing value";
  static override usage = ["[-e NAME] [-f FILE]", "-|@FILE [--yes]"];
  static override description = `
The way into a fresh clone: asks, unseen, for each reference that has no value here. Where there is no vault it makes one, and binds
the project to its folder. Enter skips a value; every value is stored as soon as it is typed, so Ctrl-C loses nothing: run it again.
In scripts: - (stdin) or @FILE, in dotenv form; names that are not missing are left alone.`;
  static override examples = ["zvault fill", "zvault fill -e production", "zvault fill @../values.env --yes"];
  static override args = { source: maybe("- for stdin, @FILE for a file, in dotenv form; asked for without it") };
  static override flags = {
    ...fileFlags,
    ...yesFlag,
    again: Flags.boolean({ description: "ask for values that are there, too; Enter keeps them" }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Fill);
    checkSource(args.source);
    const found = referencesOf(filesOf(flags));
    const session = this.session(flags);
    await readyVault(session, found.plan.folder, flags.yes);
    const slug = await slugOf(session, found);
    await bind(session, found.plan.folder, slug);
    const { open, others } = await missing(session, found, slug, flags.again);
    shield();
    const stored: string[] = [];
    const skipped: string[] = [];
    const given = args.source === undefined ? undefined : rawValues(readSource(args.source) ?? new Uint8Array());
    const store = (one: Open, value: Uint8Array) => put(session, found.plan.folder, slug, one, value);
    try {
      if (given) await fromFile(open, given, store, stored, skipped);
      else await asked(open, examplesIn(found.plan.folder), store, stored, skipped);
    } catch (error) {
      throw interrupted(error, stored, open.length);
    }
    const unused = given ? [...given.keys()].filter((name) => !open.some((one) => one.name === name)) : [];
    if (unused.length > 0) this.note(flags, `left alone, not missing here: ${unused.join(" ")}`);
    const report = { project: slug, stored, skipped, others: others.map((one) => ({ name: one.name, reference: one.reference })) };
    this.print(flags, report, () => [
      stored.length === 0 && open.length === 0 ? "nothing is missing" : `${count(stored.length, "value")} stored`,
      ...(skipped.length > 0 ? [`still missing: ${skipped.join(" ")}`] : []),
      ...others.map((one) => `not asked for: ${one.name} ${one.why}`),
    ]);
    this.answeredNo = skipped.length + others.length > 0;
  }
}

/** A vault for this folder, unsealed: the one at hand, or a new one. A vault that belongs to another clone is not touched. */
async function readyVault(session: Session, folder: string, yes: boolean): Promise<void> {
  const found = session.located();
  if (found && folderBelow(found, folder) !== undefined) {
    await known(session, true);
    return;
  }
  if (found) note(`the vault of this project is in ${found.root}; this is another folder, and gets one of its own`);
  await sure(`Make a vault in ${folder}?`, { yes, usually: true, no: "nothing was changed" });
  await makeVault(session, folder);
  session.at(folder);
}

/** The project's name as the files say; without one, as import would call it. */
async function slugOf(session: Session, { files, plan }: References): Promise<string> {
  for (const file of files) {
    const head = parseHead(new TextDecoder().decode(file.bytes.subarray(0, 4096)));
    if (head) return head.project;
  }
  const { projects } = (await session.ask("project.list", {})).result;
  const below = folderIn(session.vault(), plan.folder);
  return projects.find((one) => one.folder === below && one.project !== "")?.project ?? freshSlug(plan.folder, below, projects);
}

/** Without an entry: from here on the vault says what is missing, not that this folder may use nothing. */
async function bind(session: Session, folder: string, project: string): Promise<void> {
  const asked = { project, folder: folderIn(session.vault(), folder), bind: true, entries: [], layouts: [] };
  await session.ask("kv.import", asked, { presence: {}, what: `Bind ${project} to ${folder}` });
}

type Other = { name: string; reference: string; why: string };

/** What is asked for, and what cannot be: other projects' values, fields, versions. */
async function missing(
  session: Session,
  found: References,
  slug: string,
  again: boolean,
): Promise<{ open: Open[]; others: Other[] }> {
  const { values, trouble } = await resolveAll(session, found);
  for (const value of values.values()) value.bytes.fill(0);
  const open = new Map<string, Open>();
  const others: Other[] = [];
  for (const { key, ref, uses } of found.plan.requests) {
    if (values.has(key) && !again) continue;
    const name = ref.path.split("/").at(-1) ?? "";
    const mine = ref.path.startsWith(`env/${slug}/`);
    if (mine && ref.field === undefined && ref.version === undefined)
      open.set(ref.path, { name: uses[0]?.whole ? uses[0].name : name, path: ref.path });
    else if (trouble.has(ref.path)) others.push({ name: uses[0]?.name ?? name, reference: key, why: whyNot(mine, key) });
  }
  return { open: [...open.values()], others };
}

function whyNot(mine: boolean, key: string): string {
  return mine
    ? `a field or a version: zvault kv put ${key}`
    : `another project's: zvault set ${key.replace("zvault:/", "")}, then zvault allow ${key}`;
}

type Store = (one: Open, value: Uint8Array) => Promise<void>;

async function asked(
  open: readonly Open[],
  examples: ReadonlyMap<string, string>,
  store: Store,
  stored: string[],
  skipped: string[],
): Promise<void> {
  const width = Math.max(0, ...open.map((one) => one.name.length));
  for (const [at, one] of open.entries()) {
    const number = `${String(at + 1).padStart(String(open.length).length)}/${open.length}`;
    const example = examples.get(one.name);
    const value = await promptHidden(
      fittedQuestion(
        `${number} ${one.name.padEnd(width)}${example === undefined ? "" : `  ${example}`}  Value (hidden, Enter skips): `,
        1,
      ),
    );
    try {
      if (value.length === 0) skipped.push(one.name);
      else {
        await store(one, value);
        stored.push(one.name);
      }
    } finally {
      value.fill(0);
    }
  }
}

async function fromFile(
  open: readonly Open[],
  given: ReadonlyMap<string, Uint8Array>,
  store: Store,
  stored: string[],
  skipped: string[],
): Promise<void> {
  for (const one of open) {
    const value = given.get(one.name);
    if (value === undefined || value.length === 0) skipped.push(one.name);
    else {
      await store(one, value);
      stored.push(one.name);
    }
  }
  for (const value of given.values()) value.fill(0);
}

/** Stored, read back and mirrored when this returns. */
async function put(session: Session, folder: string, slug: string, one: Open, value: Uint8Array): Promise<void> {
  const entry = { path: one.path, class: classify(one.name, new TextDecoder().decode(value)).class };
  const args = { project: slug, folder: folderIn(session.vault(), folder), bind: true, entries: [entry], layouts: [] };
  await session.ask("kv.import", args, { body: [value] });
}

/** Ctrl-C says what is stored already. */
function interrupted(error: unknown, stored: readonly string[], all: number): unknown {
  if (!(error instanceof ZvaultError)) return error;
  if (error.code === "interrupted")
    return new ZvaultError("interrupted", `interrupted: ${stored.length} of ${count(all, "value")} stored`, {
      hint: "zvault fill goes on",
    });
  if (error.code === "would-ask")
    return new ZvaultError("would-ask", "there is no terminal to type values on", {
      hint: "zvault fill @FILE   or   zvault fill -   takes them in dotenv form",
    });
  return error;
}
