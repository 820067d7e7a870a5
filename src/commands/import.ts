import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import type { Calls } from "../calls.ts";
import { ZvaultCommand } from "../cli/base.ts";
import { yesFlag } from "../cli/flags.ts";
import { gather, type Gathered } from "../cli/import/gather.ts";
import { planJson, planLines } from "../cli/import/show.ts";
import { type Known, known, makeVault } from "../cli/import/vault.ts";
import { ignoreFiles, takeAway, writeReferences } from "../cli/import/write.ts";
import { count, note } from "../cli/output.ts";
import { freshSlug } from "../cli/project.ts";
import type { Session } from "../cli/session.ts";
import { isSlug } from "../envfile/project.ts";
import { type Plan, planImport, type PlanInput } from "../envfile/plan.ts";
import { ZvaultError } from "../errors.ts";
import { folderIn } from "../folder.ts";
import { confirm } from "../run/prompt.ts";
import { judge } from "../scan/judge.ts";

type Choices = { project: string; folder: string; relative: string; files: Gathered["files"]; dangerous: string[] };

export default class Import extends ZvaultCommand {
  static override summary = "move the values of .env files into the vault";
  static override usage = ["[FILE…] [--dry-run] [--yes] [--keep]"];
  static override description = `
Without a name: every dotenv file of this folder. One plan is shown, nothing changes before you agree. Values go into the vault and are
read back from disk; .env.zvault with references takes the file's place, and can be committed. Settings (ports, modes, public URLs) stay
readable; --secret and --plain overrule. A comment that holds a secret is left out; the vault keeps it.`;
  static override examples = [
    "zvault import",
    "zvault import .env --dry-run",
    "zvault import .env .env.local --yes",
    "zvault import .env --plain DEBUG --secret SHOP_ID",
  ];
  static override strict = false;
  static override args = {
    file: Args.string({ description: "dotenv files of one folder", multiple: true, required: false, ignoreStdin: true }),
  };
  static override flags = {
    "dry-run": Flags.boolean({ description: "show the plan, change nothing" }),
    ...yesFlag,
    keep: Flags.boolean({ description: "leave the files where they are" }),
    plain: Flags.string({
      description: "a variable that stays readable; repeatable",
      helpValue: "NAME",
      multiple: true,
      default: [],
    }),
    secret: Flags.string({
      description: "a variable that is a secret; repeatable",
      helpValue: "NAME",
      multiple: true,
      default: [],
    }),
    project: Flags.string({ description: "name of the project, instead of the package's or folder's", helpValue: "NAME" }),
    "allow-dangerous": Flags.string({
      description: "import NODE_OPTIONS and the like, and let this folder use it; repeatable",
      helpValue: "NAME",
      multiple: true,
      default: [],
    }),
    "key-file": Flags.string({ description: "proves presence for --allow-dangerous", helpValue: "FILE" }),
  };

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(Import);
    const gathered = gather(argv.map(String), process.cwd());
    const session = this.session(flags);
    const found = session.located();
    const knows = found ? await known(session, !flags["dry-run"]) : undefined;
    const relative = found ? folderIn(found, gathered.folder) : ".";
    if (relative.startsWith(".."))
      throw new ZvaultError("usage", `${gathered.folder} is not below ${found?.root ?? ""}, where the vault is`);
    const project = projectOf(flags.project, gathered.folder, relative, knows);
    const input = {
      files: gathered.files,
      project,
      options: { plain: flags.plain, secret: flags.secret },
      judge,
      ...(found ? { vault: found.id } : {}),
      ...(knows ? { existing: knows.classes } : {}),
    };
    const plan = planImport(input);
    const allowed = knows?.projects.filter((one) => one.folder === relative).flatMap((one) => one.dangerous) ?? [];
    const dangerous = dangerousOf(plan).filter((name) => !allowed.includes(name));
    if (flags["dry-run"]) return this.#planned(flags, plan, project);
    await this.#agree(flags, plan, project, gathered, dangerous);
    const choices = { project, folder: gathered.folder, relative, files: gathered.files, dangerous };
    await this.#apply(session, flags, found ? plan : input, choices);
  }

  #planned(flags: { json: boolean; verbose: boolean }, plan: Plan, project: string): void {
    this.print(flags, { project, files: planJson(plan), dryRun: true }, () => [
      ...planLines(plan, project, flags),
      "",
      "Nothing was changed (--dry-run).",
    ]);
  }

  /** Shows the plan and asks. Throws `would-ask`, `dangerous-name`, `interrupted`. */
  async #agree(
    flags: { json: boolean; verbose: boolean; quiet: boolean; yes: boolean; "allow-dangerous": string[] },
    plan: Plan,
    project: string,
    gathered: Gathered,
    dangerous: string[],
  ): Promise<void> {
    if (!flags.quiet && !flags.json) for (const line of planLines(plan, project, flags)) note2(line);
    if (gathered.leftovers.length > 0) note(`not imported, look at them yourself: ${gathered.leftovers.join(" ")}`);
    const open = dangerous.filter((name) => !flags["allow-dangerous"].includes(name));
    if (open.length > 0 && flags.yes) throw refuseDangerous(open);
    try {
      if (
        open.length > 0 &&
        !(await confirm(`${open.join(", ")} changes how programs run. Import it, and let this folder use it?`, false))
      )
        throw refuseDangerous(open);
      if (!flags.yes && !(await confirm("Go on?", true))) throw new ZvaultError("interrupted", "nothing was changed");
    } catch (error) {
      if (!(error instanceof ZvaultError) || error.code !== "would-ask") throw error;
      throw new ZvaultError("would-ask", "nothing was changed: there is no terminal to ask on", {
        hint: "--yes takes the plan as it is; --dry-run shows it",
      });
    }
  }

  /** The plan that was shown; without a vault yet, its input: the new vault's id goes into the head of the files. */
  async #apply(session: Session, flags: ApplyFlags, from: Plan | PlanInput, choices: Choices): Promise<void> {
    const vault = "judge" in from ? await makeVault(session, choices.folder) : session.vault().id;
    const plan = "judge" in from ? planImport({ ...from, vault }) : from;
    // asked again in case another program bound the project meanwhile
    if (choices.dangerous.length > 0) {
      const proof = { keyFile: flags["key-file"] };
      const what = `Let ${choices.folder} use ${choices.dangerous.join(", ")}`;
      await session.ask("project.allow", { folder: choices.relative, dangerous: choices.dangerous }, { presence: proof, what });
    }
    const result = await store(session, plan, choices);
    const written: string[] = [];
    const kept: string[] = [];
    for (const file of plan.files) {
      kept.push(...(await writeReferences(choices.folder, file)));
      written.push(`${file.name}.zvault`);
    }
    const ignored = await ignoreFiles(
      choices.folder,
      choices.files.map((file) => file.name),
    );
    const gone = flags.keep ? [] : choices.files.map((file) => (takeAway(choices.folder, file), file.name));
    for (const file of choices.files) file.bytes.fill(0);
    const names = (paths: string[]): string[] =>
      paths.filter((path) => !path.includes("/.layout/")).map((path) => path.split("/").at(-1) ?? path);
    const report = {
      project: choices.project,
      vault,
      files: planJson(plan),
      created: names(result.created),
      changed: names(result.changed),
      same: names(result.same),
      written,
      removed: gone,
      gitignore: ignored,
      mirror: result.mirror,
    };
    this.print(flags, report, () => [
      `  wrote ${written.join(", ")}`.padEnd(44) + "commit these; they hold no secret",
      ...(result.changed.length > 0 ? [`  changed ${names(result.changed).join(" ")}`] : []),
      ...(kept.length > 0 ? [`  kept in ${written.join(", ")}: ${kept.join(" ")}`] : []),
      ...(gone.length > 0
        ? [`  took away ${gone.join(", ")}`.padEnd(44) + "values and layout are in the vault"]
        : ["  left the files where they are (--keep): they still hold the values"]),
      ...(ignored.length > 0 ? [`  .gitignore + ${ignored.join(" ")}`] : []),
      `  second copy of the vault, encrypted: ${result.mirror}`,
      ...(gone.length > 0 ? ["  not erased from disk blocks, backups, editor history, earlier git commits"] : []),
      "",
      `${count(result.created.length + result.changed.length + result.same.length - plan.files.length, "value")} in the vault. Next: zvault run -- CMD`,
    ]);
  }
}

