/** What comes over a door is checked here, verb by verb, before anybody decides on it. Throws `usage` and names the field. */
import type { Calls } from "../calls.ts";
import { ZvaultError } from "../errors.ts";
import { checkPath, checkPrefix, isReserved } from "../path.ts";
import { capabilities, limits, type Verb, type VerbName } from "../verbs.ts";
import { nameOf } from "./name.ts";
import { parsePolicy } from "../policy/parse.ts";
import { tokenLimits } from "./tokens/token.ts";

type Fields = Record<string, unknown>;
type Check = (value: unknown, name: string) => void;

function refuse(name: string, what: string): never {
  throw new ZvaultError("usage", `${name} must be ${what}`);
}

const text =
  (max: number): Check =>
  (value, name) => {
    if (typeof value !== "string" || value.length > max || value.includes("\0")) refuse(name, `text of up to ${max} characters`);
  };
const whole =
  (min: number, max: number): Check =>
  (value, name) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max)
      refuse(name, `a number from ${min} to ${max}`);
  };
const oneOf =
  (...allowed: string[]): Check =>
  (value, name) => {
    if (typeof value !== "string" || !allowed.includes(value)) refuse(name, `one of ${allowed.join(", ")}`);
  };
const truth: Check = (value, name) => {
  if (typeof value !== "boolean") refuse(name, "true or false");
};
const list =
  (item: Check, max: number): Check =>
  (value, name) => {
    if (!Array.isArray(value) || value.length > max) return refuse(name, `a list of up to ${max}`);
    for (const [at, one] of value.entries()) item(one, `${name}[${at}]`);
  };
const object =
  (required: Record<string, Check>, optional: Record<string, Check> = {}): Check =>
  (value, name) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(name, "an object");
    const fields = value as Fields;
    for (const key of Object.keys(fields)) {
      if (!Object.hasOwn(required, key) && !Object.hasOwn(optional, key))
        throw new ZvaultError("usage", `${name} has an unknown field ${JSON.stringify(key.slice(0, 40))}`);
    }
    for (const [key, check] of Object.entries(required)) check(fields[key], `${name}.${key}`);
    for (const [key, check] of Object.entries(optional)) if (Object.hasOwn(fields, key)) check(fields[key], `${name}.${key}`);
  };

