/** Whether an audit log is what was written: the chain of all segments that are there, and their ends as the vault's log has them. */
import type { Calls } from "../calls.ts";
import { bytesOf, checkSegment, listSegments, name, type Segments, startOf } from "./audit-segment.ts";
import type { State } from "./state.ts";

/** The audit log as it lies somewhere: its segments, what the vault's log says of closed ones, and where it ends. */
export type AuditView = Segments & { anchors: State["anchors"]; end: { segment: number; sequence: number } | undefined };

/** Every segment that is there, from its first line on; says from which record it could check, and the first broken line. */
export function verifySegments(o: AuditView): Calls["audit.verify"]["result"] {
  const { io, folder, key, anchors } = o;
  const segments = listSegments(io, folder);
  let records = 0;
  let from = 0;
  let [end, lines] = [0, 0];
  let expected: { sequence: number; hmac: string } | undefined;
  let problem: string | undefined;
  for (const segment of segments) {
    const text = bytesOf(o, segment);
    const start = expected ?? startOf(io, folder, segment, text);
    problem = expected ? undefined : beginsElsewhere(anchors, segment, start.hmac);
    if (problem !== undefined) break;
    // a segment before this one was moved away, or was broken and set aside: what is older cannot be joined to it
    if (!expected) from = start.sequence + 1;
    const read = checkSegment(text, start, key);
    records += read.lines;
    [end, lines] = [read.sequence, read.lines];
    problem =
      read.problem === undefined ? anchorProblem(anchors, segment, read) : `${name(segment)} line ${read.line} ${read.problem}`;
    if (problem !== undefined) break;
    expected = segments.includes(segment + 1) ? { sequence: read.sequence, hmac: read.hmac } : undefined;
  }
  if (problem === undefined && o.end && end !== o.end.sequence)
    problem = `${name(o.end.segment)} line ${segments.includes(o.end.segment) ? lines + 1 : 1} is missing: the audit log should end at record ${o.end.sequence}`;
  return { ok: problem === undefined, records, from, segments: segments.length, ...(problem === undefined ? {} : { problem }) };
}

type Anchors = AuditView["anchors"];

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
