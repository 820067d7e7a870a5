/** Small files that anybody may have put there: read only if they are regular and of ordinary size. */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from "node:fs";

/** The whole file as it was opened, or undefined: not there, a link, a pipe, a device, larger than `largest` bytes, not ours to read. */
export function readRegular(path: string, largest: number): { bytes: Buffer<ArrayBuffer>; stat: Stats } | undefined {
  let fd: number;
  try {
    // a pipe must not make the opening wait
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= largest ? { bytes: readFileSync(fd), stat } : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}
