/**
 * The signed end of an audit segment, checked with the public key alone (docs/format.md, "Audit log"). The last line of a closed segment
 * is a checkpoint: `detail` holds the vault, the segment's number and SHA-256 of all lines before it, `sig` is Ed25519 (RFC 8032) over
 * what stands before it in that line. HMACs need the vault's keys; here they are texts that must join line to line.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { ZvaultError } from "./errors.ts";

export type AuditPublicKey = {
  /** vault id, 32 hex digits */
  vault: string;
  /** 64 hex digits */
  public: string;
};

const label = "zvault-audit-1";
const context = "zvault audit checkpoint 1\0";

/** One line, without a newline. */
export function printAuditKey(key: AuditPublicKey): string {
  return `${label} ${key.vault} ${key.public}`;
}

/** Throws `usage` for anything but what `printAuditKey` gives, with a newline or without. */
export function parseAuditKey(text: string): AuditPublicKey {
  const found = /^zvault-audit-1 ([0-9a-f]{32}) ([0-9a-f]{64})\n?$/.exec(text);
  if (found?.[1] && found[2]) return { vault: found[1], public: found[2] };
  throw new ZvaultError("usage", "this is no public key of an audit log", { hint: "zvault audit key > audit.pub" });
}

/** What is signed: `start` is the line up to `,"sig":`. */
export function signedBytes(start: string): Uint8Array {
  return Buffer.from(context + start, "latin1");
}

export type SegmentText = { segment: number; text: string };

export type SignedReport = {
  ok: boolean;
  /** records that signatures cover; 0 when none does */
  from: number;
  to: number;
  records: number;
  /** segments whose signature is good */
  signed: number[];
  /** the first thing that is wrong, with its place */
  problem?: string;
  /** what no signature covers, and what is not there */
  unchecked: string[];
};

type Line = { sequence: number; start: string; prev: string; hmac: string; sig: string | undefined };
type End = { sequence: number; hmac: string };
type Reading = {
  lines: number;
  first: Line | undefined;
  end: End | undefined;
  /** lines up to the last good signature, that line included, and the record it is */
  covered: number;
  upTo: number;
  /** the first segment of the vault whose end is signed, as a signature says */
  since: number;
  /** text without a newline at the end: a line that is being written, or that was cut short */
  rest: boolean;
  problem?: string;
};

export const segmentFile = (segment: number): string => `${String(segment).padStart(6, "0")}.jsonl`;

/** `segments`: those that are there, by number. Stops at the first thing that is wrong. */
export function checkSigned(segments: readonly SegmentText[], key: AuditPublicKey): SignedReport {
  const report: SignedReport = { ok: true, from: 0, to: 0, records: 0, signed: [], unchecked: [] };
  let before: { segment: number; end: End | undefined } = { segment: 0, end: { sequence: 0, hmac: "0".repeat(64) } };
  let since = Number.POSITIVE_INFINITY;
  const bare: { segment: number; lines: number }[] = [];
  for (const [at, { segment, text }] of segments.entries()) {
    const last = at === segments.length - 1;
    const follows = segment === before.segment + 1;
    const read = readSegment(segment, text, key, follows ? before.end : undefined);
    since = Math.min(since, read.since);
    const half = read.rest && !last ? `${segmentFile(segment)} line ${read.lines + 1} is cut short` : undefined;
    const problem = read.problem ?? half;
    if (problem !== undefined) return { ...report, ok: false, problem };
    if (!last && (read.covered < read.lines || read.lines === 0)) bare.push({ segment, lines: read.lines });
    if (!follows) report.unchecked.push(`what was before ${segmentFile(segment)}: it is not here`);
    if (read.covered > 0) {
      report.signed.push(segment);
      report.records += read.covered;
      report.from ||= read.first?.sequence ?? 0;
      report.to = read.upTo;
    }
    if (read.covered < read.lines) report.unchecked.push(bareLines(segment, read, last));
    if (read.rest) report.unchecked.push(`half a line at the end of ${segmentFile(segment)}`);
    before = { segment, end: read.end };
  }
  const stripped = bare.find(({ segment }) => segment >= since);
  if (stripped) {
    const place = `${segmentFile(stripped.segment)} line ${stripped.lines + 1}`;
    return { ...report, ok: false, problem: `${place}, the signed end, is missing` };
  }
  report.unchecked.push(`whether the log went on after record ${before.end?.sequence ?? 0}`);
  return report;
}

