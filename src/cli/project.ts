/**
 * The project at hand: which folder, which env files, which slug. A bare NAME in a command means the reference that `run` with the same
 * -e and -f would use (last file wins), and where there is none `env/<project>/NAME`.
 */
import { realpathSync } from "node:fs";
import { basename } from "node:path";
import type { ProjectInfo } from "../calls/vault.ts";
import { expressionsOf } from "../envfile/document.ts";
import { parseHead } from "../envfile/head.ts";
import { parse } from "../envfile/parse.ts";
import { lengthen, pathFor, projectNameFrom, slugOf } from "../envfile/project.ts";
import { parseReference, parseValue, type Ref } from "../envfile/reference.ts";
import { ZvaultError } from "../errors.ts";
import { folderBelow } from "../folder.ts";
import { parsePath } from "../path.ts";
import { fileNames, findFiles, type EnvFile } from "../run/files.ts";
import { nearest } from "../run/nearest.ts";
import { readCommitted } from "./files.ts";
import type { Session } from "./session.ts";

export type FileFlags = {
  env?: string | undefined;
  files?: readonly string[] | undefined;
  /** the file of `env` need not be there yet */
  fresh?: boolean;
};

/** Where a name is defined in the env files. */
type Definition = { text: string; file: EnvFile; line: number };

export type Target = {
  ref: Ref;
  /** the bare name as typed, undefined for a path */
  name?: string;
  /** "file:line" of the line that holds the reference, undefined if no file has the name */
  place?: string;
};

export class Project {
  /** real path; the nearest folder with env files, else the one that holds the vault */
  readonly folder: string;
  /** relative to the folder that holds `.zvault`, "." for that folder itself; undefined for a folder elsewhere, as a second clone is */
  readonly relative: string | undefined;
  readonly slug: string;
  /** the vault knows that `slug` belongs to `relative` */
  readonly bound: boolean;
  readonly files: readonly EnvFile[];
  /** The file that `set` adds a new name to. */
  readonly fileName: string;
  readonly #names: ReadonlyMap<string, Definition>;

  private constructor(o: Pick<Project, "folder" | "relative" | "slug" | "bound" | "files" | "fileName">) {
    this.folder = o.folder;
    this.relative = o.relative;
    this.slug = o.slug;
    this.bound = o.bound;
    this.files = o.files;
    this.fileName = o.fileName;
    this.#names = definitions(o.files);
  }

  /** Throws `sealed`, `usage`, `not-found`, `unsafe-file`. */
  static async open(session: Session, flags: FileFlags = {}): Promise<Project> {
    const found = session.vault();
    const { files, missing } = filesOf(flags);
    const folder = files[0]?.folder ?? found.root;
    const below = folderBelow(found, folder);
    const { projects } = (await session.ask("project.list", {})).result;
    const head = files.map((file) => headOf(file)).find((one) => one !== undefined);
    const mine = projects.filter((one) => one.folder === below);
    const slug = head ?? mine.find((one) => one.project !== "")?.project ?? freshSlug(folder, below, projects);
    // a new file of an environment: what the others define is not what is meant
    const bound = below !== undefined && mine.some((one) => one.project === slug);
    const given = (flags.files?.length ?? 0) > 0 ? files.at(-1)?.name : undefined;
    const fileName = given ?? fileNames(flags.env).at(flags.env === undefined ? 0 : 1) ?? ".env.zvault";
    return new Project({ folder, relative: below, slug, bound, files: missing ? [] : files, fileName });
  }

