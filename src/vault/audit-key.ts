/**
 * The key that signs the ends of audit segments: an Ed25519 seed in a value cell at `sys/audit/key`. Its public half, and the first
 * segment whose end it signs, stand in the table `audit` (docs/format.md, "Tables").
 */
import { publicOf } from "../crypto/ed25519.ts";
import { hex } from "../crypto/hash.ts";
import { random } from "../crypto/random.ts";
import type { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import type { Operation } from "./operation.ts";
import type { CellRef } from "./cell.ts";
import type { State } from "./state.ts";

const path = "sys/audit/key";

export type AuditKey = {
  /** 64 hex digits */
  public: string;
  since: number;
};

export function auditKeyIn(state: State): AuditKey | undefined {
  return state.tables.get("audit")?.get("key") as AuditKey | undefined;
}

/** What puts a new one in place; `seed` is the record's first value cell. */
export function newAuditKey(seed: Secret, since: number): Operation[] {
  const id = hex(random(16));
  return [
    { op: "put", path, id, parent: null, fields: { seed: 1 }, class: "secret", audience: "local" },
    { op: "set", table: "audit", key: "key", value: { public: hex(publicOf(seed)), since } },
  ];
}

/** Where the seed lies. Throws `damaged`. */
export function seedCell(state: State): CellRef {
  const ref = state.current(path)?.version.fields.get("seed");
  if (!ref) throw new ZvaultError("damaged", "the key that signs the audit log is gone");
  return ref;
}