function bareLines(segment: number, { lines, covered }: Reading, last: boolean): string {
  const which = lines === covered + 1 ? `line ${lines}` : `lines ${covered + 1} to ${lines}`;
  const why = last ? "not signed yet, or the signed end was cut off" : "closed by a release that did not sign";
  return `${segmentFile(segment)} ${which}: ${why}`;
}

/** Joins line to line, and those before a checkpoint to its signature. `from`: where the segment before ends, if that is known. */
function readSegment(segment: number, text: string, key: AuditPublicKey, from: End | undefined): Reading {
  const never = Number.POSITIVE_INFINITY;
  const reading: Reading = { lines: 0, first: undefined, end: from, covered: 0, upTo: 0, since: never, rest: false };
  const wrong = (what: string): Reading => ({ ...reading, problem: `${segmentFile(segment)} line ${reading.lines + 1} ${what}` });
  for (let at = 0; at < text.length;) {
    const stop = text.indexOf("\n", at);
    if (stop === -1) return { ...reading, rest: true };
    const line = parseLine(text.slice(at, stop));
    if (!line) return wrong("is no audit line");
    const { end } = reading;
    if (end && line.prev !== end.hmac)
      return wrong("does not follow the line before it (a line was cut out, moved, changed or put in)");
    if (end && line.sequence !== end.sequence + 1) return wrong(`is not number ${end.sequence + 1}`);
    if (line.sig !== undefined) {
      const sum = createHash("sha256")
        .update(Buffer.from(text.slice(0, at), "latin1"))
        .digest("hex");
      const signed = checkEnd(line, { segment, sum, lines: reading.lines }, key);
      if ("problem" in signed) return wrong(signed.problem);
      Object.assign(reading, { covered: reading.lines + 1, upTo: line.sequence, since: Math.min(reading.since, signed.since) });
    }
    reading.lines += 1;
    reading.first ??= line;
    reading.end = { sequence: line.sequence, hmac: line.hmac };
    at = stop + 1;
  }
  return reading;
}

const shape =
  /^(\{"seq":(\d{1,15}),"time":"[^"]*","kind":"([a-z]+)",.*?)(?:,"sig":"([0-9a-f]{128})")?,"prev":"([0-9a-f]{64})","hmac":"([0-9a-f]{64})"\}$/;

function parseLine(text: string): Line | undefined {
  const [, start = "", sequence = "", kind, sig, prev = "", hmac = ""] = shape.exec(text) ?? [];
  if (start === "" || (kind === "checkpoint") !== (sig !== undefined)) return undefined;
  return { sequence: Number(sequence), start, prev, hmac, sig };
}

type Wanted = { segment: number; sum: string; lines: number };

function checkEnd(line: Line, wanted: Wanted, key: AuditPublicKey): { since: number } | { problem: string } {
  if (!isSigned(line, key)) return { problem: "is not signed by this key" };
  // what stands there is the agent's own from here on
  const { detail } = JSON.parse(`${line.start}}`) as { detail: Record<string, unknown> };
  if (detail["vault"] !== key.vault) return { problem: "is of another vault" };
  if (detail["segment"] !== wanted.segment) return { problem: `is the end of ${segmentFile(Number(detail["segment"]))}` };
  if (detail["sha256"] !== wanted.sum)
    return { problem: `does not fit the lines before it: one of 1 to ${wanted.lines} was changed (the vault's keys tell which)` };
  return { since: Number(detail["since"]) };
}

function isSigned({ start, sig }: Line, key: AuditPublicKey): boolean {
  try {
    const made = createPublicKey({ key: Buffer.from(key.public, "hex"), format: "raw-public", asymmetricKeyType: "ed25519" });
    return verify(null, signedBytes(start), made, Buffer.from(sig ?? "", "hex"));
  } catch {
    return false;
  }
}
