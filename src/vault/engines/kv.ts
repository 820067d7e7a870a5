/**
 * Secrets with versions. Every function takes a Receipt: no audit record, no call. Changes are decided against the state and appended
 * in one synchronous step; the gate waits for the disk.
 */
import type { Calls } from "../../calls.ts";
import type { SecretInfo, VersionInfo } from "../../calls/kv.ts";
import { hex } from "../../crypto/hash.ts";
import { random } from "../../crypto/random.ts";
import type { Secret } from "../../crypto/secret.ts";
import { ZvaultError } from "../../errors.ts";
import { isBelow, isReserved } from "../../path.ts";
import { limits } from "../../verbs.ts";
import type { Receipt } from "../audit.ts";
import type { Operation } from "../operation.ts";
import { type RecordKeys } from "../cell.ts";
import { recordType } from "../record.ts";
import type { StoredSecret, Version } from "../state.ts";
import type { Vault } from "../vault.ts";

export function notFound(path: string): ZvaultError {
  return new ZvaultError("not-found", `there is no secret at ${path}`, { hint: "`zvault ls` shows what there is", names: [path] });
}

function secretAt(vault: Vault, path: string): StoredSecret {
  const secret = vault.state.secrets.get(path);
  if (!secret) throw notFound(path);
  return secret;
}

export function describe(secret: StoredSecret): SecretInfo {
  const last = secret.versions.at(-1);
  return {
    path: secret.path,
    class: secret.class,
    audience: secret.audience,
    description: secret.description,
    version: last?.state === "live" ? last.number : 0,
    versions: secret.versions.length,
    created: secret.created,
    updated: last?.time ?? secret.created,
    createdBy: secret.createdBy,
    deleted: last?.state !== "live",
    exposed: secret.exposed,
  };
}

function describeVersion(version: Version): VersionInfo {
  const { id, parent, number, time, author, state } = version;
  // cells are padded to 64 bytes: an upper bound
  const bytes = [...version.fields.values()].reduce((sum, ref) => sum + ref.length - 20, 0);
  return { number, id, parent, time, author, state, fields: [...version.fields.keys()], bytes };
}

/** The version a reference names; the newest live one without a number. Throws `not-found`. */
export function versionOf(vault: Vault, path: string, number: number | undefined): Version {
  const secret = secretAt(vault, path);
  const version = number === undefined ? vault.state.current(path)?.version : secret.versions.find((one) => one.number === number);
  if (version?.state === "live") return version;
  if (number === undefined) {
    throw new ZvaultError("not-found", `${path} is deleted`, { hint: "`zvault undo` brings it back", names: [path] });
  }
  const why = version ? version.state : "not there";
  throw new ZvaultError("not-found", `version ${number} of ${path} is ${why}`, {
    hint: "`zvault history` shows the versions",
    names: [path],
  });
}

export function readField(vault: Vault, path: string, version: Version, field: string | undefined, keys?: RecordKeys): Secret {
  const name = field ?? (version.fields.has("value") ? "value" : [...version.fields.keys()][0]) ?? "value";
  const ref = version.fields.get(name);
  if (!ref) {
    const names = [...version.fields.keys()];
    throw new ZvaultError("not-found", `${path} has no field ${JSON.stringify(name)}`, {
      hint: `its fields: ${names.join(", ")}`,
      names: [path],
    });
  }
  return vault.barrier.read(ref, keys);
}

/** How a change describes what it puts: only what was said. */
export function said(args: { class?: SecretInfo["class"]; audience?: SecretInfo["audience"]; description?: string }): object {
  const { class: kind, audience, description } = args;
  return {
    ...(kind === undefined ? {} : { class: kind }),
    ...(audience === undefined ? {} : { audience }),
    ...(description === undefined ? {} : { description }),
  };
}

export function checkSize(value: Secret, name: string): void {
  if (value.length > limits.value) {
    throw new ZvaultError("too-large", `${name} has ${value.length} bytes, the limit is ${limits.value}`, { names: [name] });
  }
}

