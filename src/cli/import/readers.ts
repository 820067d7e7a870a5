/** What in the project reads the imported files, and what import would do about it: edits, stubs, an override file for compose. */
import { existsSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { assignments } from "../../envfile/document.ts";
import { parse } from "../../envfile/parse.ts";
import { overrideName, printOverride } from "../../readers/compose.ts";
import { findReaders, mayRead } from "../../readers/find.ts";
import { type Edit, type Imported, isImported, join, type Reader, type Source } from "../../readers/reader.ts";
import { applyEdits } from "../../readers/script.ts";
import { readRegular } from "../../sys/regular.ts";
import { isDotenvName } from "./gather.ts";
import { ownFolders } from "./own-folders.ts";
import { labelOf, type Site } from "./site.ts";

export type Fix = { file: string; before: string; after: string };
export type Override = { file: string; text: string };

export type Readers = {
  readers: Reader[];
  /** what `--fix` changes */
  fixes: Fix[];
  overrides: Override[];
  /** labels of the files in whose place a stub is left */
  stubs: string[];
  /** whether a text of these files, which are not ours, holds a value of the import */
  tells(text: string): boolean;
};

const largest = 256 * 1024;
const most = 5000;
/** UTF-16 units of them all */
const mostText = 32 * 1024 * 1024;
/** Where Python projects read their settings, one or two folders down. */
const pythonNames = /^(settings|config|conf|base|main|app|manage|wsgi|asgi|__init__)\.py$/;
const notLooked = /^(\.|node_modules$|vendor$|dist$|build$|venv$|__pycache__$|target$)/;

/** `stub`: true, false, or where a reader needs one. */
export function lookForReaders(start: string, sites: readonly Site[], o: { fix: boolean; stub: boolean | undefined }): Readers {
  const imported = importedOf(sites);
  const sources = sourcesOf(start, sites);
  const { readers: all, compose } = findReaders(sources, imported);
  const readers = all.map((one) => withNodeEnv(one, sites));
  const fixes = o.fix ? fixesOf(sources, imported) : [];
  const fixed = new Set(fixes.map((one) => one.file));
  const left = readers.filter((one) => one.needs && !(fixed.has(one.file) && one.edits !== undefined));
  const labels = sites.flatMap((site) => site.plan.files.map((file) => labelOf(site, file.name)));
  const stubs = o.stub === false ? [] : labels.filter((label) => o.stub === true || left.some((one) => one.reads.includes(label)));
  const secrets = sites.flatMap((site) => site.plan.files.flatMap((file) => file.entries.filter((one) => one.to === "vault")));
  const tells = (text: string): boolean => {
    const bytes = Buffer.from(text);
    return secrets.some((one) => one.value.length >= 6 && bytes.includes(one.value));
  };
  return { readers, fixes, stubs, overrides: overridesOf(start, sites, imported, compose), tells };
}

/** `next build` with NODE_ENV=development in its environment fails; in a .env that line did nothing. */
function withNodeEnv(reader: Reader, sites: readonly Site[]): Reader {
  const holds = sites.some((site) =>
    site.plan.files.some(
      (file) => reader.reads.includes(labelOf(site, file.name)) && file.entries.some((one) => one.key === "NODE_ENV"),
    ),
  );
  if (!reader.setsNodeEnv || !holds) return reader;
  return { ...reader, note: reader.note ?? "it sets NODE_ENV itself, and passed over the line: take it out of the .zvault file" };
}

/** Files of this import, and of earlier ones, whose `.zvault` is there. */
function importedOf(sites: readonly Site[]): Imported {
  return new Map(
    sites.map((site) => {
      const before = site.gathered.names.flatMap((name) => (name.endsWith(".zvault") ? [name.slice(0, -".zvault".length)] : []));
      return [site.label, [...new Set([...site.plan.files.map((file) => file.name), ...before.filter(isDotenvName)])]];
    }),
  );
}

function list(start: string, folder: string): string[] {
  try {
    return readdirSync(folder === "" ? start : `${start}/${folder}`).toSorted();
  } catch {
    return [];
  }
}

function sourcesOf(start: string, sites: readonly Site[]): Source[] {
  const folders = new Map(sites.map((site) => [site.label, site.gathered.names]));
  if (!folders.has("")) folders.set("", list(start, ""));
  const files = [...folders].flatMap(([folder, names]) => {
    const below = (name: string, fits: (name: string) => boolean): string[] =>
      names.includes(name)
        ? list(start, join(folder, name))
            .filter(fits)
            .map((one) => join(folder, `${name}/${one}`))
        : [];
    const python = names.some((name) => /^(manage\.py|pyproject\.toml|requirements.*\.txt|Pipfile|setup\.py)$/.test(name))
      ? names
          .filter((name) => !notLooked.test(name) && !name.includes("."))
          .flatMap((name) => [
            ...below(name, (one) => pythonNames.test(one)),
            ...below(`${name}/settings`, (one) => one.endsWith(".py")),
          ])
      : [];
    return [
      ...names.map((name) => join(folder, name)),
      ...below(".vscode", (one) => one.endsWith(".json")),
      ...below("scripts", () => true),
      ...below("bin", () => true),
      ...(folder === "" && names.includes(".github")
        ? list(start, ".github/workflows").map((one) => `.github/workflows/${one}`)
        : []),
      ...python,
    ].filter(mayRead);
  });
  const own = ownFolders(start);
  let left = mostText;
  return [...new Set(files)].slice(0, most).flatMap((file) => {
    const text = left > 0 && own(dirname(file)) ? read(`${start}/${file}`) : undefined;
    left -= text?.length ?? 0;
    return text === undefined ? [] : [{ file, text }];
  });
}

/** A regular file of ordinary size, as UTF-8; anything else reads nothing of ours. */
function read(path: string): string | undefined {
  const bytes = readRegular(path, largest)?.bytes;
  const text = bytes?.toString("utf8");
  return bytes && text !== undefined && Buffer.from(text).equals(bytes) ? text : undefined;
}

/** All that do not touch each other at once, then anew: the next may lie in what the last ones changed. */
function fixesOf(sources: readonly Source[], imported: Imported): Fix[] {
  return sources.flatMap((source) => {
    let text = source.text;
    for (let round = 0; round < 500; round++) {
      const edits = apart(findReaders([{ file: source.file, text }], imported).readers.flatMap((one) => one.edits ?? []));
      if (edits.length === 0) break;
      text = applyEdits(text, edits);
    }
    return text === source.text ? [] : [{ file: source.file, before: source.text, after: text }];
  });
}

function apart(edits: readonly Edit[]): Edit[] {
  const taken: Edit[] = [];
  for (const edit of edits) if (edit.start >= (taken.at(-1)?.end ?? 0)) taken.push(edit);
  return taken;
}

function overridesOf(
  start: string,
  sites: readonly Site[],
  imported: Imported,
  compose: ReturnType<typeof findReaders>["compose"],
): Override[] {
  const folders = new Map<string, typeof compose>();
  for (const one of compose) {
    const folder = one.file.includes("/") ? one.file.slice(0, one.file.lastIndexOf("/")) : "";
    if (one.services.length > 0) folders.set(folder, [...(folders.get(folder) ?? []), one]);
  }
  return [...folders].flatMap(([folder, files]) => {
    const services = new Map<string, { written: string; path: string }[]>();
    for (const service of files.flatMap((one) => one.services))
      services.set(service.name, [...(services.get(service.name) ?? []), ...service.files]);
    const rows = [...services].map(([name, all]) => ({
      name,
      keep: all.flatMap((one) => (isImported(imported, one.path) ? [] : [one.written])),
      names: [...new Set(all.flatMap((one) => namesOf(start, sites, one.path)))],
    }));
    const bases = files.map((one) => one.file.slice(one.file.lastIndexOf("/") + 1));
    const made = { file: join(folder, overrideName), text: printOverride(bases, rows) };
    return read(`${start}/${made.file}`) === made.text ? [] : [made];
  });
}

/** Variables of an imported file: those of the plan, and those that only its `.zvault` has. */
function namesOf(start: string, sites: readonly Site[], path: string): string[] {
  const planned = sites.flatMap((site) =>
    site.plan.files.flatMap((file) => (labelOf(site, file.name) === path ? file.entries.map((entry) => entry.key) : [])),
  );
  const file = `${start}/${path}.zvault`;
  const before = existsSync(file) ? read(file) : undefined;
  return [...planned, ...(before === undefined ? [] : assignments(parse(Buffer.from(before))).map((one) => one.name))];
}
