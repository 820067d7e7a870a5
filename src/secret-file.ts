/**
 * Files that hold a secret, as a person or a service names them. Nobody but their owner may read them, with one exception: a file of
 * root's may be readable by one group besides. Services get theirs that way, and only root can have made it so: systemd's LoadCredential
 * lets the service's user in by an access list, which shows as mode 0440, and Kubernetes by the group of the pod.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { ZvaultError } from "./errors.ts";
import { fileError } from "./file-error.ts";
import { keyFileLength, parseKeyFile } from "./key-file.ts";
import type { Credential } from "./protocol.ts";

/**
 * Regular, ours (or root's), not a symbolic link. `strict`: nobody else may read it. The caller closes it. Throws `unsafe-file`,
 * `not-found`.
 */
export function openSecretFile(path: string, o: { strict: boolean }): number {
  let fd: number;
  try {
    // a pipe must not make the opening wait
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw fileError(error, path);
  }
  try {
    const stat = fstatSync(fd);
    const unsafe = (why: string, hint: string) => new ZvaultError("unsafe-file", `${path} ${why}`, { hint, names: [path] });
    if (!stat.isFile()) throw unsafe("is no regular file", o.strict ? `ls -ld ${path}` : "pipe it in with -");
    if (stat.uid !== process.geteuid?.() && stat.uid !== 0) throw unsafe(`belongs to user ${stat.uid}`, "make a copy of your own");
    if (o.strict && (stat.mode & lettingIn(stat)) !== 0)
      throw unsafe("can be read by others", forGroup(stat) ? `as root: chmod 440 ${path}` : `chmod 600 ${path}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Root's, which one group may read; root itself needs none. */
function forGroup({ uid }: Stats): boolean {
  return uid === 0 && process.geteuid?.() !== 0;
}

/** Bits of a mode that let somebody in who should not be. */
function lettingIn(stat: Stats): number {
  return forGroup(stat) ? 0o037 : 0o077;
}

/** The bytes of a key file, checked; the caller wipes them. Throws `wrong-key`, `unsafe-file`, `not-found`. */
export function readKeyFile(path: string): Credential {
  // one byte more than a key file has: what is longer is none
  const room = new Uint8Array(new ArrayBuffer(keyFileLength + 1));
  const fd = openSecretFile(path, { strict: true });
  try {
    let length = 0;
    for (let got = -1; got !== 0 && length < room.length; length += got)
      got = readSync(fd, room, length, room.length - length, null);
    const bytes = room.slice(0, length);
    try {
      parseKeyFile(bytes).fill(0);
    } catch (error) {
      bytes.fill(0);
      throw error;
    }
    return { kind: "key-file", parts: [bytes] };
  } catch (error) {
    if (!(error instanceof ZvaultError)) throw fileError(error, path);
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new ZvaultError(error.code, `${path}: ${error.message}`, { ...hint, names: [path] });
  } finally {
    room.fill(0);
    closeSync(fd);
  }
}
