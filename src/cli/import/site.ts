/** One folder of an import, as it is planned: which project it is, and what becomes of its files. */
import { relative } from "node:path";
import type { ProjectInfo } from "../../calls/vault.ts";
import { assignments } from "../../envfile/document.ts";
import { parse } from "../../envfile/parse.ts";
import type { Dialect } from "../../envfile/dialects/reader.ts";
import { type Plan, planImport, type PlanInput } from "../../envfile/plan.ts";
import { isSlug } from "../../envfile/project.ts";
import { ZvaultError } from "../../errors.ts";
import { folderIn } from "../../folder.ts";
import type { Located } from "../../locate.ts";
import { nearest } from "../../run/nearest.ts";
import { judge } from "../../scan/judge.ts";
import { freshSlug } from "../project.ts";
import { type Sendings, sendingsOf } from "../sendings.ts";
import type { Gathered } from "./gather.ts";
import type { Known } from "./vault.ts";

export type Site = {
  /** real path */
  folder: string;
  /** relative to the folder the import began in, "" for itself */
  label: string;
  /** as the vault names it: relative to the folder that holds `.zvault` */
  relative: string;
  project: string;
  gathered: Gathered;
  input: PlanInput;
  plan: Plan;
  /** names that change how programs run and that nobody allowed here yet */
  dangerous: string[];
};

export type SiteOptions = {
  /** real path of the folder the import began in */
  start: string;
  found: Located | undefined;
  knows: Known | undefined;
  project: string | undefined;
  plain: readonly string[];
  secret: readonly string[];
  dialect: Dialect | undefined;
};

/** Names are given out in order: a later folder gives way to an earlier one. Throws `usage`, `not-bound`. */
export function makeSites(all: readonly Gathered[], o: SiteOptions): Site[] {
  if (o.project !== undefined && all.length > 1) {
    throw new ZvaultError("usage", "--project names one folder's project", { hint: "without -r" });
  }
  if (all.length > 1) checkNames(all, [...o.plain, ...o.secret]);
  const projects: ProjectInfo[] = [...(o.knows?.projects ?? [])];
  return all.map((gathered) => {
    const where = o.found ? folderIn(o.found, gathered.folder) : relative(o.start, gathered.folder) || ".";
    const project = projectOf(o.project, gathered.folder, where, projects);
    projects.push({ project, folder: where, refs: [], dangerous: [] });
    const own = all.length > 1 ? namesOf(gathered) : undefined;
    const mine = (names: readonly string[]): readonly string[] => (own ? names.filter((name) => own.has(name)) : names);
    const input: PlanInput = {
      files: gathered.files,
      project,
      options: {
        plain: mine(o.plain),
        secret: mine(o.secret),
        environment: process.env,
        ...(o.dialect === undefined ? {} : { dialect: o.dialect }),
      },
      judge,
      nearest,
      ...(o.found ? { vault: o.found.id } : {}),
      ...(o.knows ? { existing: o.knows.classes } : {}),
    };
    const plan = planImport(input);
    const allowed = new Set(projects.filter((one) => one.folder === where).flatMap((one) => one.dangerous));
    return {
      folder: gathered.folder,
      label: relative(o.start, gathered.folder),
      relative: where,
      project,
      gathered,
      input,
      plan,
      dangerous: dangerousOf(plan).filter((name) => !allowed.has(name)),
    };
  });
}

/** Planned again with other answers. */
export function planAgain(site: Site, options: Partial<PlanInput["options"]>): Site {
  const input = { ...site.input, options: { ...site.input.options, ...options } };
  return { ...site, input, plan: planImport(input) };
}

/** Planned again for a vault that was made meanwhile: its id goes into the head of the files. */
export function inVault(site: Site, vault: string): Site {
  const input = { ...site.input, vault };
  return { ...site, input, plan: planImport(input) };
}

/** Where the texts that the import leaves readable send values. */
export function siteSendings({ folder, label, plan }: Site): Sendings {
  const files = plan.files.map(({ name, envZvault }) => {
    const written = `${name}.zvault`;
    return { folder, name: written, label: labelOf({ label }, written), bytes: envZvault };
  });
  // only a text beside a reference names a host
  return files.some(({ bytes }) => Buffer.from(bytes).includes("${zvault:")) ? sendingsOf(files) : new Map();
}

/** As a person names a file of it: `apps/web/.env.local`. */
export function labelOf(site: Pick<Site, "label">, name: string): string {
  return site.label === "" ? name : `${site.label}/${name}`;
}

function projectOf(given: string | undefined, folder: string, where: string, projects: readonly ProjectInfo[]): string {
  if (given !== undefined) {
    if (isSlug(given)) return given;
    throw new ZvaultError("usage", `${JSON.stringify(given.slice(0, 40))} is no project name`, {
      hint: "a-z 0-9 . _ - and at most 64 of them",
    });
  }
  const bound = projects.find((one) => one.folder === where && one.project !== "")?.project;
  if (bound !== undefined) return bound;
  const slug = freshSlug(folder, where, projects);
  const taken = (name: string): boolean => projects.some((one) => one.project === name);
  // lengthened by its path and still somebody else's: a-b/c and a/b-c
  for (let more = 1; ; more++) {
    const name = more === 1 ? slug : `${slug.slice(0, 60)}-${more}`;
    if (!taken(name)) return name;
  }
}

function namesOf(gathered: Gathered): Set<string> {
  return new Set(gathered.files.flatMap((file) => assignments(parse(file.bytes)).map((one) => one.name)));
}

function checkNames(all: readonly Gathered[], names: readonly string[]): void {
  if (names.length === 0) return;
  const there = new Set(all.flatMap((one) => [...namesOf(one)]));
  const unknown = names.filter((name) => !there.has(name));
  if (unknown.length === 0) return;
  const close = nearest(unknown[0] ?? "", [...there]);
  throw new ZvaultError("usage", `no such variable in these files: ${unknown.join(", ")}`, {
    hint: close === undefined ? "--plain and --secret take names that stand in the imported files" : `did you mean ${close}?`,
    names: unknown,
  });
}

function dangerousOf(plan: Plan): string[] {
  return [
    ...new Set(plan.files.flatMap((file) => file.notes.filter((one) => one.kind === "dangerous-name").map((one) => one.name))),
  ];
}
