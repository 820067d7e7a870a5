/**
 * Copies of a vault, ciphertext only: one file made by `backup create`, and the mirrors. Restoring opens the copy first, gives it a new
 * lineage, and only then takes the place; what stood there is kept aside.
 *
 * Backup file: "zvbackup" ‖ length (4 bytes) ‖ JSON {v, id, time, secrets, files: [[name, length], …]} ‖ the files ‖ SHA-256 of all before.
 */
import type { Calls } from "../calls.ts";
import { hex, sha256 } from "../crypto/hash.ts";
import { random } from "../crypto/random.ts";
import type { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import type { AuditEntry } from "./audit-line.ts";
import { listSegments, segmentPath } from "./audit-segment.ts";
import { type CopyFile, openCopy } from "./copy.ts";
import { isNewer, newerFormat } from "./format-version.ts";
import type { Holdings, Way } from "./holdings.ts";
import { folderOf, type Io, readFile, writeAll, writeFresh } from "./io.ts";
import { keysLimit, parseKeys } from "./keys.ts";
import { remember } from "./known.ts";
import { isMoment } from "./moment.ts";
import { headPath, knownPath, mirrorsPath, type Places } from "./places.ts";
import { idAt } from "./standing.ts";
import type { Vault } from "./vault.ts";

const magic = new TextEncoder().encode("zvbackup");
const fileLimit = 1024 * 1024 * 1024;
const nameShape = /^(keys|vault|audit\/\d{6}\.jsonl)$/;

type Head = { v: 1; id: string; time: string; secrets: number; files: [string, number][] };
export type Copy = { path: string; id: string; time: string; bytes: number };

/** A new file, 0600, never over an existing one. It is read back and opened before it counts; one that does not hold what it must is removed. */
export async function createBackup(vault: Vault, out: string): Promise<Omit<Calls["backup.create"]["result"], "file">> {
  // keys file and log change together
  while (vault.busy) await vault.busy;
  const files: CopyFile[] = [
    { name: "keys", bytes: vault.keys.bytes },
    { name: "vault", bytes: vault.barrier.bytes(0, vault.barrier.size) },
  ];
  for (const segment of listSegments(vault.io, `${vault.dir}/audit`)) {
    const bytes = readFile(vault.io, segmentPath(`${vault.dir}/audit`, segment), fileLimit);
    if (bytes) files.push({ name: segmentPath("audit", segment), bytes });
  }
  const { position } = vault.barrier;
  const end = vault.audit.position;
  const secrets = vault.state.count;
  // as it is now: another root key may be the vault's when the file is on disk
  const root = vault.root.clone();
  try {
    const named = files.map(({ name, bytes }): [string, number] => [name, bytes.length]);
    const head: Head = { v: 1, id: vault.id, time: vault.now().toISOString(), secrets, files: named };
    const whole = printBackup(head, files);
    if (vault.io.stat(out)) throw new ZvaultError("changed", `${out} is there already`, { hint: "give another name with --out" });
    await writeBackup(vault.io, out, whole);
    try {
      const read = readBack(vault.io, out, whole);
      const { records, audit } = openCopy({ files: parseBackup(read, out).files, id: vault.id, root, position, end });
      await vault.io.syncFolder(folderOf(out));
      return { bytes: whole.length, secrets, records, audit };
    } catch (failure) {
      removeQuietly(vault.io, out);
      throw failure;
    }
  } finally {
    root.wipe();
  }
}

function printBackup(head: Head, files: readonly CopyFile[]): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, json.length);
  const body = Buffer.concat([magic, length, json, ...files.map((file) => file.bytes)]);
  return Buffer.concat([body, sha256(body)]);
}

async function writeBackup(io: Io, out: string, whole: Uint8Array): Promise<void> {
  const fd = io.open(out, "create-exclusive");
  try {
    writeAll(io, fd, whole, 0);
    await io.sync(fd);
  } catch (failure) {
    removeQuietly(io, out);
    throw failure;
  } finally {
    io.close(fd);
  }
}

/** Why there is no backup must be told, whatever the disk does now. */
function removeQuietly(io: Io, path: string): void {
  try {
    io.remove(path);
  } catch {
    // a disk that takes nothing
  }
}

/** By its name, as whoever restores it will find it. Not `damaged`: that would be the vault. */
function readBack(io: Io, out: string, whole: Uint8Array): Uint8Array {
  const read = readFile(io, out, fileLimit);
  if (read && Buffer.compare(read, whole) === 0) return read;
  throw new ZvaultError("io", `${out} did not hold what was written, and was removed`, {
    hint: "the vault itself is whole; try another disk",
    names: [out],
  });
}

