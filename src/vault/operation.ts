/**
 * What a transaction record says: its metadata cell is the JSON of a `Transaction` (UTF-8), its value cells are numbered from 1.
 * Names, versions, times and classes stand here; a value never does. docs/format.md, "Transactions", describes the same.
 */
import type { Audience, SecretClass } from "../calls/kv.ts";
import { ZvaultError } from "../errors.ts";
import { format, isNewer, newerFormat } from "./format-version.ts";

/** Descriptive part of a secret; a field that is absent keeps what was there. */
export type Description = {
  class?: SecretClass;
  audience?: Audience;
  description?: string;
  createdBy?: string;
  exposed?: boolean;
};

export type Operation =
  /** a new version; `fields` maps a field name to its cell number in this record */
  | ({
      op: "put";
      path: string;
      id: string;
      parent: string | null;
      fields: Record<string, number>;
      expand?: boolean;
      /** set by compaction only: the version as it was first written */
      number?: number;
      time?: string;
      author?: string;
      state?: "live" | "deleted" | "destroyed";
    } & Description)
  | { op: "delete"; path: string; id: string }
  | { op: "undelete"; path: string; id: string }
  | { op: "destroy"; path: string; ids: string[] }
  | ({ op: "describe"; path: string; created?: string } & Description)
  | { op: "project"; project: string; folder: string }
  | { op: "allow"; folder: string; refs: string[]; dangerous: string[] }
  /** the `keys` file that belongs to the log from here on */
  | { op: "keys-epoch"; epoch: number; sha256: string }
  /** a closed audit segment: its last line's HMAC */
  | { op: "anchor"; segment: number; lines: number; hmac: string }
  /** an entry of a table: what governs (policies, tokens, roles) and what engines keep of themselves; null takes it out. Never a value or key */
  | { op: "set"; table: string; key: string; value: Json | null };

/** What JSON.stringify gives back as it was. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export type Transaction = {
  v: 1;
  time: string;
  /** request id of the audit lines this change belongs to */
  request: string;
  /** fingerprint of the identity, or the slot that opened the vault */
  author: string;
  ops: Operation[];
};

const utf8 = new TextDecoder("utf-8", { fatal: true });

export function printTransaction(transaction: Transaction): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(transaction));
}

/** The bytes come out of an authenticated cell; what is checked is that this build understands them. Throws `damaged`. */
export function parseTransaction(meta: Uint8Array): Transaction {
  let parsed: unknown;
  try {
    parsed = JSON.parse(utf8.decode(meta));
  } catch (cause) {
    throw new ZvaultError("damaged", "a record's metadata is no JSON", { cause });
  }
  const transaction = parsed as Transaction;
  if (isNewer(transaction?.v)) throw newerFormat("a record of the log", transaction.v);
  if (transaction?.v !== format || !Array.isArray(transaction.ops)) throw new ZvaultError("damaged", "a record is of no format");
  return transaction;
}
