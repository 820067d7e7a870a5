/** What an eject has to know: the files of the project, their layouts, and all values they need, read in two questions. */
import { existsSync, readdirSync, realpathSync } from "node:fs";
import type { Reference } from "../../calls/kv.ts";
import { expressionsOf } from "../../envfile/document.ts";
import { parseHead } from "../../envfile/head.ts";
import { pathsOf } from "../../envfile/layout.ts";
import { parse } from "../../envfile/parse.ts";
import { layoutPath } from "../../envfile/project.ts";
import { parseValue, printReference, type Ref } from "../../envfile/reference.ts";
import { ZvaultError } from "../../errors.ts";
import { type EnvFile, findFiles } from "../../run/files.ts";
import { type IgnoreRecord, parseRecord, recordPath } from "../import/record.ts";
import { type Ask, type Held, heldValues } from "../values.ts";

export type OldFile = {
  /** `.env.local` */
  name: string;
  file: EnvFile;
  layout: Uint8Array | undefined;
  /** when the layout was stored, RFC 3339 */
  time: string | undefined;
};

export type Everything = {
  project: string;
  folder: string;
  files: OldFile[];
  /** current values by the text of the reference */
  values: Map<string, Held>;
  ignored: IgnoreRecord[];
  /** files like ours that zvault did not write */
  foreign: string[];
};

/** All `.env*.zvault` of the nearest folder that has one, or of this one. Throws `not-found`. */
export function projectFiles(): { folder: string; project: string; files: EnvFile[]; foreign: string[] } {
  const search = { cwd: process.cwd(), home: process.env["HOME"] };
  const folder = findFiles(search)[0]?.folder ?? realpathSync(process.cwd());
  const names = readdirSync(folder).flatMap((name) => (/^\.env(\..+)?\.zvault$/.test(name) ? [name.replace(/\.zvault$/, "")] : []));
  const all = names.toSorted().flatMap((name) => findFiles({ ...search, files: [`${folder}/${name}.zvault`] }));
  const heads = all.map((file) => parseHead(new TextDecoder().decode(file.bytes.subarray(0, 4096))));
  const projects = new Set(heads.flatMap((head) => (head ? [head.project] : [])));
  const [project] = projects;
  if (project === undefined)
    throw new ZvaultError("not-found", `there is no .env.zvault of an import in ${folder}`, { hint: "nothing to eject here" });
  if (projects.size > 1)
    throw new ZvaultError("usage", `the files in ${folder} belong to several projects: ${[...projects].join(", ")}`, {
      hint: "move those of one project to a folder of its own",
    });
  const files = all.filter((_, at) => heads[at]);
  return { folder, project, files, foreign: all.filter((file) => !files.includes(file)).map((file) => file.name) };
}

export async function readEverything(ask: Ask): Promise<Everything> {
  const { folder, project, files, foreign } = projectFiles();
  const paths = files.map((file) => layoutPath(project, file.name.replace(/\.zvault$/, "")));
  const records = await recordVersions(ask, project);
  const first = await heldValues(ask, [...paths.map((path) => ({ path })), ...records]);
  const old: OldFile[] = [];
  for (const [at, file] of files.entries()) {
    const path = paths[at] ?? "";
    const held = first.get(printReference({ path }));
    const layout = held?.state === "live" ? held.bytes : undefined;
    const time =
      layout && (await ask.session.ask("kv.history", { path })).result.versions.find((one) => one.number === held?.version)?.time;
    old.push({ name: file.name.replace(/\.zvault$/, ""), file, layout, time });
  }
  const refs = new Map(old.flatMap((one) => refsOf(one)).map((ref) => [printReference(ref), ref]));
  return {
    project,
    folder,
    files: old,
    values: await heldValues(ask, [...refs.values()]),
    ignored: records.flatMap((ref) => parseRecord(first.get(printReference(ref))?.bytes ?? new Uint8Array()) ?? []),
    foreign,
  };
}

/** Every version that is there: each import adds one. */
async function recordVersions({ session }: Ask, project: string): Promise<Reference[]> {
  const path = recordPath(project);
  try {
    const { versions } = (await session.ask("kv.history", { path })).result;
    return versions.filter((one) => one.state === "live").map((one) => ({ path, version: one.number }));
  } catch (error) {
    if (error instanceof ZvaultError && error.code === "not-found") return [];
    throw error;
  }
}

/** Of the lines, and of the holes. */
export function refsOf({ file, layout }: Pick<OldFile, "file" | "layout">): Ref[] {
  const lines = [...expressionsOf(parse(file.bytes)).values()].flatMap(({ text }) => {
    const value = parseValue(text);
    if (value.kind === "reference") return [value.ref];
    if (value.kind === "plain") return [];
    return value.parts.flatMap((part) => (typeof part === "object" && "ref" in part ? [part.ref] : []));
  });
  return [...lines, ...(layout ? pathsOf(layout).map((path) => ({ path })) : [])];
}

/** The names of other projects of this vault that are still imported: lines of a shared `.gitignore` are theirs, too. */
export async function stillImported(ask: Ask, project: string, root: string): Promise<string[]> {
  const { projects } = (await ask.session.ask("project.list", {})).result;
  return projects
    .filter((one) => one.project !== project && one.project !== "" && hasFiles(`${root}/${one.folder}`))
    .map((one) => one.project);
}

function hasFiles(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => /^\.env(\..+)?\.zvault$/.test(name));
}
