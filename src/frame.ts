/**
 * What crosses the agent's socket, in both directions:
 *
 *   "zv1\n" │ length of the header, u32 big-endian │ header, JSON │ body parts │ credential parts
 *
 * The header says how long each part is and never holds a value: values and credentials are the bytes behind it. Its JSON has one
 * spelling, that of JSON.stringify: no spaces, no name twice, no number that a double cannot hold. `frame-reader.ts` reads frames.
 */
import { type ErrorCode, isErrorCode, ZvaultError } from "./errors.ts";
import type { CredentialKind, VaultRef } from "./protocol.ts";
import { isMark, longestMark, type Marks } from "./signs/marks.ts";
import { limits } from "./verbs.ts";

export const magic: Uint8Array = new TextEncoder().encode("zv1\n");
/** magic and length */
export const fixedLength = 8;

/** Bytes, counts, milliseconds. The caller is accepted or cut by its uid before the first byte is read. */
export const frameLimits = {
  header: 16 * 1024 * 1024,
  part: 1024 * 1024,
  body: limits.transaction,
  /** one part an entry, and layouts */
  parts: limits.entries + 64,
  credential: 256 * 1024,
  credentialParts: 256,
  /** from a frame's first byte to its last */
  time: 30_000,
} as const;

/** The client's surroundings as it sees them; the agent serves one user with one set of folders. */
export type FrameEnv = {
  uid: number;
  home: string;
  config: string;
  state: string;
  /** variables of the client that say something of an AI tool (src/signs/marks.ts); they only take rights away */
  marks?: Marks;
};

export type RequestHeader = {
  v: 1;
  build: string;
  verb: string;
  args: Record<string, unknown>;
  vault?: VaultRef;
  env: FrameEnv;
  /** lengths */
  body: number[];
  credential?: { kind: CredentialKind; parts: number[] };
};

export type FrameError = { code: ErrorCode; message: string; hint?: string; names?: string[] };

export type AnswerHeader =
  | { v: 1; build: string; ok: true; result: unknown; body: number[] }
  | { v: 1; build: string; ok: false; error: FrameError; body: number[] };

/** Magic, length and header; the parts follow it on the wire. Throws `too-large` before anything is sent. */
export function printHead(header: RequestHeader | AnswerHeader): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  if (json.length > frameLimits.header) throw tooLarge(`names and arguments take ${json.length} bytes`, frameLimits.header);
  for (const length of header.body)
    if (length > frameLimits.part) throw tooLarge(`one value takes ${length} bytes`, frameLimits.part);
  const total = sum(header.body);
  if (total > frameLimits.body) throw tooLarge(`the values take ${total} bytes`, frameLimits.body);
  const credential = "credential" in header ? sum(header.credential?.parts ?? []) : 0;
  if (credential > frameLimits.credential) throw tooLarge(`the credential takes ${credential} bytes`, frameLimits.credential);
  if (header.body.length > frameLimits.parts) throw tooLarge(`there are ${header.body.length} values`, limits.entries);
  const bytes = new Uint8Array(new ArrayBuffer(fixedLength + json.length));
  bytes.set(magic, 0);
  new DataView(bytes.buffer).setUint32(4, json.length);
  bytes.set(json, fixedLength);
  return bytes;
}

function tooLarge(what: string, most: number): ZvaultError {
  return new ZvaultError("too-large", `${what}, at most ${most} are possible in one request`);
}

/** The error of a frame that is none; `why` must not repeat what the peer sent. */
export function noFrame(why: string): ZvaultError {
  return new ZvaultError("protocol", `the other side sent something that is no frame: ${why}`);
}

/** Length of the header, from the first eight bytes. Throws `protocol`. */
export function parseFixed(bytes: Uint8Array): number {
  if (magic.some((byte, index) => bytes[index] !== byte)) throw noFrame("wrong magic");
  const length = new DataView(bytes.buffer, bytes.byteOffset, fixedLength).getUint32(4);
  if (length > frameLimits.header) throw noFrame(`a header of more than ${frameLimits.header} bytes`);
  return length;
}

/** The header's JSON, in its one spelling. Throws `protocol`. */
export function parseHeaderJson(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  let text: string;
  let canonical: boolean;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
    // a name twice, a number out of range, an escape in a name: all print differently from how they were written
    canonical = JSON.stringify(value) === text;
  } catch {
    throw noFrame("the header is not JSON"); // or nested so deep that it cannot be printed
  }
  if (!isRecord(value)) throw noFrame("the header is no object");
  if (!canonical) throw noFrame("the header's JSON is not spelled as JSON.stringify does");
  if (text.includes('"__proto__":')) throw noFrame("a name that is not allowed");
  if (/(?<!\\)(?:\\\\)*\\ud/.test(text)) throw noFrame("a lone surrogate");
  return value;
}

