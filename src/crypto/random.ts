/** Random bytes from the kernel-seeded generator of OpenSSL. */
import { randomFillSync } from "node:crypto";

/** In its own ArrayBuffer: neither Node's pool nor the V8 heap keeps a copy, so filling it with zeros is the end of it. */
export function random(length: number): Uint8Array<ArrayBuffer> {
  return randomFillSync(new Uint8Array(new ArrayBuffer(length)));
}
