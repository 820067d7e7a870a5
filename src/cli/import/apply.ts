/** What an import changes outside of the vault, once the vault has the values: each file whole or not at all, and all of it reported. */
import { ZvaultError } from "../../errors.ts";
import { toZvaultError } from "../errors.ts";
import type { Session } from "../session.ts";
import type { Around } from "./around.ts";
import { addLines, linesFor } from "./ignore.ts";
import { labelOf, type Site } from "./site.ts";
import type { Stored } from "./store.ts";
import { takeAway, writeReferences } from "./write.ts";

export type Applied = {
  written: string[];
  /** names that only the `.env.zvault` that was there has */
  kept: string[];
  removed: string[];
  gitignore: string[];
  /** taken out of git's index */
  untracked: string[];
  /** tracked, and left to a person */
  stillTracked: string[];
  /** paths that carry the mark now */
  exposed: string[];
  failed: { file: string; error: ZvaultError }[];
};

export type ApplyOptions = {
  /** real path of the folder the import began in */
  start: string;
  keep: boolean;
};

/** Throws what a single file's import throws; with several files a failure is one of the report. */
export async function applySites(session: Session, sites: readonly Site[], around: Around, o: ApplyOptions): Promise<Applied> {
  const done: Applied = {
    written: [],
    kept: [],
    removed: [],
    gitignore: [],
    untracked: [],
    stillTracked: [],
    exposed: await markExposed(session, around),
    failed: [],
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
        done.kept.push(...(await writeReferences(site.folder, file)));
        done.written.push(`${label}.zvault`);
        ready.push({ site, name: file.name, label });
      });
    }
  }
  await attempt(".gitignore", async () => {
    const wanted = sites.map((site) => ({ folder: site.label, names: site.plan.files.map((file) => file.name) }));
    done.gitignore = await addLines(o.start, linesFor(wanted, around.git));
  });
  untrack(around, o.keep, done);
  for (const { site, name, label } of o.keep ? [] : ready) {
    await attempt(label, () => {
      const file = site.gathered.files.find((one) => one.name === name);
      if (file) takeAway(site.folder, file);
      done.removed.push(label);
    });
  }
  for (const site of sites) for (const file of site.gathered.files) file.bytes.fill(0);
  return done;
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
    ...(names.changed.length > 0 ? [`  changed ${names.changed.join(" ")}`] : []),
    ...(done.kept.length > 0 ? [`  kept in ${written}: ${done.kept.join(" ")}`] : []),
    ...(done.removed.length > 0
      ? [`  took away ${done.removed.join(", ")}  `.padEnd(44) + "values and layout are in the vault"]
      : []),
    ...(o.keep ? ["  left the files where they are (--keep): they still hold the values"] : []),
    ...done.failed.map(({ file, error }) => `  NOT DONE ${file}: ${error.message}`),
    ...(done.gitignore.length > 0 ? [`  .gitignore + ${done.gitignore.join(" ")}`] : []),
    ...(done.untracked.length > 0
      ? [`  git rm --cached ${done.untracked.join(" ")}  `.padEnd(44) + "done in the index, not committed"]
      : []),
    ...(done.stillTracked.length > 0 ? [`  still in git, take them out: git rm --cached -- ${done.stillTracked.join(" ")}`] : []),
    ...(done.exposed.length > 0 ? [`  marked as exposed until the next new value: ${last(done.exposed).join(" ")}`] : []),
    `  second copy of the vault, encrypted: ${stored.mirror}`,
    ...(done.removed.length > 0 ? ["  not erased from disk blocks, backups, editor history, earlier git commits"] : []),
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
