/**
 * Paths of secrets. Case-sensitive and never repaired: a text is a path, or it is refused with the place that is wrong.
 * 1–16 segments of 1–128 bytes out of [A-Za-z0-9._-], none of them "." or "..", at most 512 bytes. One leading "/" or
 * "zvault://" is taken off by `parsePath`, because people type it.
 */
import { ZvaultError } from "./errors.ts";
import { limits } from "./verbs.ts";

const segment = /^[A-Za-z0-9._-]+$/;
/** A whole path, for the thousands that are one; what it refuses is looked at again for the reason. */
const whole = /^(?!\.\.?(?:\/|$))[A-Za-z0-9._-]{1,128}(?:\/(?!\.\.?(?:\/|$))[A-Za-z0-9._-]{1,128}){0,15}$/;

function refuse(text: string, why: string): ZvaultError {
  // what was typed may hold anything: it is echoed escaped and cut
  return new ZvaultError("usage", `${JSON.stringify(text.slice(0, 80))} is not a path: ${why}`, {
    hint: "segments of A-Z a-z 0-9 . _ - joined by /, as in env/shop/DATABASE_URL",
  });
}

/** The reason why `text` is no canonical path, or undefined if it is one. */
export function pathProblem(text: string): string | undefined {
  if (text.length <= limits.path && whole.test(text)) return undefined;
  if (text.length > limits.path) return `longer than ${limits.path} bytes`;
  const parts = text.split("/");
  if (parts.length > limits.segments) return `more than ${limits.segments} segments`;
  for (const [index, part] of parts.entries()) {
    const place = `segment ${index + 1}`;
    if (part === "") return `${place} is empty`;
    if (part === "." || part === "..") return `${place} is ${part}`;
    if (part.length > limits.segment) return `${place} is longer than ${limits.segment} bytes`;
    if (!segment.test(part)) return `${place} has a character that is not allowed`;
  }
  return undefined;
}

/** True for what engines keep their keys under: no verb about secrets reads, lists, writes or names it. */
export function isReserved(path: string): boolean {
  return path === "sys" || path.startsWith("sys/");
}

/** A canonical path as it stands in frames and records. Throws `usage`. */
export function checkPath(text: string): string {
  const why = pathProblem(text);
  if (why !== undefined) throw refuse(text, why);
  return text;
}

/** A path as a person types it. Throws `usage`. */
export function parsePath(text: string): string {
  if (text.startsWith("zvault://")) return checkPath(text.slice("zvault://".length));
  return checkPath(text.startsWith("/") ? text.slice(1) : text);
}

/** A prefix for listing: "" for everything, else a path with or without a "/" at the end. Throws `usage`. */
export function checkPrefix(text: string): string {
  if (text === "") return "";
  const bare = text.endsWith("/") ? text.slice(0, -1) : text;
  return `${checkPath(bare)}${text.endsWith("/") ? "/" : ""}`;
}

/** Whether a prefix, as `checkPrefix` takes it, has the path: itself, or what is below. */
export function isBelow(path: string, prefix: string): boolean {
  if (prefix === "" || path === prefix) return true;
  return path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
}

/** Where a value may be sent, as an allowance holds it: PATH@HOST. A path has no "@", a field goes where its value goes. */
export function sentTo(path: string, host: string): string {
  return `${path}@${host}`;
}

/** Text of a file, for people: what could pass for another letter, or move a cursor, is shown as a number. */
export function printHost(host: string): string {
  return host.replace(/[^\x21-\x7e]/gu, (one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`);
}
