/** A terminal of our own: we hold the master, a program gets the slave. Both sides see one set of modes and one size. */
import { closeSync } from "node:fs";
import { check, libc, systemError } from "./libc.ts";
import { writeModes, type Modes } from "./modes.ts";
import { setWindowSize, type WindowSize } from "./tty.ts";

/** O_RDWR, O_NOCTTY, O_CLOEXEC and O_NONBLOCK: a write to a program that does not read must not hold us up */
const flags = 2 | 0o400 | 0o2000000 | 0o4000;

/** `path`: of the slave. Throws ENOENT, ENODEV where there are no ptys, ENOSPC, EMFILE. */
export function openPty(modes: Modes, size: WindowSize): { master: number; path: string } {
  const { call } = libc();
  const master = check("posix_openpt", call.posix_openpt(flags));
  try {
    check("grantpt", call.grantpt(master));
    check("unlockpt", call.unlockpt(master));
    const name = new Uint8Array(new ArrayBuffer(128));
    const failed = call.ptsname_r(master, name, 128n);
    if (failed !== 0) throw systemError("ptsname_r", failed);
    writeModes(master, modes);
    setWindowSize(master, size);
    return { master, path: new TextDecoder().decode(name.subarray(0, name.indexOf(0))) };
  } catch (error) {
    closeSync(master);
    throw error;
  }
}