  /** Names of the env files, in their order. */
  get names(): string[] {
    return [...this.#names.keys()];
  }

  /** NAME, `/a/b`, `a/b`, `zvault://…`. Throws `usage`, also for a name that is a readable setting of a file. */
  target(typed: string): Target {
    if (isPath(typed)) return { ref: refOf(typed) };
    // dotenv drops __proto__
    if (!/^[A-Za-z0-9._-]{1,128}$/.test(typed) || typed === "__proto__") {
      throw new ZvaultError("usage", `${spelled(typed)} is no name`, {
        hint: "letters, digits, . _ -; or a path: /env/shop/NAME",
      });
    }
    const found = this.#names.get(typed);
    if (!found) return { ref: { path: pathFor(this.slug, this.fileName.replace(/\.zvault$/, ""), typed) }, name: typed };
    const place = `${found.file.label}:${found.line}`;
    const value = parseValue(found.text);
    if (value.kind === "reference") return { ref: value.ref, name: typed, place };
    if (value.kind === "plain") {
      throw new ZvaultError("usage", `${typed} is a setting: it is readable in ${place}`, {
        hint: `edit ${place}`,
        names: [typed],
      });
    }
    throw new ZvaultError("usage", `${typed} is put together from several values in ${place}`, {
      hint: "name the one you mean by its path",
      names: [typed],
    });
  }

  /**
   * For commands that change what a bare name stands for: a committed file decides that, so it must be a value of this folder's own
   * project. Throws `not-bound`.
   */
  own(typed: string): Target {
    const target = this.target(typed);
    const { path } = target.ref;
    if (target.place === undefined || (this.relative !== undefined && path.startsWith(`env/${this.slug}/`))) return target;
    throw new ZvaultError("not-bound", `${typed} stands for another project's value in ${target.place}: ${path}`, {
      hint: `if you mean that one, name it by its path: /${path}`,
      names: [path],
    });
  }

  /** "did you mean …", for a name that is in no file and in no vault. */
  async suggest(session: Session, name: string): Promise<string | undefined> {
    const { secrets } = (await session.ask("kv.list", { prefix: `env/${this.slug}/` })).result;
    const names = new Set([...this.names, ...secrets.map((one) => one.path.split("/").at(-1) ?? "")]);
    const close = nearest(name, [...names]);
    return close === undefined ? "zvault ls" : `did you mean ${close}?`;
  }
}

/** Only ASCII: a full-width letter or a no-break space looks as if nothing were wrong. */
function spelled(typed: string): string {
  return JSON.stringify(typed.slice(0, 40)).replace(
    /[^\x20-\x7e]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** True for what names a place in the vault, not a variable. */
export function isPath(typed: string): boolean {
  return typed.includes("/");
}

/** `zvault://PATH#field?version=2`, `/PATH#field`. */
export function refOf(typed: string): Ref {
  if (typed.startsWith("zvault://")) return parseReference(typed);
  const [path = "", field, ...more] = typed.split("#");
  if (more.length > 0) throw new ZvaultError("usage", "a path has one #field at most");
  return { path: parsePath(path), ...(field === undefined ? {} : { field }) };
}

/** `missing`: the file of `flags.env` is not there yet; `files` are then those that `run` would read without it. */
function filesOf(flags: FileFlags): { files: EnvFile[]; missing: boolean } {
  const search = { cwd: process.cwd(), home: process.env["HOME"] };
  const { env, files } = flags;
  try {
    return {
      files: findFiles({ ...search, ...(env === undefined ? {} : { env }), ...(files === undefined ? {} : { files }) }),
      missing: false,
    };
  } catch (error) {
    if (!(error instanceof ZvaultError) || error.code !== "not-found" || flags.fresh !== true || env === undefined) throw error;
    return { files: findFiles(search), missing: true };
  }
}

function headOf(file: EnvFile): string | undefined {
  return parseHead(new TextDecoder("utf-8", { ignoreBOM: true }).decode(file.bytes.subarray(0, 4096)))?.project;
}

function definitions(files: readonly EnvFile[]): Map<string, Definition> {
  const found = new Map<string, Definition>();
  for (const file of files) for (const [name, one] of expressionsOf(parse(file.bytes))) found.set(name, { ...one, file });
  return found;
}

const largestManifest = 4 * 1024 * 1024;

/** As import names a project that has no name yet: from its own files, else its folder; one that is taken gets its path in front. */
export function freshSlug(folder: string, below: string | undefined, projects: readonly ProjectInfo[]): string {
  const read = (name: string): string | undefined => {
    try {
      const bytes = readCommitted(`${folder}/${name}`, largestManifest);
      return bytes && Buffer.from(bytes).toString("utf8");
    } catch {
      return undefined; // a link to /dev/zero, a pipe: it names nothing
    }
  };
  const files = {
    packageJson: read("package.json"),
    pyproject: read("pyproject.toml"),
    cargo: read("Cargo.toml"),
    goMod: read("go.mod"),
  };
  const given = Object.fromEntries(Object.entries(files).filter(([, text]) => text !== undefined));
  const slug = slugOf(projectNameFrom(given) ?? basename(realpathSync(folder)));
  const taken = (name: string) => projects.some((one) => one.project === name && one.folder !== below);
  return taken(slug) ? lengthen(slug, below ?? ".") : slug;
}
