/**
 * The vaults that were made, adopted or restored on this machine: `$XDG_STATE_HOME/zvault/known`, one line each,
 * `<32 hex id> TAB <real path of .zvault, JSON string>`. A folder that is not in it is refused: nobody is asked for a passphrase for
 * somebody else's file.
 */
import { type Io, readFile, replaceFile } from "./io.ts";

export type Known = { id: string; dir: string };

/** Lines that are none of ours are passed over: losing an entry only means to adopt again. */
export function parseKnown(text: string): Known[] {
  return text.split("\n").flatMap((line) => {
    const found = /^([0-9a-f]{32})\t(".*")$/.exec(line);
    if (!found?.[1] || !found[2]) return [];
    try {
      const dir: unknown = JSON.parse(found[2]);
      return typeof dir === "string" && dir.startsWith("/") ? [{ id: found[1], dir }] : [];
    } catch {
      return [];
    }
  });
}

export function printKnown(all: readonly Known[]): string {
  return all.map((one) => `${one.id}\t${JSON.stringify(one.dir)}\n`).join("");
}

export function readKnown(io: Io, path: string): Known[] {
  return parseKnown(new TextDecoder().decode(readFile(io, path, 4 * 1024 * 1024) ?? new Uint8Array()));
}

/** Adds or moves an entry: `dir` is where the vault `id` lives from now on; `instead` is forgotten. */
export async function remember(io: Io, path: string, entry: Known, instead?: string): Promise<void> {
  const kept = readKnown(io, path).filter((one) => one.dir !== entry.dir && !(one.id === entry.id && one.dir === instead));
  await replaceFile(io, path, new TextEncoder().encode(printKnown([...kept, entry])));
}
