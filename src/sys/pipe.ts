/** A plain pipe. Node's own "pipe" is a socket pair, which `/dev/fd/3` cannot open. */
import { check, libc } from "./libc.ts";

const closeOnExec = 0o2000000;
const setPipeSize = 1031;

/** Both ends close on exec, and block. The caller closes them. `room`: bytes it should hold, as a wish. Throws EMFILE. */
export function pipe2(room = 65_536): [read: number, write: number] {
  const fds = new Int32Array(2);
  check("pipe2", libc().call.pipe2(fds, closeOnExec));
  const [read = -1, write = -1] = fds;
  // the kernel may refuse: a user has so many pages for pipes
  if (room > 65_536) libc().call.fcntl(write, setPipeSize, BigInt(room));
  return [read, write];
}