/** Throws `damaged`: cut, changed, or none of ours. */
export function parseBackup(bytes: Uint8Array, path: string): { head: Head; files: CopyFile[] } {
  const refuse = (why: string): never => {
    throw new ZvaultError("damaged", `${path} ${why}`);
  };
  if (bytes.length < 44 || magic.some((byte, at) => bytes[at] !== byte)) refuse("is not a zvault backup");
  if (Buffer.compare(sha256(bytes.subarray(0, -32)), bytes.subarray(-32)) !== 0) refuse("is damaged (its checksum does not fit)");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8);
  if (12 + length > bytes.length - 32) refuse("is damaged (header)");
  const head = parseHead(bytes.subarray(12, 12 + length), path) ?? refuse("is damaged (header)");
  let at = 12 + length;
  const files = head.files.map(([name, size]) => {
    if (at + size > bytes.length - 32) refuse("is damaged (files)");
    at += size;
    return { name, bytes: bytes.subarray(at - size, at) };
  });
  return { head, files };
}

/** Anybody can make a checksum fit: what stands in the head is checked field by field. */
function parseHead(json: Uint8Array, path: string): Head | undefined {
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder().decode(json));
  } catch {
    return undefined;
  }
  const { v, id, time, secrets, files } = (found ?? {}) as Record<string, unknown>;
  if (isNewer(v)) throw newerFormat(path, v);
  const texts = typeof id === "string" && /^[0-9a-f]{32}$/.test(id) && isMoment(time);
  if (v !== 1 || !texts || !Number.isSafeInteger(secrets) || !Array.isArray(files)) return undefined;
  const names = files.map((one: unknown) => {
    const [name, size] = Array.isArray(one) ? (one as unknown[]) : [];
    const fits = typeof name === "string" && nameShape.test(name) && Number.isSafeInteger(size) && (size as number) >= 0;
    return fits ? name : undefined;
  });
  if (names.includes(undefined) || new Set(names).size !== names.length) return undefined;
  return { v, id, time, secrets: secrets as number, files: files as Head["files"] };
}

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

export type Restored = { id: string; secrets: number; from: string; time: string; aside: string | undefined };

/** Folder and head change together: what fails half-way is taken back. */
function takePlace(
  io: Io,
  { dir, fresh, aside }: { dir: string; fresh: string; aside: string | undefined },
  [from, to]: readonly [string, string],
): void {
  if (aside !== undefined) io.rename(dir, aside);
  try {
    io.rename(fresh, dir);
    try {
      io.rename(from, to);
    } catch (failure) {
      io.rename(dir, fresh);
      throw failure;
    }
  } catch (failure) {
    if (aside !== undefined) putBack(io, aside, dir, failure);
    throw failure;
  }
}

function putBack(io: Io, aside: string, dir: string, failure: unknown): void {
  try {
    io.rename(aside, dir);
  } catch {
    throw new ZvaultError("gone", `the vault was moved to ${aside} and could not be moved back`, {
      hint: `nothing is lost: mv ${aside} ${dir} when the disk can be written again`,
      names: [aside],
      cause: failure,
    });
  }
}

/** Which copy, and how it opens. */
export type Wanted = { root: string; from: string; id: string | undefined; way: Way };

/** The root key of the copy, which nothing else was done with. Throws `wrong-…`. The caller wipes it. */
export async function rootOfCopy(holdings: Holdings, o: Wanted): Promise<Secret> {
  const { io, places } = holdings.world;
  const { files } = sourceOf(io, places, o.from, o.id, o.root);
  const keys = files.find((one) => one.name === "keys")?.bytes ?? new Uint8Array();
  return (await holdings.rootKey(parseKeys(keys), o.way)).root;
}

/** The vault is in place, known, and closed again. Throws with nothing changed when the copy does not open. */
export async function restoreVault(
  holdings: Holdings,
  o: Wanted & { by: Pick<AuditEntry, "caller" | "presence"> },
): Promise<Restored> {
  const { io, places, clock } = holdings.world;
  const dir = `${o.root}/.zvault`;
  const source = sourceOf(io, places, o.from, o.id, o.root);
  const fresh = `${dir}.new-${hex(random(4))}`;
  io.makeFolder(fresh);
  try {
    await writeFresh(
      io,
      `${fresh}/.gitignore`,
      new TextEncoder().encode("# made by zvault: nothing in here is meant for git\n*\n"),
    );
    io.makeFolder(`${fresh}/audit`);
    for (const { name, bytes } of source.files) await writeFresh(io, `${fresh}/${name}`, bytes);
    await io.syncFolder(fresh);
    const vault = await holdings.openFolder(source.id, fresh, o.way, { ignoreHead: true });
    const secrets = vault.state.count;
    try {
      vault.barrier.verify();
      vault.event("backup.restore", { from: source.from, time: source.time }, o.by);
    } finally {
      await vault.seal("restored");
    }
    const aside = io.stat(dir) ? `${dir}.before-${clock().toISOString().replaceAll(/[:.]/g, "-")}` : undefined;
    const heads = [headPath(places, source.id, fresh), headPath(places, source.id, dir)] as const;
    takePlace(io, { dir, fresh, aside }, heads);
    await io.syncFolder(o.root);
    await remember(io, knownPath(places), { id: source.id, dir });
    return { id: source.id, secrets, from: source.from, time: source.time, aside };
  } catch (failure) {
    try {
      io.removeFolder(fresh);
    } catch {
      // a disk that takes nothing; why the restore failed must be told
    }
    throw failure;
  }
}
