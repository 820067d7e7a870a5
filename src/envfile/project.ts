/** Names of projects, and the paths of their variables. A name is bound in the vault at import and never computed again. */
import { ZvaultError } from "../errors.ts";
import { pathProblem } from "../path.ts";

export function isSlug(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,63}$/.test(text);
}

/** `@acme/Web App` → `web-app`; a name with nothing usable → `app`. */
export function slugOf(name: string): string {
  const last = name.slice(name.lastIndexOf("/") + 1).toLowerCase();
  const slug = last
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+/, "")
    .slice(0, 64)
    .replace(/[._-]+$/, "");
  return slug === "" ? "app" : slug;
}

/**
 * A slug that another folder has gets its folder in front: web in services/web → `services-web`, shop in apps/web →
 * `apps-web-shop`. `folder` is relative to the vault's root; in the root itself ("." or "") there is nothing to add.
 */
export function lengthen(slug: string, folder: string): string {
  const parts = folder.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length === 0) return slug;
  const all = parts.map(slugOf);
  if (all.at(-1) !== slug) all.push(slug);
  // the end says more than the beginning
  return slugOf(all.join("-").slice(-64));
}

function refuse(what: string, why: string, names: string[] = []): ZvaultError {
  return new ZvaultError("usage", `${what} cannot be imported: ${why}`, { names });
}

/** `.env` → "", `.env.production.local` → "production.local". Throws `usage` for a name that gives no path. */
export function suffixOf(fileName: string): string {
  if (fileName === ".env") return "";
  const suffix = fileName.startsWith(".env.") ? fileName.slice(".env.".length) : "";
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(suffix)) {
    throw refuse(JSON.stringify(fileName.slice(0, 80)), "the name must be .env or .env.NAME");
  }
  return suffix;
}

/** `.env` → env/shop/KEY, `.env.production.local` → env/shop/production.local/KEY. Throws `usage`, naming the key. */
export function pathFor(project: string, fileName: string, key: string): string {
  const suffix = suffixOf(fileName);
  const path = ["env", project, ...(suffix === "" ? [] : [suffix]), key].join("/");
  const problem = key.includes("/") ? "it has a slash" : pathProblem(path);
  if (problem !== undefined) throw refuse(JSON.stringify(key.slice(0, 80)), `it is no name for a path: ${problem}`, [key]);
  return path;
}

/** Where the layout of a file is kept, as a value of class secret. */
export function layoutPath(project: string, fileName: string): string {
  suffixOf(fileName);
  return `env/${project}/.layout/${fileName}`;
}

/** Contents of the files that name a project, as far as they exist. */
export type ProjectFiles = { packageJson?: string; pyproject?: string; cargo?: string; goMod?: string };

/** `name = "…"` in one of the tables; enough of TOML for a name on its own line. */
function tomlName(text: string, tables: readonly string[]): string | undefined {
  let table = "";
  for (const line of text.split(/\r?\n/)) {
    table = /^\s*\[\s*([^\][]+?)\s*\]/.exec(line)?.[1] ?? table;
    const found = tables.includes(table) ? /^\s*name\s*=\s*(?:"([^"]*)"|'([^']*)')/.exec(line) : null;
    if (found) return found[1] ?? found[2];
  }
  return undefined;
}

function jsonName(text: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const found = typeof parsed === "object" && parsed !== null && "name" in parsed ? parsed.name : undefined;
    return typeof found === "string" ? found : undefined;
  } catch {
    return undefined; // a broken package.json is not our matter
  }
}

/** The name a project gives itself, not yet a slug; undefined if there is none. */
export function projectNameFrom(files: ProjectFiles): string | undefined {
  const found = [
    files.packageJson === undefined ? undefined : jsonName(files.packageJson),
    files.pyproject === undefined ? undefined : tomlName(files.pyproject, ["project", "tool.poetry"]),
    files.cargo === undefined ? undefined : tomlName(files.cargo, ["package"]),
    // example.com/shop/v2 is shop
    /^\s*module\s+"?([^\s"]+)"?/m.exec(files.goMod ?? "")?.[1]?.replace(/\/v\d+$/, ""),
  ];
  return found.find((name) => name !== undefined && /[A-Za-z0-9]/.test(name));
}
