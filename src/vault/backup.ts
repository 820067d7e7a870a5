/** `backup create`: one file with all of the vault, read back and opened before it counts. */
import type { Calls } from "../calls.ts";
import { ZvaultError } from "../errors.ts";
import { listSegments, segmentPath } from "./audit-segment.ts";
import { fileLimit, type Head, parseBackup, printBackup } from "./backup-file.ts";
import { openCopy } from "./copy.ts";
import type { CopyFile } from "./copy-io.ts";
import { folderOf, type Io, readFile, writeAll } from "./io.ts";
import type { Vault } from "./vault.ts";

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
