/** How a transit key is told. */
import type { TransitInfo } from "../../calls/transit.ts";
import { age, count, table } from "../output.ts";

export function keyRows(keys: readonly TransitInfo[]): string[] {
  return table(
    keys.map(({ name, type, derived, latest, versions, created }) => [
      name,
      derived ? `${type}, derived` : type,
      `v${latest}`,
      count(versions.length, "version"),
      age(created),
    ]),
  );
}

export function keyLines(key: TransitInfo): string[] {
  const encrypts = key.type === "aes256-gcm96" || key.type === "chacha20-poly1305";
  const words = encrypts
    ? { reads: "decrypts", writes: "encrypts" }
    : { reads: "verifies", writes: key.type === "hmac" ? "makes" : "signs" };
  const lines = table([
    ["key", key.name],
    ["type", key.derived ? `${key.type}, derived: every use needs a context` : key.type],
    [words.reads, `with versions from ${key.minDecrypt} on`],
    [
      words.writes,
      key.minEncrypt === 0 ? `with ${key.latest}, or an older one by name` : `with versions from ${key.minEncrypt} on`,
    ],
    ["deletable", key.deletable ? "yes" : "no"],
  ]);
  const versions = table(
    key.versions.map(({ version, created, uses }) => [
      `v${version}`,
      age(created),
      uses === 0 ? "" : `${uses.toLocaleString("en-US")} uses reserved`,
    ]),
  );
  const shown = key.versions.flatMap(({ version, publicKey }) =>
    publicKey === undefined ? [] : [`v${version}`, publicKey.trimEnd()],
  );
  return [...lines, "", ...versions, ...(shown.length === 0 ? [] : ["", ...shown.flatMap((text) => text.split("\n"))])];
}
