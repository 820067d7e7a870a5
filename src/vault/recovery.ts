/**
 * What opening makes of a log (docs/format.md, "Recovery"): compared with the last seen head and with what a person pinned; its torn end,
 * if there is one, cut off.
 */
import { sha256Hex } from "../crypto/hash.ts";
import { ZvaultError } from "../errors.ts";
import { isNewer, newerFormat } from "./format-version.ts";
import type { Step, Walk } from "./frames.ts";
import type { Head, LogPosition } from "./head.ts";
import { type Header, printHeader } from "./header.ts";
import { folderOf, type Io, readAll, writeAll } from "./io.ts";
import { recordType } from "./record.ts";

export type Expected = {
  io: Io;
  path: string;
  head: Head | undefined;
  /** go on with an older or other log than the head knows; the caller starts a new lineage */
  acceptRollback?: boolean;
};

/** The first record of a later generation: what it came from. */
export type Predecessors = { v: 1; predecessors: LogPosition[] };

/** A record that a person pinned must be there. Throws `rolled-back`. */
export function checkPinned(found: Walk, header: Header, pinned: { sequence: number; chain: string }): void {
  const there = found.steps[pinned.sequence - header.first];
  if (there?.chain === pinned.chain) return;
  throw new ZvaultError("rolled-back", `the vault does not hold record ${pinned.sequence} with the chain hash you gave`, {
    hint: "it is older, or has another history, than the state you pinned",
  });
}

/** Compares the log with the head (docs/format.md, "Recovery"). Returns notices, throws what it refuses. */
export function judge(o: Expected, header: Header, found: Walk, metaOfStep: (step: Step) => Uint8Array): string[] {
  const { bad } = found;
  if (bad && bad.laterRecord !== undefined) {
    throw new ZvaultError("damaged", `${o.path} is damaged at byte ${bad.offset}: ${bad.why}, and records follow`, {
      hint: "`zvault backup restore` takes the newest mirror",
    });
  }
  if (o.acceptRollback) return [];
  if (!o.head) return ["unverified: no earlier state of this vault is known on this computer"];
  const known = o.head.log;
  const first = found.steps[0];
  if (known.lineage === header.lineage && known.generation === header.generation) {
    return judgeSame(o.path, header, found, known);
  }
  if (first?.type === recordType.predecessors) {
    const { v, predecessors } = JSON.parse(new TextDecoder().decode(metaOfStep(first))) as Predecessors;
    if (isNewer(v)) throw newerFormat("the first record of the log", v);
    const listed = predecessors.some(
      (one) =>
        one.lineage === known.lineage &&
        one.generation === known.generation &&
        one.sequence === known.sequence &&
        one.chain === known.chain,
    );
    if (listed) return [];
  }
  const older = known.lineage === header.lineage && header.generation < known.generation;
  throw refuseHistory(older ? "rolled-back" : "forked", header, found, known);
}

function judgeSame(path: string, header: Header, found: Walk, known: LogPosition): string[] {
  const last = found.steps.at(-1)?.sequence ?? header.first - 1;
  if (last < known.sequence) {
    if (found.bad) {
      throw new ZvaultError("damaged", `${path} is damaged at byte ${found.bad.offset}, record ${known.sequence} was written`, {
        hint: "`zvault backup restore` takes the newest mirror",
      });
    }
    throw refuseHistory("rolled-back", header, found, known);
  }
  const there = found.steps[known.sequence - header.first];
  const chain = there?.chain ?? sha256Hex(printHeader(header));
  if (chain !== known.chain) throw refuseHistory("forked", header, found, known);
  return [];
}

function refuseHistory(code: "rolled-back" | "forked", header: Header, found: Walk, known: LogPosition): ZvaultError {
  const last = found.steps.at(-1)?.sequence ?? header.first - 1;
  const what = code === "forked" ? "has another history than" : "is older than";
  const where =
    code === "forked"
      ? `record ${known.sequence} of generation ${known.generation} is not the one that was written`
      : `it ends at record ${last} of generation ${header.generation}, record ${known.sequence} of generation ${known.generation} was written`;
  return new ZvaultError(code, `the vault ${what} what this computer has seen: ${where}`, {
    hint: "`zvault backup restore` takes the newest mirror; `zvault unseal --accept-rollback` goes on with this one",
  });
}

/** A torn end: kept aside, cut off. */
export function cutTail(o: Expected, fd: number, found: Walk): string {
  const length = found.size - found.end;
  const tail = new Uint8Array(new ArrayBuffer(length));
  readAll(o.io, fd, tail, found.end);
  const aside = `${folderOf(o.path)}/torn-${found.end}`;
  o.io.remove(aside);
  const asideFd = o.io.open(aside, "create-exclusive");
  try {
    writeAll(o.io, asideFd, tail, 0);
  } finally {
    o.io.close(asideFd);
  }
  o.io.truncate(fd, found.end);
  return `a change that was not finished was cut off (${length} bytes, kept in ${aside})`;
}
