/** Fields that several verbs have: what a path, a name, a time, a number of uses may be. */
import { ZvaultError } from "../errors.ts";
import { checkPath, checkPrefix, isReserved } from "../path.ts";
import { parsePolicy } from "../policy/parse.ts";
import { capabilities, limits } from "../verbs.ts";
import { type Check, list, object, oneOf, refuse, text, truth, whole } from "./check.ts";
import { nameOf } from "./name.ts";
import { tokenLimits } from "./tokens/token.ts";

/** Throws `denied` for what belongs to engines. */
function free(path: string): void {
  if (isReserved(path))
    throw new ZvaultError("denied", "paths that begin with sys/ are zvault's own", {
      hint: "`zvault transit` uses the keys there",
    });
}
export const path: Check = (value, name) => {
  if (typeof value !== "string") refuse(name, "a path");
  free(checkPath(value as string));
};
export const prefix: Check = (value, name) => {
  if (typeof value !== "string") refuse(name, "a path or nothing");
  free(checkPrefix(value as string));
};
const field: Check = (value, name) => {
  if (typeof value !== "string" || !/^[A-Za-z0-9._-]{1,128}$/.test(value)) refuse(name, "a field name of A-Z a-z 0-9 . _ -");
};
export const fields: Check = (value, name) => {
  list(field, limits.fields)(value, name);
  if (new Set(value as string[]).size !== (value as string[]).length || (value as string[]).length === 0)
    refuse(name, "different names, at least one");
};
export const absolute: Check = (value, name) => {
  if (
    typeof value !== "string" ||
    !value.startsWith("/") ||
    value.length > 4096 ||
    /\/\.{0,2}(\/|$)/.test(`${value}`) ||
    value.includes("\0")
  ) {
    refuse(name, "an absolute path without . and ..");
  }
};
/** Relative to the folder of the vault: "." or a/b. */
export const folder: Check = (value, name) => {
  if (typeof value !== "string" || value.length > 4096 || value.includes("\0") || value.startsWith("/"))
    return refuse(name, "a relative folder");
  if (value !== "." && value.split("/").some((part) => part === "" || part === "." || part === ".."))
    refuse(name, "a relative folder");
};
/** As `folder`, or the absolute path of one elsewhere: bound to nothing, but a person may allow it something. */
export const anyFolder: Check = (value, name) => {
  if (typeof value === "string" && value.startsWith("/")) absolute(value, name);
  else folder(value, name);
};
export const project: Check = (value, name) => {
  if (typeof value !== "string" || !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(value)) refuse(name, "a project name: a-z 0-9 . _ -");
};
export const variable: Check = (value, name) => {
  if (typeof value !== "string" || value === "" || value.length > 255 || /[=\0\n]/.test(value)) refuse(name, "a variable name");
};
export const moment: Check = (value, name) => {
  const fits = typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value);
  // nothing was current at a time that is none
  if (!fits || Number.isNaN(Date.parse(value))) refuse(name, "a time, RFC 3339, in UTC");
};
export const digits: Check = (value, name) => {
  if (typeof value !== "string" || !/^\d{1,20}$/.test(value)) refuse(name, "a number in digits");
};
export const label = text(64);
export const put = {
  class: oneOf("secret", "setting"),
  audience: oneOf("local", "env", "everyone"),
  description: text(limits.description),
};
export const version = whole(1, 2 ** 31);
export const reference = object({ path }, { field, version });
const host = text(limits.host);
export const sent = object({ path }, { field, version, hosts: list(host, limits.hosts) });
/** PATH, or PATH@HOST: a path has no "@" */
export const allowed: Check = (value, name) => {
  if (typeof value !== "string") return refuse(name, "a path, or PATH@HOST");
  const at = value.indexOf("@");
  path(at === -1 ? value : value.slice(0, at), name);
  if (at !== -1 && at === value.length - 1) refuse(name, "a path, or PATH@HOST");
  host(value.slice(at + 1), name);
};
export const shares = { shares: whole(2, 255), threshold: whole(2, 255) };
export const expected: Check = (value, name) => {
  if (typeof value !== "object" || value === null) return refuse(name, "an object");
  for (const [key, number] of Object.entries(value)) {
    path(key, name);
    whole(0, 2 ** 31)(number, name);
  }
};
export const policyName: Check = (value, name) => {
  if (typeof value !== "string") return refuse(name, "a name");
  nameOf(value, "policy");
};
export const policyText: Check = (value, name) => {
  if (typeof value !== "string") return refuse(name, "the text of a policy");
  parsePolicy(value);
};
/** As a prefix; policy decides below sys/ too. */
export const anyPath: Check = (value, name) => {
  if (typeof value !== "string") return refuse(name, "a path or nothing");
  checkPrefix(value);
};
export const needs: Check = (value, name) => {
  list(oneOf(...capabilities), capabilities.length)(value, name);
  if ((value as string[]).length === 0) refuse(name, "at least one capability");
};
export const seconds = whole(1, 7 * 24 * 3600);
/** Of tokens: up to ten years. */
export const time = whole(1, 10 * 366 * 24 * 3600);
/** In its one spelling; whoever types it is told more (`name.ts`). */
export const role: Check = (value, name) => {
  const fits = typeof value === "string" && /^[a-z0-9._-]{1,64}$/.test(value) && value !== "." && value !== "..";
  if (!fits) refuse(name, "a name of 1 to 64 of a-z 0-9 . _ -");
};
export const names = list(role, tokenLimits.policies);
export const accessor: Check = (value, name) => {
  if (typeof value !== "string" || !/^[0-9a-f]{24}$/.test(value)) refuse(name, "an accessor");
};
export const terms = {
  ttl: time,
  maxTtl: time,
  explicitMaxTtl: time,
  period: time,
  uses: whole(1, tokenLimits.uses),
  renewable: truth,
  forTool: truth,
};
export const pinned: Check = (value, name) => {
  if (typeof value !== "string" || !/^\d{1,15}:[0-9a-f]{64}$/.test(value))
    refuse(name, "SEQUENCE:HASH, as `zvault status --json` shows it");
};
export const filter = {
  verb: text(64),
  under: anyPath,
  program: text(4096),
  outcome: oneOf("done", "failed", "interrupted", "denied"),
  since: moment,
  request: text(64),
};
export const keyName: Check = (value, name) => {
  if (typeof value !== "string" || !/^(?!\.\.?$)[A-Za-z0-9._-]{1,64}$/.test(value)) refuse(name, "a key's name: A-Z a-z 0-9 . _ -");
};
export const shape = { aad: truth, context: truth };
export const pieces = list(whole(0, 1000), limits.transitItems);
export const chunkNumber = whole(0, 2 ** 31);
export const bits: Check = (value, name) => {
  if (value !== 128 && value !== 256 && value !== 512) refuse(name, "128, 256 or 512");
};
export const streamId: Check = (value, name) => {
  if (typeof value !== "string" || !/^[0-9a-f]{32}$/.test(value)) refuse(name, "32 hex digits");
};
export const nothing = object({});
