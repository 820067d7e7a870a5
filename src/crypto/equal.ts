/** Comparison whose time does not depend on where two byte strings differ. */
import { timingSafeEqual } from "node:crypto";
import type { Secret } from "./secret.ts";

/** Different lengths are unequal at once: the length is no secret. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Throws when one of them is wiped. */
export function equalSecrets(a: Secret, b: Secret): boolean {
  return a.use((left) => b.use((right) => equal(left, right)));
}
