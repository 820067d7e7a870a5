/**
 * The text of a token (`zvs.`) and of an AppRole's secret_id (`zvi.`): the prefix and 32 characters of base64url, 192 random bits. It is shown
 * once; the vault keeps its SHA-256, by which it is found, so that nothing in the vault opens what a token opens and no comparison can be
 * timed.
 */
import { Buffer } from "node:buffer";
import { hex, sha256 } from "../../crypto/hash.ts";
import { random } from "../../crypto/random.ts";
import { Secret } from "../../crypto/secret.ts";

export type Kind = "zvs." | "zvi.";

const randomBytes = 24;
const length = 4 + (randomBytes / 3) * 4;
const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The whole text, ASCII. No string is made of it: those cannot be zeroed. */
export function newToken(prefix: Kind = "zvs."): Secret {
  const bits = random(randomBytes);
  const text = Secret.alloc(length);
  text.use((into) => {
    into.set(Buffer.from(prefix, "latin1"));
    for (let at = 0, to = prefix.length; at < randomBytes; at += 3, to += 4) {
      const three = ((bits[at] ?? 0) << 16) | ((bits[at + 1] ?? 0) << 8) | (bits[at + 2] ?? 0);
      for (let sixth = 0; sixth < 4; sixth++) into[to + sixth] = base64url.charCodeAt((three >>> (18 - 6 * sixth)) & 63);
    }
  });
  bits.fill(0);
  return text;
}

/** What it is kept and found by; undefined for what has not the shape of one. One line end behind it is allowed: files have it. */
export function tokenKey(given: Uint8Array, prefix: Kind = "zvs."): string | undefined {
  const text = given.at(-1) === 10 ? given.subarray(0, -1) : given;
  const shaped = text.length === length && [...prefix].every((unit, at) => text[at] === unit.charCodeAt(0));
  return shaped ? hex(sha256(text)) : undefined;
}

/** Names a token where it must not be shown: in lists, in the audit log, to whoever revokes it. */
export function newAccessor(): string {
  return hex(random(12));
}
