/** Rows of `ls` and `kv list`. */
import type { SecretInfo } from "../calls/kv.ts";
import { age, table } from "./output.ts";

/** Layouts of imported files live next to the values; people did not put them there. */
export function isLayout(path: string): boolean {
  return path.split("/").includes(".layout");
}

/** `shorten`: a prefix that all rows have and nobody needs to read. */
export function listingLines(secrets: readonly SecretInfo[], shorten: string, verbose: boolean): string[] {
  const rows = secrets.map((one) => {
    const name = one.path.startsWith(shorten) ? one.path.slice(shorten.length) : one.path;
    const marks = [one.deleted ? "removed" : "", one.exposed ? "exposed: set a new one" : ""]
      .filter((mark) => mark !== "")
      .join(", ");
    const more = verbose ? [one.createdBy, one.audience, one.description] : [one.description];
    return [name, `v${one.version === 0 ? one.versions : one.version}`, age(one.updated), one.class, marks, ...more];
  });
  return table(dropEmpty(rows));
}

/** Without the columns in which nothing stands. Rows of one length. */
export function dropEmpty(rows: string[][]): string[][] {
  const used = new Set(rows.flatMap((row) => row.flatMap((cell, at) => (cell === "" ? [] : [at]))));
  return rows.map((row) => row.filter((_, at) => used.has(at)));
}
