/** What an import changes outside of the vault, once the vault has the values: each file whole or not at all, and all of it reported. */
import { dirname } from "node:path";
import { stub } from "../../envfile/stub.ts";
import { ZvaultError } from "../../errors.ts";
import { overrideHead } from "../../readers/compose.ts";
import { typedFolder } from "../../signs/refusal.ts";
import { toZvaultError } from "../errors.ts";
import { changeFile, writeWhole } from "../files.ts";
import type { Session } from "../session.ts";
import type { Around } from "./around.ts";
import { addLines, linesFor } from "./ignore.ts";
import type { Fix, Override, Readers } from "./readers.ts";
import { labelOf, type Site } from "./site.ts";
import type { Stored } from "./store.ts";
import { type Difference, takeAway, writeReferences } from "./write.ts";

export type Applied = {
  written: string[];
  /** of files that were imported before: names that are new, whose readable value is another, and that are not there any more */
  again: Difference | undefined;
  removed: string[];
  gitignore: string[];
  /** taken out of git's index */
  untracked: string[];
  /** tracked, and left to a person */
  stillTracked: string[];
  /** paths that carry the mark now */
  exposed: string[];
  failed: { file: string; error: ZvaultError }[];
  /** files that `--fix` changed */
  fixed: string[];
  /** override files for compose */
  overrides: string[];
  /** left with a comment only */
  stubs: string[];
};

export type ApplyOptions = {
  /** real path of the folder the import began in */
  start: string;
  keep: boolean;
  readers: Readers;
};

/** Throws what a single file's import throws; with several files a failure is one of the report. */
export async function applySites(session: Session, sites: readonly Site[], around: Around, o: ApplyOptions): Promise<Applied> {
  const done: Applied = {
    written: [],
    again: undefined,
    removed: [],
    gitignore: [],
    untracked: [],
    stillTracked: [],
    exposed: await markExposed(session, around),
    failed: [],
    fixed: [],
    overrides: [],
    stubs: [],
  };
  const alone = sites.length === 1 && sites[0]?.plan.files.length === 1;
  const ready: { site: Site; name: string; label: string }[] = [];
  const attempt = async (label: string, act: () => Promise<void> | void): Promise<void> => {
    try {
      await act();
    } catch (error) {
      if (alone) throw error;
      done.failed.push({ file: label, error: toZvaultError(error) });
    }
  };
  for (const site of sites) {
    for (const file of site.plan.files) {
      const label = labelOf(site, file.name);
      await attempt(label, async () => {
        note(done, await writeReferences(site.folder, file));
        done.written.push(`${label}.zvault`);
        ready.push({ site, name: file.name, label });
      });
    }
  }
  await attempt(".gitignore", async () => {
    const wanted = sites.map((site) => ({ folder: site.label, names: site.plan.files.map((file) => file.name) }));
    done.gitignore = await addLines(o.start, linesFor(wanted, around.git));
  });
  for (const one of o.readers.overrides) {
    await attempt(one.file, async () => {
      if (await writeOverride(o.start, one)) done.overrides.push(one.file);
    });
  }
  for (const one of o.keep ? [] : o.readers.fixes) {
    await attempt(one.file, async () => {
      await writeFix(o.start, one);
      done.fixed.push(one.file);
    });
  }
  untrack(around, o.keep, done);
  for (const { site, name, label } of o.keep ? [] : ready) {
    await attempt(label, () => {
      const file = site.gathered.files.find((one) => one.name === name);
      if (!file) return;
      takeAway(site.folder, file);
      done.removed.push(label);
      if (!o.readers.stubs.includes(label)) return;
      writeWhole(`${site.folder}/${name}`, Buffer.from(stub), { replace: false, mode: file.stat.mode & 0o777 });
      done.stubs.push(label);
    });
  }
  for (const site of sites) for (const file of site.gathered.files) file.bytes.fill(0);
  return done;
}

/** Throws `changed` where the file is not what was read for the plan. */
async function writeFix(start: string, { file, before, after }: Fix): Promise<void> {
  await changeFile(`${start}/${file}`, (bytes) => {
    if (!Buffer.from(bytes).equals(Buffer.from(before)))
      throw new ZvaultError("changed", `${file} changed while it was imported; it was left as it is`, { names: [file] });
    return Buffer.from(after);
  });
}

