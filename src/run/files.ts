/**
 * Which env files a run reads. A committed file is input, not a friend: only the nearest folder counts, the search ends at the top of
 * the git work tree, at a change of owner and at HOME, and a file must be regular, small, and nobody else's to write.
 */
import { closeSync, constants, existsSync, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, relative, resolve, sep } from "node:path";
import { ZvaultError } from "../errors.ts";

export type EnvFile = {
  /** real path of the folder it is in */
  folder: string;
  name: string;
  /** as messages call it: relative to the working directory where that is short */
  label: string;
  bytes: Uint8Array;
};

export type FileSearch = {
  cwd: string;
  /** HOME of the caller, undefined if not set */
  home: string | undefined;
  /** `-e NAME` */
  env?: string;
  /** `-f FILE`; not empty: these and no others */
  files?: readonly string[];
};

/** Node's own walks the path in JavaScript. */
const realPath = realpathSync.native;
const largest = 1024 * 1024;

/** The names looked for, later wins. */
export function fileNames(env: string | undefined): string[] {
  const named = (suffix: string) => (env === undefined ? [] : [`.env.${env}${suffix}.zvault`]);
  return [".env.zvault", ...named(""), ".env.local.zvault", ...named(".local")];
}

/** In the order in which they win; empty if there is none. Throws `unsafe-file`, `not-found`, `too-large`, `io`. */
export function findFiles(search: FileSearch): EnvFile[] {
  if (search.files !== undefined && search.files.length > 0) {
    return search.files.map((given) => {
      const path = resolve(search.cwd, given);
      const file = readEnvFile(path, given);
      if (!file)
        throw new ZvaultError("not-found", `no file ${given}`, { hint: "-f takes the path of an env file", names: [given] });
      return file;
    });
  }
  const names = fileNames(search.env);
  const folder = nearestFolder(search, names);
  if (folder === undefined) {
    if (search.env === undefined) return [];
    throw new ZvaultError("not-found", `no .env.${search.env}.zvault from ${search.cwd} upwards`, {
      hint: `zvault import .env.${search.env} makes it`,
    });
  }
  const found = names.flatMap((name) => readEnvFile(`${folder}/${name}`, label(search.cwd, folder, name)) ?? []);
  const wanted = search.env === undefined ? [] : [`.env.${search.env}.zvault`, `.env.${search.env}.local.zvault`];
  if (wanted.length > 0 && !found.some((file) => wanted.includes(file.name))) {
    throw new ZvaultError("not-found", `no .env.${search.env}.zvault in ${folder}`, {
      hint: `zvault import .env.${search.env} makes it`,
    });
  }
  return found;
}

function label(cwd: string, folder: string, name: string): string {
  const path = relative(realPath(cwd), folder);
  return path === "" ? name : `${path}/${name}`;
}

/** The nearest folder with one of the files. Throws `unsafe-file` if that is a folder of somebody else above one's own. */
function nearestFolder(search: FileSearch, names: readonly string[]): string | undefined {
  const home = search.home === undefined || !existsSync(search.home) ? undefined : realPath(search.home);
  let folder = realPath(search.cwd);
  const owner = statSync(folder).uid;
  for (;;) {
    const found = names.find((name) => entryExists(`${folder}/${name}`));
    if (statSync(folder).uid !== owner) {
      if (found === undefined) return undefined;
      throw new ZvaultError("unsafe-file", `${folder}/${found} is in a folder of another owner than ${search.cwd}`, {
        hint: `if you trust it: zvault run -f ${folder}/${found} -- CMD`,
      });
    }
    if (found !== undefined) return folder;
    const parent = dirname(folder);
    if (parent === folder || folder === home || existsSync(`${folder}/.git`)) return undefined;
    folder = parent;
  }
}

/** True for dangling links too: they are refused, not passed over. */
function entryExists(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    return !["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
}

/** undefined if there is none. */
function readEnvFile(path: string, shown: string): EnvFile | undefined {
  const unsafe = (why: string, hint: string) => new ZvaultError("unsafe-file", `${shown} ${why}`, { hint, names: [shown] });
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "ELOOP") throw unsafe("is a symbolic link", "an env file must be a regular file");
    if (code === "ENXIO") throw unsafe("is no regular file", "an env file must be a regular file");
    throw new ZvaultError("io", `${shown} cannot be read: ${code ?? "unknown error"}`, { cause: error });
  }
  try {
    const stat = fstatSync(fd);
    const uid = process.geteuid?.() ?? 0;
    if (!stat.isFile()) throw unsafe("is no regular file", "an env file must be a regular file");
    if (stat.uid !== uid && stat.uid !== 0)
      throw unsafe(`belongs to user ${stat.uid}, not to you`, "run as that user, or make a copy of your own");
    if ((stat.mode & 0o002) !== 0) throw unsafe("can be written by everybody", `chmod o-w ${shown}`);
    if (stat.size > largest) throw new ZvaultError("too-large", `${shown} is larger than 1 MiB`, { hint: "is it an env file?" });
    const bytes = readWhole(fd, stat.size, shown);
    const folder = realPath(dirname(path));
    return { folder, name: basename(path), label: shown.startsWith(`.${sep}`) ? shown.slice(2) : shown, bytes };
  } finally {
    closeSync(fd);
  }
}

/** A room as large as the file is; 1 MiB for each costs a millisecond. */
function readWhole(fd: number, size: number, shown: string): Uint8Array {
  const bytes = new Uint8Array(size + 1);
  let length = 0;
  for (;;) {
    const got = readSync(fd, bytes, length, bytes.length - length, null);
    if (got === 0) return bytes.slice(0, length);
    length += got;
    if (length > size) throw new ZvaultError("io", `${shown} grew while it was read`, { hint: "run it again" });
  }
}
