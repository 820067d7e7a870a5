/** Reading the audit log: its last lines, and those that come. Nothing is shown that somebody else put there. */
import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import type { AuditFilter, AuditLine, AuditOpening, AuditSpan } from "../../calls/audit.ts";
import type { Calls } from "../../calls.ts";
import { ZvaultError } from "../../errors.ts";
import { fits } from "../audit-filter.ts";
import { isOurs } from "../audit-line.ts";
import { type Opening, Openings, Stats, Uses } from "../audit-report.ts";
import { bytesOf, firstOf, listSegments } from "../audit-segment.ts";
import type { Receipt } from "../audit.ts";
import { Leaver } from "../leaver.ts";
import type { Rights } from "../rights.ts";
import type { Vault } from "../vault.ts";

type Offboard = Calls["audit.offboard"];
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

  async uses(vault: Vault, _receipt: Receipt, args: Calls["audit.uses"]["args"]): Promise<Calls["audit.uses"]["result"]> {
    const uses = new Uses(args.path);
    const span = await eachLine(vault, (line) => uses.add(line));
    return { uses: uses.rows, ...span };
  },

  async stats(vault: Vault, _receipt: Receipt, args: Calls["audit.stats"]["args"]): Promise<Calls["audit.stats"]["result"]> {
    const stats = new Stats(args.since);
    const span = await eachLine(vault, (line) => stats.add(line));
    return { ...stats.result, ...span };
  },

  async offboard(vault: Vault, _receipt: Receipt, args: Offboard["args"], rights: Rights): Promise<Offboard["result"]> {
    const leaver = new Leaver(vault, args);
    const openings = new Openings((line, author) => leaver.owns(line, author));
    const span = await eachLine(vault, (line) => openings.add(line));
    const opened = openings.rows.map((one) => ({ ...one, state: stateOf(vault, one) }));
    return { opened, alive: leaver.alive(rights), ...span };
  },
};

function stateOf(vault: Vault, { path, last }: Opening): AuditOpening["state"] {
  const current = vault.state.current(path);
  if (!current) return "gone";
  if (current.secret.class === "setting") return "setting";
  return Date.parse(current.version.time) > Date.parse(last) ? "changed" : "rotate";
}

/** All that are there, up to the last one when it begins. */
async function eachLine(vault: Vault, act: (line: AuditLine) => void): Promise<AuditSpan> {
  const segments = segmentsOf(vault);
  const last = vault.audit.position.sequence;
  let from = 0;
  for (const segment of segments) {
    for (const line of linesIn(vault, segment)) {
      if (sequenceOf(line) > last) break;
      from ||= sequenceOf(line);
      act(line);
    }
    await turn();
  }
  return { from, last, missing: missingFrom(segments, segments[0] ?? 1) };
}

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
  while (at > 0 && firstOf(bytesIn(vault, segments[at] ?? 1)).sequence > after) at--;
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

function bytesIn(vault: Vault, segment: number): Buffer {
  vault.checkOpen();
  return bytesOf(vault.auditOptions, segment);
}

function linesIn(vault: Vault, segment: number): AuditLine[] {
  const lines = bytesIn(vault, segment).toString("latin1").split("\n");
  return lines.filter((line) => line !== "").map((line) => parseOurs(vault, line));
}

function parseOurs(vault: Vault, line: string): AuditLine {
  if (isOurs(line, vault.keyring.auditKey)) return JSON.parse(line) as AuditLine;
  throw new ZvaultError("damaged", "the audit log holds a line that was changed", {
    hint: "`zvault audit verify` names the first one",
  });
}
