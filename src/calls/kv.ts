/** Of values: the key-value engine, import and run, and what folders may use. Conventions as in `calls.ts`. */
import type { SeenCaller, ProjectInfo } from "./vault.ts";

export type SecretClass = "secret" | "setting";

export type Audience = "local" | "env" | "everyone";

export type VersionInfo = {
  number: number;
  id: string;
  parent: string | null;
  time: string;
  author: string;
  state: "live" | "deleted" | "destroyed";
  fields: string[];
  bytes: number;
};

export type SecretInfo = {
  path: string;
  class: SecretClass;
  audience: Audience;
  description: string;
  /** number of the current version; 0 when none is live */
  version: number;
  versions: number;
  created: string;
  updated: string;
  createdBy: string;
  deleted: boolean;
  exposed: boolean;
};

export type PutOptions = {
  class?: SecretClass;
  audience?: Audience;
  description?: string;
};

/** One entry of an import: body[i] belongs to entries[i]. */
export type ImportEntry = PutOptions & {
  path: string;
  /** the value is an expression over references (`${zvault:NAME}`), resolved at `run` */
  expand?: boolean;
};

export type Reference = { path: string; field?: string; version?: number };

/** With the hosts that texts of committed files would send it to. */
export type SentReference = Reference & { hosts?: string[] };

export type KvCalls = {
  /** body[i] = value of fields[i]. `cas`: expected current version number, 0 = must not exist. */
  "kv.put": {
    args: PutOptions & { path: string; fields?: string[]; cas?: number; generate?: { kind: string; length: number } };
    result: { version: number; id: string; created: boolean };
  };
  /** answer body[0] = the value. */
  "kv.get": { args: Reference; result: { version: number; class: SecretClass; fields: string[] } };
  "kv.list": { args: { prefix: string; deleted?: boolean }; result: { secrets: SecretInfo[] } };
  "kv.history": { args: { path: string }; result: { secret: SecretInfo; versions: VersionInfo[] } };
  "kv.metadata": { args: PutOptions & { path: string; exposed?: boolean }; result: { secret: SecretInfo } };
  /** The present values were seen where others may have seen them (a git history): marked until the next new one. */
  "kv.expose": { args: { paths: string[] }; result: { marked: string[] } };
  "kv.delete": { args: { path: string }; result: { version: number } };
  "kv.undelete": { args: { path: string; version?: number }; result: { version: number } };
  /** Makes the content of an earlier version (default: the one before) current again; undeletes when deleted. */
  "kv.undo": { args: { path: string; to?: number }; result: { version: number; from: number } };
  /** Without `versions`: all. Result names the copies that still hold the value. */
  "kv.destroy": { args: { path: string; versions?: number[] }; result: { destroyed: number[]; copies: string[] } };
  /**
   * All or nothing, one record. body[i] = value of entries[i]; with `layout`, one more body at the end: the layout of the file.
   * An entry whose value equals the current one makes no new version ("same"). The values are read back from disk and compared
   * before the answer, and the mirror is synced.
   */
  "kv.import": {
    args: {
      project: string;
      folder: string;
      /** bind `project` to `folder` if it is not bound; a different binding is refused */
      bind: boolean;
      entries: ImportEntry[];
      layouts: { path: string }[];
      /** more projects of the same change, as an import of a monorepo has them; entries and layouts are of any of them */
      also?: { project: string; folder: string }[];
      /** PATH@HOST: where texts of the imported files send values; from here on these folders may */
      hosts?: { folder: string; refs: string[] }[];
      /** paths expected to be at these version numbers (0 = absent); refused with "changed" otherwise */
      expect?: Record<string, number>;
    };
    result: {
      created: string[];
      changed: string[];
      same: string[];
      mirror: string;
      project: string;
    };
  };
  /**
   * For `run`: body[i] = value of refs[i]. `folder` relative to the folder that holds `.zvault/`. Refs of projects not bound to
   * the folder are refused unless allowed. `dangerous`: names of the environment that need `allow --dangerous`. `starts`: the AI tool or
   * editor that gets the values, as a person said (`run --allow-ai`); for the record. `notices`, as `agent.unseal` has them: from a vault
   * that was opened for this request, as in the answers of the two verifying verbs.
   */
  "kv.resolve": {
    args: { folder: string; refs: SentReference[]; dangerous?: string[]; starts?: string };
    result: { values: { class: SecretClass; version: number; expand: boolean }[]; caller: SeenCaller; notices?: string[] };
  };
  /**
   * For `run --watch`: without `seen` the numbers of the current versions of refs (0: no value) at once; with it, as soon as one of them
   * is another, or after an hour. A line in the audit log, however long it waits; repeated within a minute, counted. Throws `sealed` when that happens.
   */
  "kv.watch": { args: { folder: string; refs: SentReference[]; seen?: number[] }; result: { versions: number[] } };
  /**
   * For `export` and `eject`: body[i] = value of refs[i], empty unless `state` is "live". `at`: the versions that were current then,
   * RFC 3339. `until`: the agent removes that file at seal; its device and inode as decimal numbers.
   */
  "kv.export": {
    args: { folder: string; refs: SentReference[]; at?: string; until?: { path: string; dev: string; ino: string } };
    result: {
      values: { state: "live" | "deleted" | "destroyed" | "absent"; class: SecretClass; version: number; expand: boolean }[];
    };
  };
  "project.list": { args: Record<string, never>; result: { projects: ProjectInfo[] } };
  "project.allow": { args: { folder: string; refs?: string[]; dangerous?: string[] }; result: ProjectInfo };
};
