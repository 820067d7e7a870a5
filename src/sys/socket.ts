/** A blocking stream socket to a path (unix(7)). For processes that ask one thing and go: node:net and its streams take 5 ms to start. */
import { closeSync } from "node:fs";
import { libc, systemError } from "./libc.ts";

const family = 1;
const stream = 1;
const closeOnExec = 0o2000000;
/** `sun_path` of sockaddr_un, its final NUL included */
const longest = 108;

/** The descriptor. Throws ENOENT, ECONNREFUSED where nobody listens, ENAMETOOLONG. */
export function connectTo(path: string): number {
  const name = new TextEncoder().encode(path);
  if (name.length >= longest) throw systemError("connect", 36);
  const address = new Uint8Array(2 + name.length + 1);
  new DataView(address.buffer).setUint16(0, family, true);
  address.set(name, 2);
  const { call, errno } = libc();
  const fd = call.socket(family, stream | closeOnExec, 0);
  if (fd === -1) throw systemError("socket", errno());
  if (call.connect(fd, address, address.length) === -1) {
    const failure = systemError("connect", errno());
    closeSync(fd);
    throw failure;
  }
  return fd;
}