/** Throws `denied` for what belongs to engines. */
function free(path: string): void {
  if (isReserved(path))
    throw new ZvaultError("denied", "paths that begin with sys/ are zvault's own", {
      hint: "`zvault transit` uses the keys there",
    });
}
const path: Check = (value, name) => {
  if (typeof value !== "string") refuse(name, "a path");
  free(checkPath(value as string));
};
const prefix: Check = (value, name) => {
  if (typeof value !== "string") refuse(name, "a path or nothing");
  free(checkPrefix(value as string));
};
const field: Check = (value, name) => {
  if (typeof value !== "string" || !/^[A-Za-z0-9._-]{1,128}$/.test(value)) refuse(name, "a field name of A-Z a-z 0-9 . _ -");
};
const fields: Check = (value, name) => {
  list(field, limits.fields)(value, name);
  if (new Set(value as string[]).size !== (value as string[]).length || (value as string[]).length === 0)
    refuse(name, "different names, at least one");
};
const absolute: Check = (value, name) => {
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
const folder: Check = (value, name) => {
  if (typeof value !== "string" || value.length > 4096 || value.includes("\0") || value.startsWith("/"))
    return refuse(name, "a relative folder");
  if (value !== "." && value.split("/").some((part) => part === "" || part === "." || part === ".."))
    refuse(name, "a relative folder");
};
/** As `folder`, or the absolute path of one elsewhere: bound to nothing, but a person may allow it something. */
const anyFolder: Check = (value, name) => {
  if (typeof value === "string" && value.startsWith("/")) absolute(value, name);
  else folder(value, name);
};
const project: Check = (value, name) => {
  if (typeof value !== "string" || !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(value)) refuse(name, "a project name: a-z 0-9 . _ -");
};
const variable: Check = (value, name) => {
  if (typeof value !== "string" || value === "" || value.length > 255 || /[=\0\n]/.test(value)) refuse(name, "a variable name");
};
const moment: Check = (value, name) => {
  const fits = typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value);
  // nothing was current at a time that is none
  if (!fits || Number.isNaN(Date.parse(value))) refuse(name, "a time, RFC 3339, in UTC");
};
const digits: Check = (value, name) => {
  if (typeof value !== "string" || !/^\d{1,20}$/.test(value)) refuse(name, "a number in digits");
};
const label = text(64);
const put = {
  class: oneOf("secret", "setting"),
  audience: oneOf("local", "env", "everyone"),
  description: text(limits.description),
};
const version = whole(1, 2 ** 31);
const reference = object({ path }, { field, version });
const host = text(limits.host);
const sent = object({ path }, { field, version, hosts: list(host, limits.hosts) });
/** PATH, or PATH@HOST: a path has no "@" */
const allowed: Check = (value, name) => {
  if (typeof value !== "string") return refuse(name, "a path, or PATH@HOST");
  const at = value.indexOf("@");
  path(at === -1 ? value : value.slice(0, at), name);
  if (at !== -1 && at === value.length - 1) refuse(name, "a path, or PATH@HOST");
  host(value.slice(at + 1), name);
};
const shares = { shares: whole(2, 255), threshold: whole(2, 255) };
const expected: Check = (value, name) => {
  if (typeof value !== "object" || value === null) return refuse(name, "an object");
  for (const [key, number] of Object.entries(value)) {
    path(key, name);
    whole(0, 2 ** 31)(number, name);
  }
};
const policyName: Check = (value, name) => {
  if (typeof value !== "string") return refuse(name, "a name");
  nameOf(value, "policy");
};
const policyText: Check = (value, name) => {
  if (typeof value !== "string") return refuse(name, "the text of a policy");
  parsePolicy(value);
};
/** As a prefix; policy decides below sys/ too. */
const anyPath: Check = (value, name) => {
  if (typeof value !== "string") return refuse(name, "a path or nothing");
  checkPrefix(value);
};
const needs: Check = (value, name) => {
  list(oneOf(...capabilities), capabilities.length)(value, name);
  if ((value as string[]).length === 0) refuse(name, "at least one capability");
};
const seconds = whole(1, 7 * 24 * 3600);
/** Of tokens: up to ten years. */
const time = whole(1, 10 * 366 * 24 * 3600);
/** In its one spelling; whoever types it is told more (`name.ts`). */
const role: Check = (value, name) => {
  const fits = typeof value === "string" && /^[a-z0-9._-]{1,64}$/.test(value) && value !== "." && value !== "..";
  if (!fits) refuse(name, "a name of 1 to 64 of a-z 0-9 . _ -");
};
const names = list(role, tokenLimits.policies);
const accessor: Check = (value, name) => {
  if (typeof value !== "string" || !/^[0-9a-f]{24}$/.test(value)) refuse(name, "an accessor");
};
const terms = {
  ttl: time,
  maxTtl: time,
  explicitMaxTtl: time,
  period: time,
  uses: whole(1, tokenLimits.uses),
  renewable: truth,
  forTool: truth,
};
const pinned: Check = (value, name) => {
  if (typeof value !== "string" || !/^\d{1,15}:[0-9a-f]{64}$/.test(value))
    refuse(name, "SEQUENCE:HASH, as `zvault status --json` shows it");
};
const filter = {
  verb: text(64),
  under: anyPath,
  program: text(4096),
  outcome: oneOf("done", "failed", "interrupted", "denied"),
  since: moment,
  request: text(64),
};
const keyName: Check = (value, name) => {
  if (typeof value !== "string" || !/^(?!\.\.?$)[A-Za-z0-9._-]{1,64}$/.test(value)) refuse(name, "a key's name: A-Z a-z 0-9 . _ -");
};
const shape = { aad: truth, context: truth };
const pieces = list(whole(0, 1000), limits.transitItems);
const chunkNumber = whole(0, 2 ** 31);
const bits: Check = (value, name) => {
  if (value !== 128 && value !== 256 && value !== 512) refuse(name, "128, 256 or 512");
};
const streamId: Check = (value, name) => {
  if (typeof value !== "string" || !/^[0-9a-f]{32}$/.test(value)) refuse(name, "32 hex digits");
};
const nothing = object({});

