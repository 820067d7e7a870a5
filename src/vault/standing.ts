/** Whether a vault folder is one of ours: made, adopted or restored on this computer, where it was or moved. */
import { ZvaultError } from "../errors.ts";
import { headerLength, parseHeader } from "./header.ts";
import { type Io, readAll } from "./io.ts";
import { readKnown } from "./known.ts";
import { knownPath, type Places } from "./places.ts";

export type Standing = { kind: "known" } | { kind: "moved"; from: string } | { kind: "copied"; of: string } | { kind: "unknown" };

/** The id in the header of the log there, or undefined. */
export function idAt(io: Io, dir: string): string | undefined {
  try {
    if (io.stat(`${dir}/vault`)?.kind !== "file") return undefined;
    const fd = io.open(`${dir}/vault`, "read");
    try {
      const bytes = new Uint8Array(headerLength);
      return parseHeader(bytes.subarray(0, readAll(io, fd, bytes, 0)), dir).id;
    } finally {
      io.close(fd);
    }
  } catch {
    return undefined;
  }
}

export function standing(io: Io, places: Places, id: string, dir: string): Standing {
  const mine = readKnown(io, knownPath(places)).filter((one) => one.id === id);
  if (mine.some((one) => one.dir === dir)) return { kind: "known" };
  const first = mine[0];
  if (!first) return { kind: "unknown" };
  const gone = mine.find((one) => idAt(io, one.dir) !== id);
  return gone ? { kind: "moved", from: gone.dir } : { kind: "copied", of: first.dir };
}

/** The folder it moved from, if it did. Throws `not-adopted` and `copied`: nobody is asked for a passphrase for such a folder. */
export function checkStanding(io: Io, places: Places, id: string, dir: string): string | undefined {
  const found = standing(io, places, id, dir);
  switch (found.kind) {
    case "known":
      return undefined;
    case "moved":
      return found.from;
    case "copied":
      throw new ZvaultError("copied", `${dir} is a copy of the vault in ${found.of}`, {
        hint: "`zvault adopt` gives the copy a life of its own",
      });
    case "unknown":
      throw new ZvaultError("not-adopted", `the vault in ${dir} came with the folder: it was not made on this computer`, {
        hint: "`zvault adopt` if it is yours; otherwise do not type a passphrase for it",
      });
  }
}
