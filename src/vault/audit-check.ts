/** Whether an audit log is what was written: the chain of all segments that are there, and their ends as the vault's log has them. */
import type { Calls } from "../calls.ts";
import { bytesOf, checkSegment, listSegments, name, type Segments, startOf } from "./audit-segment.ts";
import type { State } from "./state.ts";

/** Last lines of closed segments, as the vault's log has them. */
type Anchors = State["anchors"];

export type Checked = {
  /** lines that were looked at; `from`: the record from which on they join */
  records: number;
  from: number;
  segments: readonly number[];
  /** closed segments that are not there */
  missing: number[];
  /** of the last one that was read: its last record, its lines */
  end: number;
  lines: number;
  problem?: string;
};

/** The audit log as it lies somewhere: its segments, what the vault's log says of closed ones, and where it ends. */
export type AuditView = Segments & { anchors: Anchors; end: { segment: number; sequence: number } | undefined };

/** Every segment that is there, from its first line on; says from which record it could check, and the first broken line. */
export function verifySegments(o: AuditView): Calls["audit.verify"]["result"] {
  const { records, from, segments, missing, end, lines, problem: broken } = checkSegments(o, o.anchors);
  const problem = broken ?? (o.end && end !== o.end.sequence ? cutOff(o.end, segments, lines) : undefined);
  const found = { records, from, segments: segments.length, missing };
  return { ok: problem === undefined, ...found, ...(problem === undefined ? {} : { problem }) };
}

function cutOff({ segment, sequence }: { segment: number; sequence: number }, segments: readonly number[], lines: number): string {
  const line = segments.includes(segment) ? lines + 1 : 1;
  return `${name(segment)} line ${line} is missing: the audit log should end at record ${sequence}`;
}

/** Throws `damaged` where a segment cannot be joined to the one before at all. */
export function checkSegments(o: Segments, anchors: Anchors): Checked {
  const segments = listSegments(o.io, o.folder);
  // the vault's log says which there were: a whole one that is gone breaks no chain
  const missing = [...new Set(anchors.map((one) => one.segment))].filter((segment) => !segments.includes(segment));
  const found: Checked = { records: 0, from: 0, segments, missing, end: 0, lines: 0 };
  let expected: { sequence: number; hmac: string } | undefined;
  for (const segment of segments) {
    const text = bytesOf(o, segment);
    const start = expected ?? startOf(o.io, o.folder, segment, text);
    const elsewhere = expected ? undefined : beginsElsewhere(anchors, segment, start.hmac);
    if (elsewhere !== undefined) return { ...found, problem: elsewhere };
    // a segment before this one was moved away, or was broken and set aside: what is older cannot be joined to it
    if (!expected) found.from = start.sequence + 1;
    const read = checkSegment(text, start, o.key);
    found.records += read.lines;
    [found.end, found.lines] = [read.sequence, read.lines];
    const problem =
      read.problem === undefined ? anchorProblem(anchors, segment, read) : `${name(segment)} line ${read.line} ${read.problem}`;
    if (problem !== undefined) return { ...found, problem };
    expected = segments.includes(segment + 1) ? { sequence: read.sequence, hmac: read.hmac } : undefined;
  }
  return found;
}

/** A closed segment must end as its anchor in the vault's log says. */
function anchorProblem(anchors: Anchors, segment: number, read: { lines: number; hmac: string }): string | undefined {
  const anchor = anchorOf(anchors, segment);
  if (!anchor || (anchor.hmac === read.hmac && anchor.lines === read.lines)) return undefined;
  if (read.lines < anchor.lines)
    return `${name(segment)} line ${read.lines + 1} is missing: the vault's log says it has ${anchor.lines} lines`;
  return `${name(segment)} line ${anchor.lines} is not the end that the vault's log says it has`;
}

/** Where the segment before was moved away, its anchor still says what the first line follows. */
function beginsElsewhere(anchors: Anchors, segment: number, hmac: string): string | undefined {
  const anchor = anchorOf(anchors, segment - 1);
  return anchor && anchor.hmac !== hmac ? `${name(segment)} line 1 does not follow the segment before it` : undefined;
}

function anchorOf(anchors: Anchors, segment: number): Anchors[number] | undefined {
  return anchors.findLast((one) => one.segment === segment);
}
