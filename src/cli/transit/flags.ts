/** What transit commands share: names of keys, associated data, contexts, versions. */
import * as Flags from "@oclif/core/flags";
import type { TransitShape } from "../../calls/transit.ts";
import { readSource } from "../credential.ts";

export const shapeFlags = {
  aad: Flags.string({ description: "associated data, bound to the ciphertext and not in it; no secret", helpValue: "TEXT|@FILE" }),
  context: Flags.string({ description: "context of a derived key; no secret", helpValue: "TEXT|@FILE" }),
};

export const versionFlag = {
  "key-version": Flags.integer({ description: "an older version of the key", helpValue: "N", min: 1 }),
};

export const batchFlag = {
  batch: Flags.boolean({ description: "many at once: JSON lines in, JSON lines out, values in base64" }),
};

export const outFlag = { out: Flags.string({ description: "write it to a new file (0600)", helpValue: "FILE" }) };

export type Shape = { args: TransitShape; shared: Uint8Array[] };

/** `shared`: the parts that follow a value, or the chunks of a stream. */
export function shapeOf(name: string, flags: { aad?: string | undefined; context?: string | undefined }): Shape {
  const shared: Uint8Array[] = [];
  if (flags.aad !== undefined) shared.push(bytesOf(flags.aad));
  if (flags.context !== undefined) shared.push(bytesOf(flags.context));
  const args = {
    name,
    ...(flags.aad === undefined ? {} : { aad: true }),
    ...(flags.context === undefined ? {} : { context: true }),
  };
  return { args, shared };
}

function bytesOf(given: string): Uint8Array {
  return (given.startsWith("@") ? readSource(given) : undefined) ?? new TextEncoder().encode(given);
}

export function versionOf(flags: { "key-version"?: number | undefined }): { version?: number } {
  return flags["key-version"] === undefined ? {} : { version: flags["key-version"] };
}
