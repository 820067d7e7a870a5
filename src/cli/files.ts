/** Files that commands make or change for people: new ones with O_EXCL and 0600, changed ones by a new file and a rename. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { ZvaultError } from "../errors.ts";
import { fileError } from "./errors.ts";

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

/** A file's whole content by way of a temporary one next to it; `replace` allows one that is there. 0600 unless `mode` says otherwise. */
export function writeWhole(path: string, bytes: Uint8Array, o: { replace: boolean; mode?: number }): void {
  const old = lstatSync(path, { throwIfNoEntry: false });
  if (old && !o.replace)
    throw new ZvaultError("would-ask", `${path} exists already`, { hint: "--yes writes over it", names: [path] });
  if (old && !old.isFile()) throw new ZvaultError("unsafe-file", `${path} is no regular file`, { names: [path] });
  if (!existsSync(dirname(resolve(path)))) throw new ZvaultError("not-found", `there is no folder for ${path}`, { names: [path] });
  const temporary = `${dirname(resolve(path))}/.zvault-${Buffer.from(crypto.getRandomValues(new Uint8Array(6))).toString("hex")}`;
  let fd: number;
  try {
    fd = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, o.mode ?? 0o600);
  } catch (error) {
    throw fileError(error, path);
  }
  try {
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
  const { lock } = (await import("proper-lockfile")).default;
  const release = await lock(path, { realpath: false, retries: { retries: 20, minTimeout: 20, maxTimeout: 200 } }).catch(
    (error: unknown) => {
      throw new ZvaultError("changed", `${path} is being changed by another zvault`, {
        hint: `if not, remove ${path}.lock`,
        cause: error,
      });
    },
  );
  try {
    const found = readCommitted(path, largestCommitted);
    const old = found !== undefined;
    const bytes = change(found ?? new Uint8Array());
    if (!bytes) return false;
    writeWhole(path, bytes, { replace: true, mode: old ? statSync(path).mode & 0o777 : 0o666 & ~process.umask() });
    return true;
  } finally {
    await release();
  }
}

/** More than any file of ours or of git holds that we change. */
const largestCommitted = 64 * 1024 * 1024;

/** A file that came with the project, undefined if there is none. Throws `unsafe-file` for a link, a pipe or a device, `too-large`. */
export function readCommitted(path: string, most: number): Uint8Array | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw code === "ELOOP"
      ? new ZvaultError("unsafe-file", `${path} is a symbolic link`, { names: [path] })
      : fileError(error, path);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new ZvaultError("unsafe-file", `${path} is no regular file`, { names: [path] });
    if (stat.size > most) throw new ZvaultError("too-large", `${path} is larger than ${most} bytes`, { names: [path] });
    return readFileSync(fd);
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
