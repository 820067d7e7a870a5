/**
 * How the vault names a project's folder: relative to the folder that holds `.zvault`. In a linked worktree the same path counts from the
 * top of that worktree, so that a checkout made for a branch is the same project.
 */
import { lstatSync } from "node:fs";
import { dirname, relative } from "node:path";
import type { Located } from "./locate.ts";

/** `folder`: a real path. "." for the folder that holds the vault; "../…" or an absolute path is bound to nothing and is refused by the agent. */
export function folderIn(found: Located, folder: string): string {
  const top = found.how === "worktree" ? checkoutOf(folder) : found.root;
  const path = relative(top ?? found.root, folder);
  return path === "" ? "." : path;
}

function checkoutOf(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (lstatSync(`${at}/.git`, { throwIfNoEntry: false })) return at;
    if (at === "/") return undefined;
  }
}
