/**
 * How the vault names a project's folder: relative to the folder that holds `.zvault`. In a linked worktree the same path counts from the
 * top of that worktree, so that a checkout made for a branch is the same project.
 */
import { relative } from "node:path";
import { ZvaultError } from "./errors.ts";
import type { Located } from "./locate.ts";

/** `folder`: a real path. "." for the folder that holds the vault; undefined for one that is not below it. */
export function folderBelow(found: Located, folder: string): string | undefined {
  // not the top of whatever checkout `folder` is in: a repository inside of the worktree, or elsewhere, is not the project
  const top = found.checkout ?? found.root;
  const path = relative(top, folder);
  if (path === ".." || path.startsWith("../")) return undefined;
  return path === "" ? "." : path;
}

/** The same. Throws `not-bound` for a folder elsewhere, as a second clone is. */
export function folderIn(found: Located, folder: string): string {
  const path = folderBelow(found, folder);
  if (path !== undefined) return path;
  throw new ZvaultError("not-bound", `${folder} is not below ${found.root}, the folder of the vault`, {
    hint: "a second clone needs a vault of its own: zvault init, or a linked worktree: git worktree add",
    names: [folder],
  });
}

/** The same for whoever asks for values: a folder elsewhere goes by its own path, to which only a person's leave gives anything. */
export function folderFor(found: Located, folder: string): string {
  return folderBelow(found, folder) ?? folder;
}
