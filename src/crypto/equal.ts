/** Comparison whose time does not depend on where two byte strings differ. */
import { timingSafeEqual } from "node:crypto";
import type { Secret } from "./secret.ts";

/** Different lengths are unequal at once: the length is no secret. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

const [left, right] = [Buffer.alloc(64), Buffer.alloc(64)];

/** Of two MACs of 32 bytes in hex. No array is made: for thousands in a row. */
export function equalHex(a: string, b: string): boolean {
  if (a.length !== left.length || b.length !== right.length) return false;
  left.write(a, "latin1");
  right.write(b, "latin1");
  return timingSafeEqual(left, right);
}

/** Throws when one of them is wiped. */
export function equalSecrets(a: Secret, b: Secret): boolean {
  return a.use((left) => b.use((right) => equal(left, right)));
}
