/**
 * The token that a client asks with: in the file that ZVAULT_TOKEN_FILE names, and nowhere else. An environment variable with the token itself
 * would be handed on to every program that is started.
 */
import { ZvaultError } from "./errors.ts";
import type { Credential } from "./protocol.ts";
import { readRegular } from "./sys/regular.ts";

const largest = 4096;

/** undefined: nobody named a file. Throws `unsafe-file` for one that others may read, `usage` for one that is none. */
export function tokenIn(env: Readonly<Record<string, string | undefined>>): Credential | undefined {
  const path = env["ZVAULT_TOKEN_FILE"];
  if (path === undefined || path === "") return undefined;
  const found = readRegular(path, largest);
  if (!found) {
    throw new ZvaultError("usage", `ZVAULT_TOKEN_FILE: ${path} is no file that can be read`, {
      hint: "`zvault token create --out FILE` makes one",
      names: [path],
    });
  }
  const { bytes, stat } = found;
  if (stat.uid !== process.geteuid?.() || (stat.mode & 0o077) !== 0) {
    bytes.fill(0);
    throw new ZvaultError("unsafe-file", `ZVAULT_TOKEN_FILE: ${path} is not yours alone`, {
      hint: `chmod 600 ${path}`,
      names: [path],
    });
  }
  return { kind: "token", parts: [bytes] };
}
