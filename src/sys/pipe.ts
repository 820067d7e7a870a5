/** A plain pipe. Node's own "pipe" is a socket pair, which `/dev/fd/3` cannot open. */
import { check, libc } from "./libc.ts";

const closeOnExec = 0o2000000;

/** Both ends close on exec, and block. The caller closes them. Throws EMFILE. */
export function pipe2(): [read: number, write: number] {
  const fds = new Int32Array(2);
  check("pipe2", libc().call.pipe2(fds, closeOnExec));
  const [read = -1, write = -1] = fds;
  return [read, write];
}
