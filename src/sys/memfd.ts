/** A file that exists in memory only, and for as long as somebody has it open. */
import { closeSync, writeSync } from "node:fs";
import { check, libc } from "./libc.ts";

const allowSealing = 2;
const noExecSeal = 8; // Linux 6.3
const addSeals = 1033;
/** SEAL, SHRINK, GROW, WRITE */
const sealed = 0xfn;
const invalid = 22;

/** `bytes`, to be read only, by any number of readers through /proc/self/fd/N; stays open across an exec. Throws EMFILE. */
export function memoryFile(name: string, bytes: Uint8Array): number {
  const { call, errno } = libc();
  const label = new Uint8Array([...new TextEncoder().encode(name).subarray(0, 200), 0]);
  let fd = call.memfd_create(label, allowSealing | noExecSeal);
  if (fd < 0 && errno() === invalid) fd = call.memfd_create(label, allowSealing);
  check("memfd_create", fd);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, done);
    check("fcntl", call.fcntl(fd, addSeals, sealed));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
