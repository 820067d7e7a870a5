/**
 * The main checkout of a linked git worktree, by reading files; git is never run, it would run what a repository's configuration says.
 *
 *   <worktree>/.git                          "gitdir: <common>/worktrees/<name>"
 *   <common>/worktrees/<name>/gitdir         "<worktree>/.git": it must name this very file, else anybody's `.git` file could point at
 *                                            anybody's repository
 */
import * as fs from "node:fs";
import { basename, dirname, resolve } from "node:path";

/** The folder of the main checkout, or undefined when `folder` is no linked worktree that its repository knows. */
export function mainWorktree(folder: string): string | undefined {
  const file = `${folder}/.git`;
  const named = line(file)?.match(/^gitdir: (.+)$/)?.[1];
  if (named === undefined) return undefined;
  const admin = real(resolve(folder, named));
  if (admin === undefined || basename(dirname(admin)) !== "worktrees") return undefined;
  const back = line(`${admin}/gitdir`);
  if (back === undefined || !same(resolve(admin, back), file)) return undefined;
  const common = dirname(dirname(admin));
  // a bare repository has no checkout beside it
  return basename(common) === ".git" && fs.lstatSync(common).uid === fs.lstatSync(file).uid ? dirname(common) : undefined;
}

/** The one line of a small regular file; a symbolic link is not followed. */
function line(path: string): string | undefined {
  let fd: number;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const bytes = new Uint8Array(8192);
    const got = fs.fstatSync(fd).isFile() ? fs.readSync(fd, bytes, 0, bytes.length, 0) : 0;
    const text = new TextDecoder().decode(bytes.subarray(0, got)).replace(/\r?\n$/, "");
    return text === "" || text.includes("\n") || text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  } finally {
    fs.closeSync(fd);
  }
}

/** One file, by device and inode. */
function same(one: string, other: string): boolean {
  try {
    const [a, b] = [fs.lstatSync(one, { bigint: true }), fs.lstatSync(other, { bigint: true })];
    return a.dev === b.dev && a.ino === b.ino;
  } catch {
    return false;
  }
}

function real(path: string): string | undefined {
  try {
    return fs.realpathSync(path);
  } catch {
    return undefined;
  }
}
