/** Reading the audit log: its last lines, and those that come. Nothing is shown that somebody else put there. */
import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import type { AuditFilter, AuditLine, Calls } from "../../calls.ts";
import { ZvaultError } from "../../errors.ts";
import { fits } from "../audit-filter.ts";
import { isOurs } from "../audit-line.ts";
import { firstOf, listSegments, type Receipt, textOf } from "../audit.ts";
import type { Vault } from "../vault.ts";

type Tail = Calls["audit.tail"];

/** ms: what is written in a burst is one answer to whoever waits, and one line of theirs */
const burst = 100;
const usual = 20;

export const ledger = {
  async tail(vault: Vault, _receipt: Receipt, args: Tail["args"]): Promise<Tail["result"]> {
    const { lines: wanted = usual, after, wait = false, ...filter } = args;
    if (after === undefined) return lastLines(vault, filter, wanted);
    if (!wait) return firstLines(vault, (line) => fits(line, filter), after, wanted);
    const isNews = (line: AuditLine): boolean => fits(line, filter) && !isFollowing(line);
    for (let [from, over] = [after, false]; ;) {
      const found = await firstLines(vault, isNews, from, wanted);
      if (found.lines.length > 0 || over) return found;
      from = found.last;
      if (vault.audit.position.sequence > from) continue;
      over = await vault.audit.written.next();
      vault.checkOpen();
      if (!over) await pause(burst);
    }
  },
};

/** The line of a request that waits for lines. */
function isFollowing(line: AuditLine): boolean {
  return line["verb"] === "audit.tail" && (line["detail"] as { follow?: unknown } | undefined)?.follow === true;
}

/** Goes back from the end until there are enough. */
async function lastLines(vault: Vault, filter: AuditFilter, wanted: number): Promise<Tail["result"]> {
  const segments = segmentsOf(vault);
  const last = vault.audit.position.sequence;
  let found: AuditLine[] = [];
  let from = last + 1;
  let oldest = segments.at(-1) ?? 1;
  for (const segment of segments.toReversed()) {
    const lines = linesIn(vault, segment).filter((line) => sequenceOf(line) <= last);
    found = [...lines.filter((line) => fits(line, filter)), ...found];
    from = lines[0] ? sequenceOf(lines[0]) : from;
    oldest = segment;
    if (found.length >= wanted) break;
    await turn();
  }
  return { lines: found.slice(-wanted), from, last, missing: missingFrom(segments, oldest) };
}

/** Goes on from record `after` until there are enough, or to the end. */
async function firstLines(
  vault: Vault,
  wants: (line: AuditLine) => boolean,
  after: number,
  wanted: number,
): Promise<Tail["result"]> {
  const segments = segmentsOf(vault);
  let at = segments.length - 1;
  while (at > 0 && firstOf(textIn(vault, segments[at] ?? 1)).sequence > after) at--;
  const found: AuditLine[] = [];
  const oldest = segments[at] ?? 1;
  let [from, last] = [0, after];
  for (; at < segments.length; at++) {
    for (const line of linesIn(vault, segments[at] ?? 1)) {
      const sequence = sequenceOf(line);
      if (sequence <= last) continue;
      if (from === 0) from = sequence;
      last = sequence;
      if (wants(line)) found.push(line);
      if (found.length === wanted) return { lines: found, from, last, missing: missingFrom(segments, oldest) };
    }
    await turn();
  }
  return { lines: found, from: from === 0 ? after + 1 : from, last, missing: missingFrom(segments, oldest) };
}

function segmentsOf(vault: Vault): number[] {
  vault.checkOpen();
  return listSegments(vault.io, vault.auditOptions.folder);
}

/** How many between `oldest` and the last one are not there. */
function missingFrom(segments: readonly number[], oldest: number): number {
  const there = segments.filter((one) => one >= oldest).length;
  return (segments.at(-1) ?? oldest) - oldest + 1 - there;
}

function sequenceOf(line: AuditLine): number {
  return line["seq"] as number;
}

function textIn(vault: Vault, segment: number): string {
  vault.checkOpen();
  return textOf(vault.auditOptions, segment);
}

function linesIn(vault: Vault, segment: number): AuditLine[] {
  const lines = textIn(vault, segment).split("\n");
  return lines.filter((line) => line !== "").map((line) => parseOurs(vault, line));
}

function parseOurs(vault: Vault, line: string): AuditLine {
  if (isOurs(line, vault.keyring.auditKey)) return JSON.parse(line) as AuditLine;
  throw new ZvaultError("damaged", "the audit log holds a line that was changed", {
    hint: "`zvault audit verify` names the first one",
  });
}
