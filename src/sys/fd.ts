/** Descriptors. */
import { check, libc } from "./libc.ts";

const duplicateCloseOnExec = 1030;

/** One more descriptor of the same open file, closed on exec. Throws EBADF, EMFILE. */
export function duplicate(fd: number): number {
  return check("fcntl", libc().call.fcntl(fd, duplicateCloseOnExec, 3n));
}
