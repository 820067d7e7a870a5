/** Whole-file locks by flock(2): they hold while the holder is stopped and go with it however it dies. Both calls never wait. */
import { libc, systemError } from "./libc.ts";

const exclusive = 2;
const noWait = 4;
const release = 8;
const eintr = 4;
const ewouldblock = 11;

/** True: `fd` now holds (or already held) the lock. False: another open file description holds it. Throws EBADF, ENOLCK. */
export function tryLock(fd: number): boolean {
  return call(fd, exclusive | noWait);
}

export function unlock(fd: number): void {
  call(fd, release);
}

function call(fd: number, operation: number): boolean {
  const { call, errno } = libc();
  for (;;) {
    if (call.flock(fd, operation) === 0) return true;
    const number = errno();
    if (number === ewouldblock) return false;
    if (number !== eintr) throw systemError("flock", number);
  }
}