const checks: Record<VerbName, Check> = {
  "agent.status": nothing,
  "agent.unseal": object({}, { lifetime: seconds, idle: seconds, acceptRollback: truth, expectHead: pinned }),
  "agent.seal": nothing,
  "vault.init": object({ dir: absolute, slot: oneOf("identity", "key-file", "shares", "passphrase") }, { ...shares, label }),
  "vault.status": nothing,
  "vault.adopt": nothing,
  "vault.verify": nothing,
  "vault.compact": nothing,
  "vault.rotate": nothing,
  "vault.rekey": object({}, { newShares: object(shares) }),
  "access.list": nothing,
  "access.add": object({ kind: oneOf("identity", "shares", "key-file", "passphrase") }, { label, ...shares }),
  "access.remove": object({ slot: text(64) }),
  "access.test": nothing,
  "identity.show": nothing,
  "backup.create": object({ out: absolute }),
  "backup.sync": nothing,
  "backup.list": nothing,
  "backup.look": object({ dir: absolute, from: text(4096) }, { id: text(32) }),
  "backup.restore": object({ dir: absolute, from: text(4096) }, { id: text(32) }),
  "kv.put": object(
    { path },
    { ...put, fields, cas: whole(0, 2 ** 31), generate: object({ kind: text(16), length: whole(1, 4096) }) },
  ),
  "kv.get": reference,
  "kv.list": object({ prefix }, { deleted: truth }),
  "kv.history": object({ path }),
  "kv.metadata": object({ path }, { ...put, exposed: truth }),
  "kv.expose": object({ paths: list(path, limits.entries) }),
  "kv.delete": object({ path }),
  "kv.undelete": object({ path }, { version }),
  "kv.undo": object({ path }, { to: version }),
  "kv.destroy": object({ path }, { versions: list(version, 1000) }),
  "kv.import": object(
    {
      project,
      folder,
      bind: truth,
      entries: list(object({ path }, { ...put, expand: truth }), limits.entries),
      layouts: list(object({ path }), 2000),
    },
    {
      expect: expected,
      also: list(object({ project, folder }), 1000),
      hosts: list(object({ folder, refs: list(allowed, 1000) }), 1000),
    },
  ),
  "kv.resolve": object(
    { folder: anyFolder, refs: list(sent, limits.entries) },
    { dangerous: list(variable, 1000), starts: text(64) },
  ),
  "kv.watch": object({ folder: anyFolder, refs: list(sent, limits.entries) }, { seen: list(whole(0, 2 ** 31), limits.entries) }),
  "kv.export": object(
    { folder: anyFolder, refs: list(sent, limits.entries) },
    { at: moment, until: object({ path: absolute, dev: digits, ino: digits }) },
  ),
  "project.list": nothing,
  "project.allow": object({ folder: anyFolder }, { refs: list(allowed, 1000), dangerous: list(variable, 1000) }),
  "transit.list": nothing,
  "transit.read": object({ name: keyName }),
  "transit.create": object(
    { name: keyName, type: oneOf("aes256-gcm96", "chacha20-poly1305", "ed25519", "ecdsa-p256", "hmac") },
    { derived: truth },
  ),
  "transit.config": object({ name: keyName }, { minDecrypt: version, minEncrypt: whole(0, 2 ** 31), deletable: truth }),
  "transit.rotate": object({ name: keyName }),
  "transit.trim": object({ name: keyName, before: version }),
  "transit.delete": object({ name: keyName }),
  "transit.encrypt": object(
    { name: keyName },
    { ...shape, version, stream: object({ from: chunkNumber, last: truth }, { id: streamId }) },
  ),
  "transit.decrypt": object(
    { name: keyName },
    { ...shape, stream: object({ id: streamId, version, from: chunkNumber, last: truth }) },
  ),
  "transit.rewrap": object({ name: keyName }, { ...shape, version }),
  "transit.datakey": object({ name: keyName }, { ...shape, version, bits }),
  "transit.sign": object({ name: keyName }, { version, pieces }),
  "transit.hmac": object({ name: keyName }, { version, pieces }),
  "transit.verify": object({ name: keyName }, { pieces }),
  "transit.random": object({ bytes: whole(1, limits.value) }),
  "transit.hash": object({ algorithm: oneOf("sha2-256", "sha2-384", "sha2-512") }, { pieces }),
  "policy.list": nothing,
  "policy.read": object({ name: policyName }),
  "policy.write": object({ name: policyName, text: policyText }),
  "policy.delete": object({ name: policyName }),
  "policy.test": object({ path: anyPath, needs, list: truth }, { policies: list(policyName, 32), tool: truth }),
  "token.create": object({}, { ...terms, name: text(64), policies: names, orphan: truth }),
  "token.root": object({}, { ttl: time }),
  "token.lookup": object({}, { accessor }),
  "token.list": nothing,
  "token.renew": object({}, { accessor, increment: time }),
  "token.revoke": object({}, { accessor }),
  "approle.list": nothing,
  "approle.read": object({ role }),
  "approle.write": object(
    { role, policies: names },
    { token: object({}, terms), secretIdTtl: whole(0, 2 ** 31), secretIdUses: whole(0, 2 ** 31) },
  ),
  "approle.delete": object({ role }),
  "approle.secret-id": object({ role }),
  "approle.secret-ids": object({ role }),
  "approle.revoke": object({ role, accessor }),
  "approle.login": object({ roleId: text(64) }),
  "audit.verify": nothing,
  "audit.key": nothing,
  "audit.hash": nothing,
  "audit.uses": object({ path }),
  "audit.stats": object({}, { since: moment }),
  "audit.offboard": object({}, { program: text(4096), uid: whole(0, 2 ** 32 - 2), person: text(256), accessor, role }),
  "audit.tail": object({}, { ...filter, lines: whole(1, limits.auditTail), after: whole(0, 2 ** 53 - 1), wait: truth }),
};

