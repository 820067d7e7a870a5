/**
 * What the log says, in memory: secrets with their versions, projects, allowances, epochs. A pure reducer over transactions;
 * values are not here, only where their cells lie. `dump`/`load` carry it through a checkpoint.
 */
import type { Audience, SecretClass } from "../calls/kv.ts";
import { ZvaultError } from "../errors.ts";
import { isReserved } from "../path.ts";
import { newerFormat } from "./format-version.ts";
import type { Json, Operation, Transaction } from "./operation.ts";
import type { CellRef } from "./cell.ts";

export type Version = {
  id: string;
  parent: string | null;
  number: number;
  time: string;
  author: string;
  state: "live" | "deleted" | "destroyed";
  expand: boolean;
  /** field name → cell; empty once destroyed */
  fields: Map<string, CellRef>;
};

export type StoredSecret = {
  path: string;
  class: SecretClass;
  audience: Audience;
  description: string;
  createdBy: string;
  created: string;
  exposed: boolean;
  readonly versions: Version[];
  /** state of the last version, where `versions` is not made yet (`checkpoint.ts`) */
  readonly lastState?: Version["state"] | undefined;
};

export type Allowance = { refs: Set<string>; dangerous: Set<string> };

/** More than can be without an outcome line at a crash: one for each request in flight. */
export const keptRequests = 256;

export class State {
  secrets = new Map<string, StoredSecret>();
  /** project → folder relative to the one that holds `.zvault/` */
  projects = new Map<string, string>();
  /** folder → what a person allowed it beyond its own projects */
  allowed = new Map<string, Allowance>();
  keys: { epoch: number; sha256: string } | undefined;
  anchors: { segment: number; lines: number; hmac: string }[] = [];
  /** table → key → entry; see `set` in docs/format.md */
  tables = new Map<string, Map<string, Json>>();
  /** ids of the last requests whose change is in the log, oldest first: for outcome lines after a crash */
  requests = new Set<string>();

  /** The version `run` and `get` take: the newest one if it is live. */
  current(path: string): { secret: StoredSecret; version: Version } | undefined {
    const secret = this.secrets.get(path);
    const version = secret?.versions.at(-1);
    return secret && version?.state === "live" ? { secret, version } : undefined;
  }

  /** Secrets that have a value, without the layouts of imported files and the keys of engines. */
  get count(): number {
    const isLive = (one: StoredSecret): boolean => (one.lastState ?? one.versions.at(-1)?.state) === "live";
    const isSecret = ({ path }: StoredSecret): boolean => !path.includes("/.layout/") && !isReserved(path);
    return [...this.secrets.values()].filter((one) => isLive(one) && isSecret(one)).length;
  }

  /** Applies one transaction whose cells lie at `cells` (index 0 = first value cell). */
  apply(transaction: Transaction, cells: readonly CellRef[]): void {
    this.requests.add(transaction.request);
    if (this.requests.size > 2 * keptRequests) this.requests = new Set([...this.requests].slice(-keptRequests));
    for (const operation of transaction.ops) this.#apply(operation, transaction, cells);
  }

  #apply(operation: Operation, transaction: Transaction, cells: readonly CellRef[]): void {
    switch (operation.op) {
      case "put":
        return this.#put(operation, transaction, cells);
      case "delete":
        this.#version(operation.path, operation.id).state = "deleted";
        return;
      case "undelete":
        this.#version(operation.path, operation.id).state = "live";
        return;
      case "destroy":
        for (const id of operation.ids) {
          const version = this.#version(operation.path, id);
          version.state = "destroyed";
          version.fields.clear();
        }
        return;
      case "describe":
        describe(this.#secret(operation.path), operation);
        return;
      case "project":
        this.projects.set(operation.project, operation.folder);
        return;
      case "allow": {
        const allowance = this.allowed.get(operation.folder) ?? { refs: new Set(), dangerous: new Set() };
        for (const ref of operation.refs) allowance.refs.add(ref);
        for (const name of operation.dangerous) allowance.dangerous.add(name);
        this.allowed.set(operation.folder, allowance);
        return;
      }
      case "keys-epoch":
        this.keys = { epoch: operation.epoch, sha256: operation.sha256 };
        return;
      case "anchor":
        this.anchors.push({ segment: operation.segment, lines: operation.lines, hmac: operation.hmac });
        return;
      case "set":
        this.#set(operation);
        return;
      default:
        throw newerFormat("an operation in a record of the log");
    }
  }

  #set({ table: name, key, value }: Extract<Operation, { op: "set" }>): void {
    const table = this.tables.get(name) ?? new Map<string, Json>();
    if (value === null) table.delete(key);
    else table.set(key, value);
    if (table.size === 0) this.tables.delete(name);
    else this.tables.set(name, table);
  }

  #put(put: Extract<Operation, { op: "put" }>, transaction: Transaction, cells: readonly CellRef[]): void {
    let secret = this.secrets.get(put.path);
    if (!secret) {
      secret = {
        path: put.path,
        class: "secret",
        audience: "env",
        description: "",
        createdBy: transaction.author,
        created: put.time ?? transaction.time,
        exposed: false,
        versions: [],
      };
      this.secrets.set(put.path, secret);
    }
    describe(secret, put);
    // a new value ends the exposed mark: what leaked was the old one
    if (put.exposed === undefined) secret.exposed = false;
    const fields = new Map<string, CellRef>();
    for (const [name, cell] of Object.entries(put.fields)) {
      const ref = cells[cell - 1];
      if (!ref) throw new ZvaultError("damaged", `a record names cell ${cell}, which it does not have`);
      fields.set(name, ref);
    }
    secret.versions.push({
      id: put.id,
      parent: put.parent,
      number: put.number ?? (secret.versions.at(-1)?.number ?? 0) + 1,
      time: put.time ?? transaction.time,
      author: put.author ?? transaction.author,
      state: put.state ?? "live",
      expand: put.expand ?? false,
      fields,
    });
  }

  #secret(path: string): StoredSecret {
    const secret = this.secrets.get(path);
    if (!secret) throw new ZvaultError("damaged", `the log changes ${path}, which does not exist`);
    return secret;
  }

  #version(path: string, id: string): Version {
    const version = this.#secret(path).versions.find((one) => one.id === id);
    if (!version) throw new ZvaultError("damaged", `the log changes a version of ${path} that does not exist`);
    return version;
  }
}

function describe(secret: StoredSecret, from: Extract<Operation, { op: "put" | "describe" }>): void {
  if (from.class !== undefined) secret.class = from.class;
  if (from.audience !== undefined) secret.audience = from.audience;
  if (from.description !== undefined) secret.description = from.description;
  if (from.createdBy !== undefined) secret.createdBy = from.createdBy;
  if (from.exposed !== undefined) secret.exposed = from.exposed;
  if ("created" in from && from.created !== undefined) secret.created = from.created;
}
