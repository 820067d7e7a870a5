/**
 * The one seam through which log, keys, heads and audit touch the disk. Tests put faults and recorders here (test/crash/); nothing
 * else of the vault is ever faked. Writes are synchronous, so that "decide, reserve and append" is one step; syncs are not.
 *
 * Every file is opened with O_NOFOLLOW and then looked at: regular, ours, one name, nobody else's to read or write.
 */
import * as fs from "node:fs";
import { ZvaultError } from "../errors.ts";
import { tryLock } from "../sys/flock.ts";

/** `shared`: as "read-write", of a file that others may have been let into, by its mode or by a second name. */
export type OpenMode = "read" | "read-write" | "shared" | "append-read-write" | "create-exclusive" | "create-or-open";

export type FileStat = { dev: string; ino: string; size: number; changed: Date; kind: "file" | "folder" | "other" };

export type Io = {
  open(path: string, mode: OpenMode): number;
  /** Bytes read, 0 at the end. */
  read(fd: number, into: Uint8Array, position: number): number;
  /** Bytes written, maybe fewer than asked. A file opened for appending takes them at its end whatever `position` says. */
  write(fd: number, from: Uint8Array, position: number): number;
  size(fd: number): number;
  identity(fd: number): { dev: string; ino: string };
  datasync(fd: number): Promise<void>;
  sync(fd: number): Promise<void>;
  syncFolder(path: string): Promise<void>;
  truncate(fd: number, length: number): void;
  close(fd: number): void;
  rename(from: string, to: string): void;
  link(from: string, to: string): void;
  /** A file that is not there is fine. */
  remove(path: string): void;
  /** Of a real folder, ours, that nobody else may write into. */
  list(path: string): string[];
  /** 0700, parents too, on disk when this returns; one that is there already is fine if it is ours and private. */
  makeFolder(path: string): void;
  removeFolder(path: string): void;
  /** Of the path itself: a symbolic link is not followed. undefined: nothing there. */
  stat(path: string): FileStat | undefined;
  /** Exclusive advisory lock, without waiting; freed when the descriptor is closed, by death too. */
  lock(fd: number): boolean;
};

const { O_RDONLY, O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = fs.constants;

// O_NONBLOCK: a FIFO in the place of a file must not hang the open; it has no effect on regular files
const flags: Record<OpenMode, number> = {
  read: O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
  "read-write": O_RDWR | O_NOFOLLOW | O_NONBLOCK,
  shared: O_RDWR | O_NOFOLLOW | O_NONBLOCK,
  "append-read-write": O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK,
  "create-exclusive": O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
  "create-or-open": O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK,
};

/** What a person does about a file that is not as it should be. */
const hints = {
  link: (path: string) => `put the file itself there; \`ls -l ${path}\` shows where the link leads`,
  kind: (path: string) => `\`ls -ld ${path}\` shows what it is; move it away (a lost vault: \`zvault backup restore\`)`,
  permission: (path: string) => `\`ls -ld ${path}\` shows whose it is; zvault runs as the user it belongs to`,
  owner: (path: string) => `run zvault as that user, without sudo; if it is yours: sudo chown $USER ${path}`,
  mode: (path: string) => `chmod 600 ${path}`,
  second: (path: string) => `give it one name again: cp -p ${path} ${path}.copy && mv ${path}.copy ${path}`,
};

/** An errno error as one of ours; `what` names the place. */
export function ioError(cause: unknown, what: string): ZvaultError {
  if (cause instanceof ZvaultError) return cause;
  const errno = (cause as NodeJS.ErrnoException | undefined)?.code ?? "EIO";
  switch (errno) {
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return new ZvaultError("disk-full", `the disk is full (${errno}): ${what}`, { hint: "free some space and try again", cause });
    case "EROFS":
      return new ZvaultError("read-only", `the disk is read-only: ${what}`, { hint: "mount it writable and try again", cause });
    case "ENOTDIR":
      return new ZvaultError("unsafe-file", `something on the way to ${what} is no folder`, {
        hint: hints.permission(what),
        cause,
      });
    case "ENOENT":
      return new ZvaultError("gone", `not there: ${what}`, { cause });
    case "ELOOP":
    case "EMLINK":
      return new ZvaultError("unsafe-file", `a symbolic link stands in place of ${what}`, { hint: hints.link(what), cause });
    case "EISDIR":
    case "ENXIO":
      return new ZvaultError("unsafe-file", `${what} is not a regular file`, { hint: hints.kind(what), cause });
    case "EACCES":
    case "EPERM":
      return new ZvaultError("unsafe-file", `no permission: ${what}`, { hint: hints.permission(what), cause });
    default:
      return new ZvaultError("io", `${errno} at ${what}`, { cause });
  }
}

function guarded<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw ioError(cause, what);
  }
}

function synced(what: string, act: (done: (failure: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    act((failure) => (failure ? reject(ioError(failure, what)) : resolve()));
  });
}

function checkOpened(fd: number, path: string, mode: OpenMode): void {
  const found = fs.fstatSync(fd);
  const refuse = (why: string, hint: string): never => {
    throw new ZvaultError("unsafe-file", `${path} ${why}`, { hint });
  };
  if (!found.isFile()) refuse("is not a regular file", hints.kind(path));
  if (found.uid !== process.geteuid?.()) refuse("belongs to another user (was sudo used?)", hints.owner(path));
  if (mode === "shared") return;
  if ((found.mode & 0o077) !== 0)
    refuse(`can be read or written by others (mode ${(found.mode & 0o777).toString(8)})`, hints.mode(path));
  if (found.nlink > 1) refuse("has a second name (hard link)", hints.second(path));
}

/** Of what is open: a full disk is told with the file's name. */
const paths = new Map<number, string>();

