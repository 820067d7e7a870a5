/** Who is at the other end of a unix socket: the kernel's word as of connect(2), `struct ucred { i32 pid; u32 uid, gid }`. */
import { check, libc } from "./libc.ts";

const solSocket = 1;
const soPeerCred = 17;

/** Pid 0: the peer lives in a pid namespace we cannot see. Throws ENOTSOCK, EBADF. */
export function peerCredentials(fd: number): { pid: number; uid: number; gid: number } {
  const raw = new Uint32Array(3);
  const length = new Uint32Array([raw.byteLength]);
  check("getsockopt", libc().call.getsockopt(fd, solSocket, soPeerCred, raw, length));
  const [pid = 0, uid = 0, gid = 0] = raw;
  return { pid, uid, gid };
}
