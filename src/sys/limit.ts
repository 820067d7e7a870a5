/** Resource limits: `struct rlimit { u64 soft, hard }`, host order; all ones mean no limit. Numbers of Linux: 4 core, 8 memlock. */
import { check, libc } from "./libc.ts";

export type Limit = { soft: number; hard: number };

/** Bytes or counts, Infinity when there is no limit. */
export function readLimit(resource: number): Limit {
  const raw = new BigUint64Array(2);
  check("getrlimit", libc().call.getrlimit(resource, raw));
  return { soft: number(raw[0]), hard: number(raw[1]) };
}

/** Throws EPERM for a hard limit above the present one. */
export function writeLimit(resource: number, limit: Limit): void {
  check("setrlimit", libc().call.setrlimit(resource, new BigUint64Array([raw(limit.soft), raw(limit.hard)])));
}

const none = 0xffff_ffff_ffff_ffffn;

function number(raw: bigint | undefined): number {
  return raw === undefined || raw === none ? Infinity : Number(raw);
}

function raw(value: number): bigint {
  return value === Infinity ? none : BigInt(value);
}
