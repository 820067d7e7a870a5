import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Given, ZvaultCommand } from "../cli/base.ts";
import { yesFlag, repeatable } from "../cli/flags.ts";
import { consent, decide } from "../cli/import/agree.ts";
import { appliedLines, applySites, namesOf } from "../cli/import/apply.ts";
import { type Around, lookAround } from "../cli/import/around.ts";
import { discover, type Discovery } from "../cli/import/discover.ts";
import { gather, type Gathered } from "../cli/import/gather.ts";
import { type Git, openGit } from "../cli/import/git.ts";
import { lookForReaders, type Readers } from "../cli/import/readers.ts";
import { readerLines, readersJson } from "../cli/import/readers-show.ts";
import { type Decisions, planJson, planLines, rowLines } from "../cli/import/show.ts";
import { recordIgnored } from "../cli/import/record.ts";
import { inVault, labelOf, makeSites, type Site, siteSendings } from "../cli/import/site.ts";
import { checkSizes, storeSites } from "../cli/import/store.ts";
import { known, makeVault } from "../cli/import/vault.ts";
import { checkTarget } from "../cli/import/write.ts";
import { startLine } from "../cli/next.ts";
import { clean, count, showLine, table } from "../cli/output.ts";
import type { Session } from "../cli/session.ts";
import { mention } from "../cli/stream.ts";
import { fitted, hasTerminal, sizeOf } from "../cli/width.ts";
import { dialects } from "../envfile/dialects/reader.ts";
import { ZvaultError } from "../errors.ts";
import { folderIn } from "../folder.ts";
import { printHost } from "../path.ts";
import { confirm } from "../run/prompt.ts";

