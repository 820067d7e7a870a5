/** Files that have no name until they are whole: of one that is given up, or whose writer is killed, nothing is left. */
import { constants, openSync } from "node:fs";
import { check, libc } from "./libc.ts";

/** linux/fcntl.h: O_TMPFILE is this and O_DIRECTORY */
const withoutName = 0o20_000_000;
const here = -100;
const followLink = 0x400;

/** To write into, 0600, in `folder`. undefined where the file system has no such files. Throws what open(2) says. */
export function openUnnamed(folder: string): number | undefined {
  try {
    return openSync(folder, constants.O_WRONLY | withoutName | constants.O_DIRECTORY, 0o600);
  } catch (error) {
    // an old kernel takes it for the folder itself
    if (["EOPNOTSUPP", "EISDIR", "EINVAL"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** Gives it a name that nothing has. Throws EEXIST and what else linkat(2) says. */
export function nameFile(fd: number, path: string): void {
  const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);
  check("linkat", libc().call.linkat(here, text(`/proc/self/fd/${fd}`), here, text(path), followLink));
}