type ApplyFlags = { json: boolean; keep: boolean; "key-file"?: string | undefined };

function note2(line: string): void {
  process.stderr.write(`${line}\n`);
}

function projectOf(given: string | undefined, folder: string, relative: string, knows: Known | undefined): string {
  if (given !== undefined) {
    if (isSlug(given)) return given;
    throw new ZvaultError("usage", `${JSON.stringify(given.slice(0, 40))} is no project name`, {
      hint: "a-z 0-9 . _ - and at most 64 of them",
    });
  }
  const projects = knows?.projects ?? [];
  return projects.find((one) => one.folder === relative && one.project !== "")?.project ?? freshSlug(folder, relative, projects);
}

function dangerousOf(plan: Plan): string[] {
  return [
    ...new Set(plan.files.flatMap((file) => file.notes.filter((one) => one.kind === "dangerous-name").map((one) => one.name))),
  ];
}

function refuseDangerous(names: string[]): ZvaultError {
  return new ZvaultError("dangerous-name", `these variables change how programs run, nothing was imported: ${names.join(", ")}`, {
    hint: `if you mean it: ${names.map((name) => `--allow-dangerous ${name}`).join(" ")}`,
    names,
  });
}

/** One change of the vault for all files. */
async function store(session: Session, plan: Plan, choices: Choices): Promise<Calls["kv.import"]["result"]> {
  const entries = plan.files.flatMap((file) => file.entries.filter((one) => one.to === "vault"));
  const layouts = plan.files.map((file) => ({ path: file.layoutPath }));
  const asked = {
    project: choices.project,
    folder: choices.relative,
    bind: true,
    entries: entries.map((one) => ({ path: one.path, class: one.class })),
    layouts,
  };
  const body = [...entries.map((one) => one.value), ...plan.files.map((file) => file.layout)];
  try {
    return (await session.ask("kv.import", asked, { body })).result;
  } finally {
    for (const bytes of body) bytes.fill(0);
  }
}
