/**
 * `import -r`: every folder below this one that has dotenv files. What belongs to somebody else is passed over and named: another git
 * repository (submodule, clone, worktree), a folder with a vault of its own, another owner. What is made or fetched is not looked into.
 */
import { type Dirent, lstatSync, readdirSync, realpathSync } from "node:fs";
import { ZvaultError } from "../../errors.ts";
import { type Gathered, gatherFolder } from "./gather.ts";

export type Discovery = {
  /** folders with files to import */
  found: Gathered[];
  /** copies that lie in other folders, relative to the start */
  leftovers: string[];
  /** relative to the start */
  passed: { folder: string; why: string }[];
};

/** Made, fetched or cached. Folders that begin with a dot are not looked into either: no project of a monorepo lies in one. */
const skipped = new Set(
  "node_modules bower_components jspm_packages dist build out target vendor venv __pycache__ coverage".split(" "),
);
const deepest = 16;
const most = 100_000;

/** `ignored`: which of these folders (relative to `cwd`) git ignores. Throws `not-found`, `too-large`, `unsafe-file`. */
export function discover(cwd: string, ignored: (folders: string[]) => ReadonlySet<string>): Discovery {
  const top = realpathSync(cwd);
  const owner = lstatSync(top).uid;
  const passed: Discovery["passed"] = [];
  const found: { relative: string; gathered: Gathered }[] = [];
  let seen = 0;
  function walk(relative: string, depth: number): void {
    const folder = relative === "" ? top : `${top}/${relative}`;
    const entries = list(folder, relative, passed);
    seen += entries.length;
    if (seen > most) {
      throw new ZvaultError("too-large", `more than ${most} files below ${top}`, { hint: "start further down, or name the files" });
    }
    if (relative !== "") {
      const why = foreign(entries, lstatSync(folder).uid === owner);
      if (why !== undefined) return void passed.push({ folder: relative, why });
    }
    if (entries.some((one) => one.name.startsWith(".env") || one.name.startsWith("#.env"))) {
      const gathered = gatherFolder(folder, entries);
      if (gathered.files.length + gathered.leftovers.length > 0) found.push({ relative, gathered });
    }
    for (const one of entries) {
      if (!one.isDirectory() || one.name.startsWith(".") || skipped.has(one.name)) continue;
      const below = relative === "" ? one.name : `${relative}/${one.name}`;
      if (depth === deepest) passed.push({ folder: below, why: `deeper than ${deepest} folders` });
      else walk(below, depth + 1);
    }
  }
  walk("", 0);
  const away = ignored(found.map((one) => one.relative).filter((relative) => relative !== ""));
  for (const folder of away) passed.push({ folder, why: "ignored by git" });
  const rest = found.filter((one) => !away.has(one.relative));
  const files = rest.flatMap(({ gathered }) => (gathered.files.length > 0 ? [gathered] : []));
  if (files.length === 0) {
    throw new ZvaultError("not-found", `there is no .env in ${top} or below`, { hint: "name the file: zvault import FILE" });
  }
  const leftovers = rest.flatMap(({ relative, gathered }) =>
    gathered.files.length > 0 ? [] : gathered.leftovers.map((name) => (relative === "" ? name : `${relative}/${name}`)),
  );
  return { found: files, leftovers, passed };
}

function list(folder: string, relative: string, passed: Discovery["passed"]): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    passed.push({ folder: relative === "" ? "." : relative, why: "cannot be read" });
    return [];
  }
}

/** Why a folder is somebody else's. */
function foreign(entries: readonly Dirent[], mine: boolean): string | undefined {
  if (!mine) return "belongs to another user";
  if (entries.some((one) => one.name === ".git")) return "another git repository: import it there";
  if (entries.some((one) => one.name === ".zvault" && one.isDirectory())) return "has a vault of its own: import it there";
  if (entries.some((one) => one.name === "CACHEDIR.TAG" || one.name === "pyvenv.cfg")) return "made by a program";
  return undefined;
}
