/** Restoring opens the copy first, gives it a new lineage, and only then takes the place; what stood there is kept aside. */
import { hex } from "../crypto/hash.ts";
import { random } from "../crypto/random.ts";
import type { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import type { AuditEntry } from "./audit-line.ts";
import { sourceOf } from "./copies.ts";
import type { Holdings, Way } from "./holdings.ts";
import { type Io, writeFresh } from "./io.ts";
import { parseKeys } from "./keys.ts";
import { remember } from "./known.ts";
import { headPath, knownPath } from "./places.ts";

export type Restored = { id: string; secrets: number; from: string; time: string; aside: string | undefined };

/** Folder and head change together: what fails half-way is taken back. */
function takePlace(
  io: Io,
  { dir, fresh, aside }: { dir: string; fresh: string; aside: string | undefined },
  [from, to]: readonly [string, string],
): void {
  if (aside !== undefined) io.rename(dir, aside);
  try {
    io.rename(fresh, dir);
    try {
      io.rename(from, to);
    } catch (failure) {
      io.rename(dir, fresh);
      throw failure;
    }
  } catch (failure) {
    if (aside !== undefined) putBack(io, aside, dir, failure);
    throw failure;
  }
}

function putBack(io: Io, aside: string, dir: string, failure: unknown): void {
  try {
    io.rename(aside, dir);
  } catch {
    throw new ZvaultError("gone", `the vault was moved to ${aside} and could not be moved back`, {
      hint: `nothing is lost: mv ${aside} ${dir} when the disk can be written again`,
      names: [aside],
      cause: failure,
    });
  }
}

/** Which copy, and how it opens. */
export type Wanted = { root: string; from: string; id: string | undefined; way: Way };

/** The root key of the copy, which nothing else was done with. Throws `wrong-…`. The caller wipes it. */
export async function rootOfCopy(holdings: Holdings, o: Wanted): Promise<Secret> {
  const { io, places } = holdings.world;
  const { files } = sourceOf(io, places, o.from, o.id, o.root);
  const keys = files.find((one) => one.name === "keys")?.bytes ?? new Uint8Array();
  return (await holdings.rootKey(parseKeys(keys), o.way)).root;
}

/** The vault is in place, known, and closed again. Throws with nothing changed when the copy does not open. */
export async function restoreVault(
  holdings: Holdings,
  o: Wanted & { by: Pick<AuditEntry, "caller" | "presence"> },
): Promise<Restored> {
  const { io, places, clock } = holdings.world;
  const dir = `${o.root}/.zvault`;
  const source = sourceOf(io, places, o.from, o.id, o.root);
  const fresh = `${dir}.new-${hex(random(4))}`;
  io.makeFolder(fresh);
  try {
    await writeFresh(
      io,
      `${fresh}/.gitignore`,
      new TextEncoder().encode("# made by zvault: nothing in here is meant for git\n*\n"),
    );
    io.makeFolder(`${fresh}/audit`);
    for (const { name, bytes } of source.files) await writeFresh(io, `${fresh}/${name}`, bytes);
    await io.syncFolder(fresh);
    const vault = await holdings.openFolder(source.id, fresh, o.way, { ignoreHead: true });
    const secrets = vault.state.count;
    try {
      vault.barrier.verify();
      vault.event("backup.restore", { from: source.from, time: source.time }, o.by);
    } finally {
      await vault.seal("restored");
    }
    const aside = io.stat(dir) ? `${dir}.before-${clock().toISOString().replaceAll(/[:.]/g, "-")}` : undefined;
    const heads = [headPath(places, source.id, fresh), headPath(places, source.id, dir)] as const;
    takePlace(io, { dir, fresh, aside }, heads);
    await io.syncFolder(o.root);
    await remember(io, knownPath(places), { id: source.id, dir });
    return { id: source.id, secrets, from: source.from, time: source.time, aside };
  } catch (failure) {
    try {
      io.removeFolder(fresh);
    } catch {
      // a disk that takes nothing; why the restore failed must be told
    }
    throw failure;
  }
}
