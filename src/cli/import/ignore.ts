/**
 * `.gitignore`: exactly the imported names and the two that hold one person's values; never `.env.*`, which would hide `.env.example`. A
 * pattern that ignores a name already is respected; one that hides `.env.zvault` too gets an exception, since that file is to be committed.
 */
import { changeFile } from "../files.ts";
import type { Git } from "./git.ts";

const always = [".env.local", ".env.*.local"];

export type Wanted = {
  /** relative to the folder that `git` looks at, "" for itself */
  folder: string;
  names: readonly string[];
};

/**
 * Lines to add to the `.gitignore` of `root`; a name without a slash counts in every folder below. Names that a `.gitignore` further
 * down brings back cannot be ignored from here: `ignoredAfter` finds them.
 */
export function linesFor(wanted: readonly Wanted[], git: Git | undefined): string[] {
  const at = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`);
  const hide = new Map<string, string[]>();
  const show = new Map<string, string[]>();
  for (const { folder, names } of wanted) {
    for (const name of [...names, ...always]) {
      const path = at(folder, name.replace("*", "any"));
      hide.set(name, [...(hide.get(name) ?? []), path]);
    }
    for (const name of names) show.set(`${name}.zvault`, [...(show.get(`${name}.zvault`) ?? []), at(folder, `${name}.zvault`)]);
  }
  const patterns = git?.ignored([...hide.values(), ...show.values()].flat());
  if (!patterns) return [...hide.keys()];
  // a person's own excludes do not hide the file in another clone
  const hidden = (path: string): boolean => isShared(patterns.get(path)?.source);
  return [
    ...[...hide].flatMap(([name, paths]) => (paths.every(hidden) ? [] : [name])),
    ...[...show].flatMap(([name, paths]) => (paths.some((path) => patterns.has(path)) ? [`!${name}`] : [])),
  ];
}

function isShared(source: string | undefined): boolean {
  return source !== undefined && (source === ".gitignore" || source.endsWith("/.gitignore")) && !source.startsWith("/");
}

/** Adds the lines that are not there yet; the file's own line ends are kept. Returns what was added. */
export async function addLines(folder: string, wanted: readonly string[]): Promise<string[]> {
  const added: string[] = [];
  if (wanted.length === 0) return added;
  await changeFile(`${folder}/.gitignore`, (old) => {
    added.length = 0;
    const text = Buffer.from(old).toString("latin1");
    const lines = new Set(text.split(/\r?\n/).map((line) => line.trim()));
    added.push(...wanted.filter((name) => !lines.has(name) && !lines.has(`/${name}`)));
    if (added.length === 0) return undefined;
    const eol = text.includes("\r\n") ? "\r\n" : "\n";
    const end = text === "" || text.endsWith("\n") ? "" : eol;
    return Buffer.from(`${text}${end}${added.join(eol)}${eol}`, "latin1");
  });
  return added;
}