export default class Import extends ZvaultCommand {
  static override person = ({ flags }: Given) => flags["dry-run"] !== true;
  static override summary = "move the values of .env files into the vault";
  static override usage = ["[FILE…] [-r] [--dry-run] [--yes] [--keep]"];
  static override description = `
Without a name: every dotenv file of this folder. One plan is shown, nothing changes before you agree. Values go into the vault and are
read back from disk; .env.zvault with references takes the file's place, and can be committed. Settings (ports, modes, public URLs) stay
readable; --secret and --plain overrule. A comment that holds a secret is left out; the vault keeps it. A file that git tracks is taken
out of its index, and what its history holds is marked until it gets a new value. -r takes all folders below: a monorepo in one plan.`;
  static override examples = [
    "zvault import",
    "zvault import .env --dry-run",
    "zvault import .env .env.local --yes",
    "zvault import -r",
    "zvault import --fix",
    "zvault import .env --plain DEBUG --secret SHOP_ID",
    "zvault import .env --dialect compose",
  ];
  static override strict = false;
  static override args = {
    file: Args.string({ description: "dotenv files of one folder", multiple: true, required: false, ignoreStdin: true }),
  };
  static override flags = {
    "dry-run": Flags.boolean({ description: "show the plan, change nothing" }),
    ...yesFlag,
    recursive: Flags.boolean({ char: "r", description: "every folder below this one too: one plan, one project a folder" }),
    fix: Flags.boolean({ description: "change what reads the files, where that is certain: scripts, launch configurations" }),
    stub: Flags.boolean({
      description: "leave files of comments only; without it, where a program fails on a missing file",
      allowNo: true,
    }),
    keep: Flags.boolean({ description: "leave the files where they are" }),
    plain: Flags.string({
      description: "a variable that stays readable; repeatable",
      helpValue: "NAME",
      ...repeatable,
      default: [],
    }),
    secret: Flags.string({
      description: "a variable that is a secret; repeatable",
      helpValue: "NAME",
      ...repeatable,
      default: [],
    }),
    dialect: Flags.option({
      description: "read values as this reader does, where readers differ",
      helpValue: dialects.join("|"),
      options: dialects,
    })(),
    project: Flags.string({ description: "name of the project, instead of the package's or folder's", helpValue: "NAME" }),
    "allow-dangerous": Flags.string({
      description: "import NODE_OPTIONS and the like, and let this folder use it; repeatable",
      helpValue: "NAME",
      ...repeatable,
      default: [],
    }),
    "key-file": Flags.string({ description: "proves presence, where a person is needed", helpValue: "FILE" }),
  };

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(Import);
    const words = argv.map(String);
    const start = realpathSync(words[0] === undefined ? process.cwd() : dirname(resolve(words[0])));
    if (flags.recursive && words.length > 0)
      throw new ZvaultError("usage", "-r looks for the files by itself", { hint: "zvault import -r, in the folder to begin with" });
    const { git, why } = openGit(start, process.env);
    const { gathered, passed, leftovers } = flags.recursive
      ? discoverAll(start, git)
      : { gathered: [gather(words, process.cwd())], passed: [], leftovers: [] };
    const session = this.session(flags);
    const found = session.located();
    const knows = found ? await known(session, !flags["dry-run"]) : undefined;
    const { plain, secret, project, dialect } = flags;
    const sites = makeSites(gathered, { start, found, knows, project, plain, secret, dialect });
    const around = lookAround(sites, git, { problem: why, leftovers });
    const { fix, stub } = flags;
    const readers = lookForReaders(start, sites, { fix, stub: flags.keep ? false : stub });
    const plan = { sites, around, passed, readers };
    if (flags["dry-run"]) return this.#planned(flags, plan);
    checkSizes(sites);
    // of several files each is done or not, and told
    const [site] = sites;
    const [file] = site?.plan.files ?? [];
    if (site && file && sites.length === 1 && site.plan.files.length === 1) checkTarget(site.folder, file.name);
    const agreed = await this.#agree(flags, plan);
    await this.#apply(session, flags, { ...plan, sites: agreed }, start, found !== undefined);
  }

  #planned(flags: ShowFlags, plan: Whole): void {
    this.print(flags, { ...headOf(plan), dryRun: true }, () => [
      ...wholeLines(plan, flags),
      "",
      "Nothing was changed (--dry-run).",
    ]);
  }

  /** Shows the plan and asks; the folders as they were settled. Throws `would-ask`, `dangerous-name`, `interrupted`. */
  async #agree(flags: ShowFlags & { quiet: boolean; yes: boolean; "allow-dangerous": string[] }, plan: Whole): Promise<Site[]> {
    const lines = wholeLines(plan, flags, flags.yes ? "taken" : hasTerminal() ? "asked" : "shown");
    if (!flags.quiet && !flags.json) showPlan(lines);
    const open = [...new Set(plan.sites.flatMap((site) => site.dangerous))].filter(
      (name) => !flags["allow-dangerous"].includes(name),
    );
    if (open.length > 0 && flags.yes) throw refuseDangerous(open);
    try {
      if (
        open.length > 0 &&
        !(await confirm(`${open.join(", ")} changes how programs run. Import it, and let this folder use it?`, false))
      )
        throw refuseDangerous(open);
      if (flags.yes) return plan.sites;
      return await consent(await decide(plan.sites, showLine), showLine, (sites) => rowLines(sites, plan.around).forEach(showLine));
    } catch (error) {
      if (!(error instanceof ZvaultError) || error.code !== "would-ask") throw error;
      throw new ZvaultError("would-ask", "nothing was changed: there is no terminal to ask on", {
        hint: "--yes takes the plan as it is; --dry-run shows it",
      });
    }
  }

  /** The plan that was shown; without a vault yet it is made again, with the new vault's id in the head of the files. */
  async #apply(session: Session, flags: ApplyFlags, plan: Whole, start: string, there: boolean): Promise<void> {
    const vault = there ? session.vault().id : await makeVault(session, start);
    const sites = there ? plan.sites : plan.sites.map((site) => inVault(site, vault));
    // asked again in case another program bound the project meanwhile
    for (const { folder, relative, dangerous } of sites) {
      if (dangerous.length === 0) continue;
      const what = `Let ${folder} use ${dangerous.join(", ")}`;
      await session.ask("project.allow", { folder: relative, dangerous }, { presence: { keyFile: flags["key-file"] }, what });
    }
    const report = headOf({ ...plan, sites });
    const stored = await storeSites(session, sites, { keyFile: flags["key-file"] });
    const done = await applySites(session, sites, plan.around, { start, keep: flags.keep, readers: plan.readers });
    await recordIgnored(session, sites, { folder: folderIn(session.vault(), start), lines: done.gitignore });
    this.answeredNo = done.failed.length > 0;
    const names = namesOf(stored);
    const { written, removed, gitignore, untracked, stillTracked, stubs, fixed, overrides } = done;
    const failed = done.failed.map(({ file, error }) => ({ file, code: error.code, message: error.message }));
    const exposed = done.exposed;
    const json = {
      ...report,
      vault,
      ...names,
      written,
      removed,
      gitignore,
      untracked,
      again: done.again ?? null,
      stubs,
      fixed,
      overrides,
      stillTracked,
      exposed,
      failed,
      mirror: stored.mirror,
    };
    this.print(flags, json, () => [
      ...appliedLines(done, stored, flags),
      "",
      `${count(names.created.length + names.changed.length + names.same.length, "value")} in the vault. Next: ${nextOf(sites)}`,
    ]);
  }
}

