/**
 * One line of the audit log: JSON in ASCII, ending in `,"prev":"…","hmac":"…"}`. The HMAC covers the line's own bytes before
 * `,"hmac":`, so no canonical form is needed and any changed byte is found; `prev` is the HMAC of the line before.
 */
import { signedBytes } from "../audit-signature.ts";
import { hmacHex } from "../crypto/kdf.ts";
import { hex } from "../crypto/hash.ts";
import { equalHex } from "../crypto/equal.ts";
import { random } from "../crypto/random.ts";
import type { Secret } from "../crypto/secret.ts";
import type { Caller } from "../protocol.ts";

export type AuditEntry = {
  /**
   * access: a read, allowed · intent: a change, before it happens · outcome: of an intent · denied · event: of the vault itself ·
   * checkpoint: the signed end of a segment
   */
  kind: "access" | "intent" | "outcome" | "denied" | "event" | "checkpoint";
  /** joins intent, transaction and outcome */
  request: string;
  verb: string;
  /** complete, one line per request */
  paths: readonly string[];
  caller?: Caller;
  /** the policy that decided */
  policy?: string;
  /** what proved presence, if anything did */
  presence?: string;
  /** accessor of the token that asked; stands in `caller` */
  token?: string;
  outcome?: "done" | "failed" | "interrupted";
  /** error code of a denial or a failure */
  code?: string;
  /** plain facts of an event: counts, ids, never a value */
  detail?: Record<string, string | number | boolean>;
};

export type AuditPosition = { segment: number; sequence: number; hmac: string };

/** The chain starts from here in segment 1. */
export const firstPrev = "0".repeat(64);

/** Joins the lines of one request, and its transaction: 16 hex digits. */
export function newRequest(): string {
  return hex(random(8));
}

/** How every line ends. */
const tail = /,"prev":"([0-9a-f]{64})","hmac":"([0-9a-f]{64})"\}$/;
const hmacLength = `,"hmac":"${firstPrev}"}`.length;
const tailLength = `,"prev":"${firstPrev}"`.length + hmacLength;

/** How every line begins: fields stand in our order. */
const start = /^\{"seq":\d+,"time":"[^"]*","kind":"([a-z]+)","request":"([^"]*)",/;
/** characters, more than it takes */
const startLength = 160;

/** A line without its newline, and its HMAC. `sequence` counts from 1 through all segments; `sign` is given for a checkpoint. */
export function printLine(
  entry: AuditEntry,
  sequence: number,
  time: Date,
  prev: string,
  key: Secret,
  sign?: (message: Uint8Array) => Uint8Array,
): [string, string] {
  const { caller, token, kind, request, ...rest } = entry;
  const who = caller && {
    uid: caller.uid,
    pid: caller.pid,
    start: caller.startTime,
    program: caller.program,
    session: caller.session,
    listener: caller.listener,
    accessor: token ?? null,
    verdict: caller.verdict,
    ...(caller.tool === undefined ? {} : { tool: caller.tool }),
    signs: caller.signs,
    ...(caller.inRun ? { inRun: true } : {}),
  };
  const fields = { seq: sequence, time: time.toISOString(), kind, request, ...rest, ...(who ? { caller: who } : {}) };
  const start = ascii(JSON.stringify(fields)).slice(0, -1);
  const signature = sign ? `,"sig":"${hex(sign(signedBytes(start)))}"` : "";
  const body = `${start}${signature},"prev":"${prev}"`;
  const mac = hmacHex(key, Buffer.from(body, "latin1"));
  return [`${body},"hmac":"${mac}"}`, mac];
}

/** True for a line that this vault's agent wrote, wherever it stands. */
export function isOurs(line: string, key: Secret): boolean {
  const written = tail.exec(line)?.[2] ?? "";
  return equalHex(hmacHex(key, Buffer.from(line.slice(0, -hmacLength), "latin1")), written);
}

/** Whole lines, as bytes and as text (latin1, so that places are the same): one is quick to hash, the other to take apart. */
export type Lines = { bytes: Buffer; text: string };

/** Why the line at `from` to `end` is not the one that follows `prev`, or its HMAC and sequence. */
export function checkLine(
  { bytes, text }: Lines,
  [from, end]: readonly [number, number],
  [sequence, prev]: readonly [number, string],
  key: Secret,
): { problem: string } | { hmac: string } {
  const found = tail.exec(text.slice(Math.max(from, end - tailLength), end));
  if (!found?.[1] || !found[2]) return { problem: "is no audit line" };
  const mac = hmacHex(key, bytes.subarray(from, end - hmacLength));
  if (!equalHex(mac, found[2])) return { problem: "was changed (its HMAC does not fit)" };
  if (found[1] !== prev) return { problem: "does not follow the line before it (a line was cut out, moved or put in)" };
  if (!text.startsWith(`{"seq":${sequence},`, from)) return { problem: `is not number ${sequence}` };
  return { hmac: found[2] };
}

/** Of a line that was checked; the rest of it is not parsed. */
export function startOfLine(text: string, from: number, end: number): Pick<AuditEntry, "kind" | "request"> {
  const [, kind, request] = start.exec(text.slice(from, Math.min(end, from + startLength))) ?? [];
  // the first builds wrote other orders
  if (kind === undefined || request === undefined) return JSON.parse(text.slice(from, end)) as AuditEntry;
  return { kind: kind as AuditEntry["kind"], request };
}

/** Names come from outside: everything beyond printable ASCII is escaped, so no terminal and no reader is led astray. */
function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