/** Throws `protocol`, and `other-build` for another version of the frame. */
export function parseRequest(value: Record<string, unknown>): RequestHeader {
  const { verb, args, vault, env, body, credential } = value;
  const build = common(value);
  if (typeof verb !== "string" || verb.length > 64) throw noFrame("no verb");
  if (!isRecord(args)) throw noFrame("no arguments");
  return {
    v: 1,
    build,
    verb,
    args,
    ...(vault === undefined ? {} : { vault: parseVault(vault) }),
    env: parseEnv(env),
    body: lengths(body, frameLimits.parts, frameLimits.part, frameLimits.body),
    ...(credential === undefined ? {} : { credential: parseCredential(credential) }),
  };
}

/** Throws `protocol`, and `other-build` for another version of the frame. */
export function parseAnswer(value: Record<string, unknown>): AnswerHeader {
  const build = common(value);
  const { ok, result, error, body } = value;
  if (ok === true) return { v: 1, build, ok, result, body: lengths(body, frameLimits.parts, frameLimits.part, frameLimits.body) };
  if (ok !== false || !isRecord(error)) throw noFrame("neither a result nor an error");
  const { code, message, hint, names } = error;
  if (typeof code !== "string" || typeof message !== "string") throw noFrame("an error without a code");
  const known = isErrorCode(code) ? code : "internal"; // a later build's code
  return {
    v: 1,
    build,
    ok,
    error: {
      code: known,
      message,
      ...(typeof hint === "string" ? { hint } : {}),
      ...(Array.isArray(names) ? { names: names.filter((name) => typeof name === "string") } : {}),
    },
    body: [],
  };
}

function common({ v, build }: Record<string, unknown>): string {
  if (v !== 1) throw new ZvaultError("other-build", "the other side speaks another version of the protocol", { hint: sealHint });
  if (typeof build !== "string" || build === "" || build.length > 128) throw noFrame("no build");
  return build;
}

/** For everything that two builds disagree on. */
export const sealHint = "run `zvault seal`; the next command starts an agent of this build";

function parseVault(value: unknown): VaultRef {
  const { id, dir, dev, ino } = isRecord(value) ? value : {};
  if (typeof id !== "string" || !/^[0-9a-f]{32}$/.test(id)) throw noFrame("a vault without an id");
  if (!isFolder(dir)) throw noFrame("a vault without a folder");
  if (typeof dev !== "string" || typeof ino !== "string" || !/^\d{1,20}$/.test(dev) || !/^\d{1,20}$/.test(ino)) {
    throw noFrame("a vault without device and inode");
  }
  return { id, dir, dev, ino };
}

function parseEnv(value: unknown): FrameEnv {
  const { uid, home, config, state, marks } = isRecord(value) ? value : {};
  if (!Number.isSafeInteger(uid) || !isFolder(home) || !isFolder(config) || !isFolder(state)) throw noFrame("no surroundings");
  return { uid: uid as number, home, config, state, ...(marks === undefined ? {} : { marks: parseMarks(marks) }) };
}

/** A later build may know more marks than this one: only those that are known here are taken. */
function parseMarks(value: unknown): Marks {
  if (!isRecord(value)) throw noFrame("no marks");
  const known = Object.entries(value).filter(([name]) => isMark(name));
  if (known.some(([, text]) => typeof text !== "string" || text.length > longestMark)) throw noFrame("marks that are none");
  return Object.fromEntries(known) as Marks;
}

function isFolder(value: unknown): value is string {
  return typeof value === "string" && value.startsWith("/") && value.length <= 4096 && !value.includes("\0");
}

function parseCredential(value: unknown): { kind: CredentialKind; parts: number[] } {
  const { kind, parts } = isRecord(value) ? value : {};
  if (kind !== "passphrase" && kind !== "shares" && kind !== "key-file" && kind !== "token")
    throw noFrame("a credential of no kind");
  return { kind, parts: lengths(parts, frameLimits.credentialParts, frameLimits.credential, frameLimits.credential) };
}

function lengths(value: unknown, count: number, each: number, total: number): number[] {
  if (!Array.isArray(value)) throw noFrame("no lengths");
  if (value.length > count) throw noFrame(`more than ${count} parts`);
  const whole = value.every((one): one is number => Number.isSafeInteger(one) && one >= 0 && one <= each);
  if (!whole) throw noFrame(`a part that is not of 0 to ${each} bytes`);
  if (sum(value) > total) throw noFrame(`parts of more than ${total} bytes`);
  return value;
}

function sum(all: readonly number[]): number {
  return all.reduce((before, one) => before + one, 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