function open(path: string, mode: OpenMode): number {
  const fd = guarded(path, () => fs.openSync(path, flags[mode], 0o600));
  try {
    checkOpened(fd, path, mode);
    paths.set(fd, path);
    return fd;
  } catch (cause) {
    fs.closeSync(fd);
    throw ioError(cause, path);
  }
}

function pathOf(fd: number): string {
  return paths.get(fd) ?? "an open file";
}

/** A folder whose name is lost in a crash takes with it whatever was synced inside. */
function makeMissing(path: string): void {
  if (fs.existsSync(path)) return;
  const parent = folderOf(path);
  makeMissing(parent);
  fs.mkdirSync(path, { mode: 0o700 });
  const fd = fs.openSync(parent, O_RDONLY | O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function makeFolder(path: string): void {
  guarded(path, () => makeMissing(path));
  checkFolder(path);
}

/** Whoever may write into a folder may put another file in the place of one of ours. */
function checkFolder(path: string): void {
  const refuse = (why: string, hint: string): never => {
    throw new ZvaultError("unsafe-file", `${path} ${why}`, { hint });
  };
  const found = guarded(path, () => fs.lstatSync(path));
  if (found.isSymbolicLink()) refuse("is a symbolic link in place of a folder", hints.link(path));
  if (!found.isDirectory()) refuse("is not a folder", hints.kind(path));
  if (found.uid !== process.geteuid?.()) refuse("belongs to another user (was sudo used?)", hints.owner(path));
  if ((found.mode & 0o022) !== 0) refuse("is a folder that others may write into", `chmod 700 ${path}`);
}

function list(path: string): string[] {
  checkFolder(path);
  return guarded(path, () => fs.readdirSync(path));
}

function stat(path: string): FileStat | undefined {
  try {
    const found = fs.lstatSync(path, { bigint: true });
    const kind = found.isFile() ? "file" : found.isDirectory() ? "folder" : "other";
    return { dev: String(found.dev), ino: String(found.ino), size: Number(found.size), changed: found.mtime, kind };
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code;
    if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
    throw ioError(cause, path);
  }
}

/** The real disk. */
export const diskIo: Io = {
  open,
  read: (fd, into, position) => guarded(pathOf(fd), () => fs.readSync(fd, into, 0, into.length, position)),
  write: (fd, from, position) => guarded(pathOf(fd), () => fs.writeSync(fd, from, 0, from.length, position)),
  size: (fd) => guarded(pathOf(fd), () => fs.fstatSync(fd).size),
  identity: (fd) =>
    guarded(pathOf(fd), () => {
      const found = fs.fstatSync(fd, { bigint: true });
      return { dev: String(found.dev), ino: String(found.ino) };
    }),
  datasync: (fd) => synced(pathOf(fd), (done) => fs.fdatasync(fd, done)),
  sync: (fd) => synced(pathOf(fd), (done) => fs.fsync(fd, done)),
  async syncFolder(path) {
    const fd = guarded(path, () => fs.openSync(path, O_RDONLY | O_DIRECTORY));
    try {
      await synced(path, (done) => fs.fsync(fd, done));
    } finally {
      fs.closeSync(fd);
    }
  },
  truncate: (fd, length) => guarded(pathOf(fd), () => fs.ftruncateSync(fd, length)),
  close: (fd) => {
    const path = pathOf(fd);
    paths.delete(fd);
    guarded(path, () => fs.closeSync(fd));
  },
  rename: (from, to) => guarded(to, () => fs.renameSync(from, to)),
  link: (from, to) => guarded(to, () => fs.linkSync(from, to)),
  remove: (path) => guarded(path, () => fs.rmSync(path, { force: true })),
  list,
  makeFolder,
  removeFolder: (path) => guarded(path, () => fs.rmSync(path, { recursive: true, force: true })),
  stat,
  lock: (fd) => guarded(pathOf(fd), () => tryLock(fd)),
};

/** A whole small file, or undefined when it is not there. Throws `damaged` beyond `limit` bytes. */
export function readFile(io: Io, path: string, limit: number): Uint8Array | undefined {
  if (!io.stat(path)) return undefined;
  const fd = io.open(path, "read");
  try {
    const size = io.size(fd);
    if (size > limit) throw new ZvaultError("damaged", `${path} is larger than ${limit} bytes`);
    const bytes = new Uint8Array(new ArrayBuffer(size));
    return bytes.subarray(0, readAll(io, fd, bytes, 0));
  } finally {
    io.close(fd);
  }
}

/** Fills `into` from `position` as far as the file goes; the number of bytes. */
export function readAll(io: Io, fd: number, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.length) {
    const got = io.read(fd, into.subarray(done), position + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}

/** `write` may write less than asked. */
export function writeAll(io: Io, fd: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) done += io.write(fd, bytes.subarray(done), position + done);
}

/** Temp file, fsync, rename, fsync of the folder: the old content or the new, never a mix. */
export async function replaceFile(io: Io, path: string, content: Uint8Array): Promise<void> {
  const fresh = `${path}.new`;
  await writeFresh(io, fresh, content);
  io.rename(fresh, path);
  try {
    await io.syncFolder(folderOf(path));
  } catch (cause) {
    // whatever the errno was: the new name is there, and whether a crash takes it is not known
    throw new ZvaultError("io", `${path} was written anew, but its folder could not be synced`, { cause });
  }
}

/** A new file of that name with that content, on disk; one that stood there is removed. The folder is not synced. */
export async function writeFresh(io: Io, path: string, content: Uint8Array): Promise<void> {
  io.remove(path);
  const fd = io.open(path, "create-exclusive");
  try {
    writeAll(io, fd, content, 0);
    await io.sync(fd);
  } finally {
    io.close(fd);
  }
}

export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