export function checkArgs<V extends VerbName>(verb: V, args: unknown): Calls[V]["args"] {
  checks[verb](args, "args");
  return args as Calls[V]["args"];
}

const withoutHost = (ref: string): string => ref.split("@", 1)[0] ?? "";

/** The vault paths a request touches, as the verb table says. */
export function pathsOf(kind: Verb["paths"], args: unknown): string[] {
  const fieldsOf = args as {
    name?: string;
    path?: string;
    prefix?: string;
    entries?: { path: string }[];
    layouts?: { path: string }[];
    refs?: (string | { path: string })[];
    paths?: string[];
    project?: string;
    also?: { project: string }[];
    expect?: Record<string, number>;
    hosts?: { refs: string[] }[];
    role?: string;
  };
  const entryPaths = [...(fieldsOf.entries ?? []), ...(fieldsOf.layouts ?? [])].map((one) => one.path);
  const projects = [fieldsOf.project ?? "", ...(fieldsOf.also ?? []).map((one) => one.project)];
  const touched = new Set(entryPaths.map((path) => path.split("/", 2)[1]));
  const bare = projects.filter((name) => !touched.has(name));
  const besides = [...Object.keys(fieldsOf.expect ?? {}), ...(fieldsOf.hosts ?? []).flatMap(({ refs }) => refs.map(withoutHost))];
  switch (kind) {
    case "path":
      return [fieldsOf.path ?? ""];
    case "prefix":
      return [fieldsOf.prefix ?? ""];
    case "paths":
      return fieldsOf.paths ?? [];
    case "entries":
      // a project without an entry is only bound to its folder: decided where its values will be. What may be sent to a host, and whose
      // version is asked for, is touched like what is written
      return [...new Set([...entryPaths, ...bare.map((name) => `env/${name}`), ...besides])];
    case "refs":
      return (fieldsOf.refs ?? []).map((one) => (typeof one === "string" ? withoutHost(one) : one.path));
    case "policy":
      return [`sys/policies/${nameOf(fieldsOf.name ?? "", "policy")}`];
    case "role":
      return [`auth/approle/role/${fieldsOf.role ?? ""}`];
    case "none":
      return [];
    default:
      return [kind.replace("NAME", fieldsOf.name ?? "")];
  }
}
