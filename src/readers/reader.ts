/**
 * A place in the project that reads a dotenv file: a script, a compose file, a Makefile, an editor's configuration. Pure: texts in, places
 * and the lines to put there out.
 */
import { posix } from "node:path";

/** A file of the project; `file` is relative to where the import began, with "/". */
export type Source = { file: string; text: string };

/** UTF-16 units. What is longer was written by a program, and what looks for patterns in it could take for ever. */
export const longestLine = 2000;

/** One replacement in a source's text, in UTF-16 units. */
export type Edit = { start: number; end: number; text: string };

export type Reader = {
  file: string;
  line: number;
  /** what stands there, on one line */
  what: string;
  /** the line to put there instead */
  put?: string;
  /** a few words where there is nothing to put, or more to say */
  note?: string;
  /** see frameworks.ts */
  setsNodeEnv?: true;
  /** the dotenv files it reads, relative as `file` is */
  reads: string[];
  /** it fails where the file is missing: a stub keeps it going */
  needs: boolean;
  /** changes that are certain enough to be made by `--fix` */
  edits?: Edit[];
};

/** What an import knows: for each folder (relative, "" for the first) the dotenv files it takes, and those it took before. */
export type Imported = ReadonlyMap<string, readonly string[]>;

export function join(folder: string, path: string): string {
  const all = posix.normalize(folder === "" ? path : `${folder}/${path}`);
  return all === "." ? "" : all.replace(/^\.\//, "").replace(/\/$/, "");
}

export function folderOf(file: string): string {
  const folder = posix.dirname(file);
  return folder === "." ? "" : folder;
}

export function isImported(imported: Imported, path: string): boolean {
  return imported.get(folderOf(path))?.includes(posix.basename(path)) ?? false;
}

export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

/** The names that `run` reads by itself, of those that there are; later wins. */
export function usual(names: readonly string[], mode?: string): string[] {
  const wanted = mode === undefined ? [".env", ".env.local"] : [".env", `.env.${mode}`, ".env.local", `.env.${mode}.local`];
  return wanted.filter((name) => names.includes(name));
}

/**
 * Options of `zvault run` that give exactly these files, later wins: none where they are what `run` reads by itself. Paths are relative to
 * the folder the command runs in.
 */
export function optionsFor(paths: readonly string[], folder: string, imported: Imported): string {
  const full = paths.map((path) => join(folder, path));
  const own = usual(imported.get(folder) ?? []).map((name) => join(folder, name));
  if (full.length === own.length && full.every((path, at) => path === own[at])) return "";
  return paths.map((path) => `-f ${path.replace(/^\.\//, "")}.zvault `).join("");
}
