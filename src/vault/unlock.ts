/** From a locked folder to unwrapped keys: the lock, the `keys` file and its half-finished change, and the slot that opens it. */
import { hex, sha256 } from "../crypto/hash.ts";
import { ZvaultError } from "../errors.ts";
import { type Io, readFile, writeFresh } from "./io.ts";
import { type KeysFile, keysLimit, parseKeys } from "./keys.ts";

/** Throws `vault-busy` when another process holds it. The descriptor frees the lock when closed. */
export function lockVault(io: Io, dir: string): number {
  const fd = io.open(`${dir}/lock`, "create-or-open");
  if (io.lock(fd)) return fd;
  io.close(fd);
  throw new ZvaultError("vault-busy", "another process holds this vault", {
    hint: "an agent of another user session or of another HOME has it open: run `zvault seal` there",
  });
}

/** Throws `gone` or `damaged`. */
export function readKeys(io: Io, dir: string): KeysFile {
  const bytes = readFile(io, `${dir}/keys`, keysLimit);
  if (!bytes) {
    throw new ZvaultError("gone", `${dir}/keys is gone`, { hint: "`zvault backup restore` takes both files from the mirror" });
  }
  return parseKeys(bytes);
}

/** A change of the keys file: `keys.new` written and synced → `keys-epoch` record synced → rename → folder synced. */
export const mendKeys = {
  async write(io: Io, dir: string, bytes: Uint8Array): Promise<KeysFile> {
    await writeFresh(io, `${dir}/keys.new`, bytes);
    await io.syncFolder(dir);
    return parseKeys(bytes);
  },

  async install(io: Io, dir: string): Promise<void> {
    io.rename(`${dir}/keys.new`, `${dir}/keys`);
    await io.syncFolder(dir);
  },

  /** What a crash left: the `keys.new` that the log's last epoch names is put into place, any other is removed. */
  async afterCrash(io: Io, dir: string, epoch: { sha256: string } | undefined): Promise<boolean> {
    const path = `${dir}/keys.new`;
    const bytes = readFile(io, path, keysLimit);
    if (!bytes) return false;
    if (epoch && hex(sha256(bytes)) === epoch.sha256) {
      await mendKeys.install(io, dir);
      return true;
    }
    io.remove(path);
    return false;
  },
};