/** Throws `unsafe-file` for a file of that name that we did not write. */
async function writeOverride(start: string, { file, text }: Override): Promise<boolean> {
  return changeFile(`${start}/${file}`, (bytes) => {
    if (bytes.length > 0 && !Buffer.from(bytes).toString("utf8").startsWith(overrideHead))
      throw new ZvaultError("unsafe-file", `${file} is there and was not written by zvault`, { names: [file] });
    return Buffer.from(bytes).equals(Buffer.from(text)) ? undefined : Buffer.from(text);
  });
}

/** The values that git has are known to others; marked until the next new value. */
async function markExposed(session: Session, around: Around): Promise<string[]> {
  const paths = [...around.facts.values()].flatMap((one) => one.exposed.map((secret) => secret.path));
  if (paths.length > 0) await session.ask("kv.expose", { paths });
  return paths;
}

function untrack(around: Around, keep: boolean, done: Applied): void {
  const tracked = [...around.facts.values()].filter((one) => one.tracked).map((one) => one.label);
  if (tracked.length === 0 || !around.git) return;
  const mine = !keep && around.git.own && around.git.untrack(tracked);
  (mine ? done.untracked : done.stillTracked).push(...tracked);
}

/** What a person reads when it is done. */
export function appliedLines(done: Applied, stored: Stored, o: { keep: boolean }): string[] {
  const names = namesOf(stored);
  const written = done.written.join(", ");
  return [
    ...(done.written.length > 0 ? [`  wrote ${written}  `.padEnd(44) + "commit these; they hold no secret"] : []),
    ...againLines(done.again, names),
    ...(done.removed.length > 0
      ? [`  took away ${done.removed.join(", ")}  `.padEnd(44) + "values and layout are in the vault"]
      : []),
    ...(o.keep ? ["  left the files where they are (--keep): they still hold the values"] : []),
    ...(done.stubs.length > 0 ? [`  left ${done.stubs.join(", ")} with a comment only`] : []),
    ...(done.fixed.length > 0 ? [`  changed ${done.fixed.join(", ")}`] : []),
    ...(done.overrides.length > 0 ? [`  wrote ${done.overrides.join(", ")}  `.padEnd(44) + "names only; commit it"] : []),
    ...done.failed.map(({ file, error }) => `  NOT DONE ${file}: ${error.message}`),
    ...(done.gitignore.length > 0 ? [`  .gitignore + ${done.gitignore.join(" ")}`] : []),
    ...(done.untracked.length > 0
      ? [`  git rm --cached ${done.untracked.join(" ")}  `.padEnd(44) + "done in the index, not committed"]
      : []),
    ...(done.stillTracked.length > 0 ? [`  still in git, take them out: git rm --cached -- ${done.stillTracked.join(" ")}`] : []),
    ...(done.exposed.length > 0 ? [`  marked as exposed until the next new value: ${last(done.exposed).join(" ")}`] : []),
    `  second copy, encrypted: ${typedFolder(dirname(stored.mirror), process.env["HOME"])}  `.padEnd(44) + "zvault backup list",
    ...(done.removed.length > 0 ? ["  not erased from disk blocks, backups, editor history, earlier git commits"] : []),
  ];
}

function note(done: Applied, one: Difference | undefined): void {
  if (!one) return;
  done.again ??= { added: [], changed: [], gone: [] };
  done.again.added.push(...one.added);
  done.again.changed.push(...one.changed);
  done.again.gone.push(...one.gone);
}

/** What is another than at the import before, by name. A secret that came back by another file's import has no line here. */
function againLines(again: Difference | undefined, names: { changed: string[]; same: string[] }): string[] {
  const line = (word: string, all: readonly string[]): string[] =>
    all.length > 0 ? [`  ${word} ${[...new Set(all)].join(" ")}`] : [];
  return [
    ...line("new", again?.added ?? []),
    ...line("changed", [...names.changed, ...(again?.changed ?? [])]),
    ...(again ? line("as before", names.same) : []),
    ...line("not in the file any more, kept in the vault and its .zvault file:", again?.gone ?? []),
  ];
}

function last(paths: readonly string[]): string[] {
  return paths.map((path) => path.split("/").at(-1) ?? path);
}

/** Variables only, no layouts. */
export function namesOf(stored: Stored): { created: string[]; changed: string[]; same: string[] } {
  const names = (paths: string[]): string[] => last(paths.filter((path) => !path.includes("/.layout/")));
  return { created: names(stored.created), changed: names(stored.changed), same: names(stored.same) };
}