/** of the screen, for a question and its answer */
const questionRows = 6;

type Passed = Discovery["passed"];
type Whole = { sites: Site[]; around: Around; passed: Passed; readers: Readers };
type ShowFlags = { json: boolean; verbose: boolean; fix: boolean };
type ApplyFlags = { json: boolean; keep: boolean; "key-file"?: string | undefined };

function discoverAll(start: string, git: Git | undefined): { gathered: Gathered[]; passed: Passed; leftovers: string[] } {
  const { found, passed, leftovers } = discover(start, (folders) => new Set(git?.ignored(folders).keys()));
  return { gathered: found, passed, leftovers };
}

/** What plan and report have in common. */
function headOf({ sites, around, passed, readers }: Whole): object {
  const projects = sites.map(({ project, label }) => ({ project, folder: label === "" ? "." : label }));
  return {
    project: sites[0]?.project ?? "",
    projects,
    files: planJson(sites, around),
    leftovers: around.leftovers,
    passed,
    readers: readersJson(readers),
  };
}

function sendingLines(sites: readonly Site[]): string[] {
  const rows = sites.flatMap((site) =>
    [...siteSendings(site)].map(([path, hosts]) => [
      `    ${labelOf(site, path.split("/").at(-1) ?? path)}`,
      Array.from(hosts, printHost).join(" "),
    ]),
  );
  return rows.length === 0
    ? []
    : ["", "  sent to hosts by texts that stay readable; to others only with `zvault allow`", ...table(rows)];
}

function wholeLines({ sites, around, passed, readers }: Whole, flags: ShowFlags, decisions: Decisions = "shown"): string[] {
  return [
    ...planLines(sites, around, { ...flags, decisions }),
    ...sendingLines(sites),
    ...readerLines(readers, { ...flags, brief: decisions === "asked" }),
    ...passedLines(passed),
  ];
}

/** Without its empty lines where the terminal is not high enough for them, and the questions below. */
function showPlan(lines: readonly string[]): void {
  const shown = lines.flatMap((line) => fitted(clean(line), 2));
  const rows = sizeOf(2)?.rows ?? Infinity;
  const tight = shown.length + questionRows > rows;
  for (const [at, line] of shown.entries()) if (line !== "" || at === 1 || !tight) mention(`${line}\n`);
}

function nextOf(sites: readonly Site[]): string {
  const [only, ...more] = sites;
  return only && more.length === 0 ? startLine(only.folder) : "zvault run -- CMD, in the folder of a project";
}

function passedLines(passed: Passed): string[] {
  return passed.length === 0 ? [] : ["", "  not looked into", ...table(passed.map(({ folder, why }) => [`    ${folder}`, why]))];
}

function refuseDangerous(names: string[]): ZvaultError {
  return new ZvaultError("dangerous-name", `these variables change how programs run, nothing was imported: ${names.join(", ")}`, {
    hint: `if you mean it: ${names.map((name) => `--allow-dangerous ${name}`).join(" ")}`,
    names,
  });
}
