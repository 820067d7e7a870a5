/** Files that commands make or change for people: new ones with O_EXCL and 0600, changed ones by a new file and a rename. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { ZvaultError } from "../errors.ts";
import { fileError, notRegular } from "../file-error.ts";

/** Far more than an env file or a .gitignore is. */
const largest = 64 * 1024 * 1024;

/** A new file of ours, 0600. Throws `would-ask` if there is one. */
export function createPrivate(path: string): number {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** All bytes, synced. Closes the descriptor. */
export function fillFile(fd: number, bytes: Uint8Array, path: string): void {
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done);
    fsyncSync(fd);
  } catch (error) {
    throw fileError(error, path);
  } finally {
    closeSync(fd);
  }
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw fileError(error, path);
  }
}

/** A file's whole content by way of a temporary one next to it; `replace` allows one that is there. 0600 unless `mode` says otherwise. */
export function writeWhole(path: string, bytes: Uint8Array, o: { replace: boolean; mode?: number }): void {
  if (path === "") throw new ZvaultError("usage", "a file needs a name");
  const old = lookAt(path);
  if (old && !old.isFile()) throw notRegular(path);
  if (old && !o.replace)
    throw new ZvaultError("would-ask", `${path} exists already`, { hint: "--yes writes over it", names: [path] });
  if (!existsSync(dirname(resolve(path)))) throw new ZvaultError("not-found", `there is no folder for ${path}`, { names: [path] });
  const temporary = `${dirname(resolve(path))}/.zvault-${Buffer.from(crypto.getRandomValues(new Uint8Array(6))).toString("hex")}`;
  let fd: number;
  try {
    fd = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, o.mode ?? 0o600);
  } catch (error) {
    throw fileError(error, path);
  }
  try {
    // the umask took some of it away
    if (o.mode !== undefined) fchmodSync(fd, o.mode);
    fillFile(fd, bytes, path);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileError(error, path);
  }
  const folder = openSync(dirname(resolve(path)), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Changes a file that is meant for git (`.env.zvault`): under a lock, keeping its mode. `change` gets the bytes ("" for a new file) and
 * returns others, or undefined to leave it.
 */
export async function changeFile(path: string, change: (bytes: Uint8Array) => Uint8Array | undefined): Promise<boolean> {
  const folder = dirname(resolve(path));
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileError(error, folder);
  }
  const { lock } = (await import("proper-lockfile")).default;
  const release = await lock(path, { realpath: false, retries: { retries: 20, minTimeout: 20, maxTimeout: 200 } }).catch(
    (error: unknown) => {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM"].includes(code)) throw fileError(error, path);
      throw new ZvaultError("changed", `${path} is being changed by another zvault`, {
        hint: `if not, remove ${path}.lock`,
        cause: error,
      });
    },
  );
  try {
    const old = readProjectFile(path);
    const bytes = change(old?.bytes ?? new Uint8Array());
    if (!bytes) return false;
    writeWhole(path, bytes, { replace: true, mode: old ? old.mode : 0o666 & ~process.umask() });
    return true;
  } finally {
    await release();
  }
}

/** A file that came with the project, undefined if there is none. Throws `unsafe-file` for a link, a pipe or a device, `too-large`. */
export function readCommitted(path: string, most: number): Uint8Array | undefined {
  return readProject(path, most, () => {})?.bytes;
}

/**
 * A file of the project that is to be changed: regular, ours (or root's), not others' to write. undefined when there is none. Throws
 * `unsafe-file`, `too-large`.
 */
export function readProjectFile(path: string): { bytes: Uint8Array; mode: number } | undefined {
  return readProject(path, largest, ({ uid, mode }) => {
    const unsafe = (why: string, hint: string) => new ZvaultError("unsafe-file", `${path} ${why}`, { hint, names: [path] });
    if (uid !== process.geteuid?.() && uid !== 0)
      throw unsafe(`belongs to user ${uid}, not to you`, "run as that user, or make a copy of your own");
    if ((mode & 0o002) !== 0) throw unsafe("can be written by everybody", `chmod o-w ${path}`);
  });
}

function readProject(path: string, most: number, check: (stat: Stats) => void): { bytes: Uint8Array; mode: number } | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw fileError(error, path);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw notRegular(path);
    check(stat);
    if (stat.size > most) throw new ZvaultError("too-large", `${path} is larger than ${most} bytes`, { names: [path] });
    return { bytes: readFileSync(fd), mode: stat.mode & 0o777 };
  } catch (error) {
    throw fileError(error, path);
  } finally {
    closeSync(fd);
  }
}

/** A folder for secrets: made 0700 if it is not there. */
export function makePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error, path);
  }
}