export const kv = {
  get(vault: Vault, _receipt: Receipt, args: Calls["kv.get"]["args"]): { result: Calls["kv.get"]["result"]; body: Secret[] } {
    const version = versionOf(vault, args.path, args.version);
    const value = readField(vault, args.path, version, args.field);
    return {
      result: { version: version.number, class: secretAt(vault, args.path).class, fields: [...version.fields.keys()] },
      body: [value],
    };
  },

  list(vault: Vault, _receipt: Receipt, args: Calls["kv.list"]["args"]): Calls["kv.list"]["result"] {
    const { prefix, deleted } = args;
    const shown = (path: string): boolean => isBelow(path, prefix) && !isReserved(path);
    const secrets = [...vault.state.secrets.values()].filter((one) => shown(one.path)).map(describe);
    return { secrets: secrets.filter((one) => deleted || !one.deleted).toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
  },

  history(vault: Vault, _receipt: Receipt, args: Calls["kv.history"]["args"]): Calls["kv.history"]["result"] {
    const secret = secretAt(vault, args.path);
    return { secret: describe(secret), versions: secret.versions.map(describeVersion) };
  },

  put(vault: Vault, receipt: Receipt, args: Calls["kv.put"]["args"], values: readonly Secret[]): Calls["kv.put"]["result"] {
    const { path, cas } = args;
    const names = args.fields ?? ["value"];
    if (names.length !== values.length) throw new ZvaultError("protocol", `${names.length} fields, but ${values.length} values`);
    for (const [at, value] of values.entries()) checkSize(value, `${path}#${names[at] ?? ""}`);
    const before = vault.state.secrets.get(path)?.versions.at(-1);
    const now = before?.number ?? 0;
    if (cas !== undefined && cas !== now) {
      throw new ZvaultError("changed", `${path} is at version ${now}, not ${cas}`, {
        hint: "look at it again, then repeat",
        names: [path],
      });
    }
    const id = hex(random(16));
    const fields = Object.fromEntries(names.map((name, at) => [name, at + 1]));
    vault.append(receipt, [{ op: "put", path, id, parent: before?.id ?? null, fields, ...said(args) }], values);
    return { version: now + 1, id, created: before === undefined };
  },

  metadata(vault: Vault, receipt: Receipt, args: Calls["kv.metadata"]["args"]): Calls["kv.metadata"]["result"] {
    const { path, exposed } = args;
    secretAt(vault, path);
    const about = said(args);
    const mark = exposed === undefined ? {} : { exposed };
    // what is known on this machine only is kept apart from what could be shared; both at once are one change, so one record
    const type = Object.keys(about).length === 0 && exposed !== undefined ? recordType.machine : recordType.transaction;
    if (Object.keys({ ...about, ...mark }).length > 0)
      vault.append(receipt, [{ op: "describe", path, ...about, ...mark }], [], type);
    return { secret: describe(secretAt(vault, path)) };
  },

  /** In a record of its own: what others share knows nothing of this machine's marks. */
  expose(vault: Vault, receipt: Receipt, args: Calls["kv.expose"]["args"]): Calls["kv.expose"]["result"] {
    const marked = [...new Set(args.paths)].filter((path) => !secretAt(vault, path).exposed);
    const ops = marked.map((path): Operation => ({ op: "describe", path, exposed: true }));
    if (ops.length > 0) vault.append(receipt, ops, [], recordType.machine);
    return { marked };
  },

  delete(vault: Vault, receipt: Receipt, args: Calls["kv.delete"]["args"]): Calls["kv.delete"]["result"] {
    const version = versionOf(vault, args.path, undefined);
    vault.append(receipt, [{ op: "delete", path: args.path, id: version.id }], []);
    return { version: version.number };
  },

  undelete(vault: Vault, receipt: Receipt, args: Calls["kv.undelete"]["args"]): Calls["kv.undelete"]["result"] {
    const { versions } = secretAt(vault, args.path);
    const version = args.version === undefined ? versions.at(-1) : versions.find((one) => one.number === args.version);
    if (version?.state !== "deleted") {
      const why = version ? `is ${version.state}` : "is not there";
      throw new ZvaultError("not-found", `that version of ${args.path} ${why}`, { hint: "`zvault history` shows the versions" });
    }
    vault.append(receipt, [{ op: "undelete", path: args.path, id: version.id }], []);
    return { version: version.number };
  },

  undo(vault: Vault, receipt: Receipt, args: Calls["kv.undo"]["args"]): Calls["kv.undo"]["result"] {
    const { path, to } = args;
    const { versions } = secretAt(vault, path);
    const last = versions.at(-1);
    if (last?.state === "deleted" && (to === undefined || to === last.number)) {
      vault.append(receipt, [{ op: "undelete", path, id: last.id }], []);
      return { version: last.number, from: last.number };
    }
    const source =
      to === undefined
        ? versions.slice(0, -1).findLast((one) => one.state !== "destroyed")
        : versions.find((one) => one.number === to);
    if (!source || source.state === "destroyed") {
      const what = to === undefined ? "an earlier version" : `version ${to}`;
      throw new ZvaultError("not-found", `${path} has no ${what.replace(/^an /, "")} to go back to`, {
        hint: "`zvault history` shows the versions",
      });
    }
    const values = [...source.fields.values()].map((ref) => vault.barrier.read(ref));
    try {
      const fields = Object.fromEntries([...source.fields.keys()].map((name, at) => [name, at + 1]));
      const put: Operation = { op: "put", path, id: hex(random(16)), parent: last?.id ?? null, fields, expand: source.expand };
      vault.append(receipt, [put], values);
    } finally {
      for (const value of values) value.wipe();
    }
    return { version: (last?.number ?? 0) + 1, from: source.number };
  },

  /** Marks; the gate then compacts, so that the value leaves the log, the generation before and the mirror. */
  destroy(vault: Vault, receipt: Receipt, args: Calls["kv.destroy"]["args"]): Calls["kv.destroy"]["result"] {
    const { path, versions: wanted } = args;
    const { versions } = secretAt(vault, path);
    const missing = wanted?.find((number) => !versions.some((one) => one.number === number));
    if (missing !== undefined) throw new ZvaultError("not-found", `${path} has no version ${missing}`, { names: [path] });
    const found = versions.filter((one) => one.state !== "destroyed" && (wanted?.includes(one.number) ?? true));
    if (found.length > 0) vault.append(receipt, [{ op: "destroy", path, ids: found.map((one) => one.id) }], []);
    return { destroyed: found.map((one) => one.number), copies: ["backups made earlier with `zvault backup create`"] };
  },
};
