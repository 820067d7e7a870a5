/** Copies of a vault that there are: the mirrors, and files of `backup create`. */
import { ZvaultError } from "../errors.ts";
import { listSegments, segmentPath } from "./audit-segment.ts";
import { fileLimit, parseBackup } from "./backup-file.ts";
import type { CopyFile } from "./copy-io.ts";
import { type Io, readFile } from "./io.ts";
import { keysLimit } from "./keys.ts";
import { mirrorsPath, type Places } from "./places.ts";
import { idAt } from "./standing.ts";

export type Copy = { path: string; id: string; time: string; bytes: number };

/** The mirrors that are there, newest first. */
export function listMirrors(io: Io, places: Places, id?: string): Copy[] {
  const folder = mirrorsPath(places);
  if (!io.stat(folder)) return [];
  const copies = io.list(folder).flatMap((name): Copy[] => {
    const path = `${folder}/${name}`;
    const log = io.stat(`${path}/vault`);
    const found = log && idAt(io, path);
    if (!found || (id !== undefined && found !== id)) return [];
    return [{ path, id: found, time: log.changed.toISOString(), bytes: log.size }];
  });
  return copies.toSorted((a, b) => (a.time < b.time ? 1 : -1));
}

function readMirror(io: Io, copy: Copy): CopyFile[] {
  const files: CopyFile[] = [];
  for (const name of ["keys", "vault"]) {
    const bytes = readFile(io, `${copy.path}/${name}`, name === "keys" ? keysLimit : fileLimit);
    if (!bytes) throw new ZvaultError("damaged", `the copy in ${copy.path} has no ${name}`);
    files.push({ name, bytes });
  }
  if (!io.stat(`${copy.path}/audit`)) return files;
  for (const segment of listSegments(io, `${copy.path}/audit`)) {
    const bytes = readFile(io, segmentPath(`${copy.path}/audit`, segment), fileLimit);
    if (bytes) files.push({ name: segmentPath("audit", segment), bytes });
  }
  return files;
}

export type Source = { id: string; time: string; files: CopyFile[]; from: string };

/** `from`: "mirror" for the newest one, or the path of a file. */
export function sourceOf(io: Io, places: Places, from: string, id: string | undefined, root: string): Source {
  if (from !== "mirror") {
    const bytes = readFile(io, from, fileLimit);
    if (!bytes) throw new ZvaultError("not-found", `there is no ${from}`);
    const { head, files } = parseBackup(bytes, from);
    return { id: head.id, time: head.time, files, from };
  }
  const here = (copy: Copy): boolean => fromFolder(io, copy) === `${root}/.zvault`;
  const all = listMirrors(io, places, id);
  const copy = all.find(here) ?? (id === undefined ? undefined : all[0]);
  if (!copy) {
    throw new ZvaultError("not-found", "there is no copy of this project's vault on this computer", {
      hint: "`zvault backup list` shows all copies; `--from FILE` takes a backup file",
    });
  }
  return { id: copy.id, time: copy.time, files: readMirror(io, copy), from: copy.path };
}

/** The vault folder a mirror was made from. */
function fromFolder(io: Io, copy: Copy): string | undefined {
  try {
    const bytes = readFile(io, `${copy.path}/from`, 8192);
    const parsed = JSON.parse(new TextDecoder().decode(bytes)) as { dir?: unknown };
    return typeof parsed.dir === "string" ? parsed.dir : undefined;
  } catch {
    return undefined;
  }
}
