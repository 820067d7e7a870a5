/** AppRole: how a machine gets a token with a role_id, which is no secret, and a secret_id, which is. Pure, as `tokens/token.ts`. */
import type { TokenOptions } from "../tokens/token.ts";

export type Role = {
  /** 32 hex digits */
  roleId: string;
  policies: readonly string[];
  /** of the tokens that a login gives */
  token: Omit<TokenOptions, "name">;
  /** seconds; 0: without end */
  secretIdTtl: number;
  /** 0: any number */
  secretIdUses: number;
  created: number;
};

/** Kept by the SHA-256 of its text. */
export type SecretId = {
  role: string;
  /** of this very making of the role: one that was deleted and made again does not take the old ones */
  roleId: string;
  accessor: string;
  lineage: string;
  created: number;
  /** ms; 0: never */
  expires: number;
  /** 0: any number */
  usesLeft: number;
};

export const roleLimits = { roles: 256, secretIds: 10_000 } as const;

/** A clock that was set back by less is no reason for a refusal, ms. */
const skew = 60_000;

export function counts(one: SecretId, role: Role, lineage: string, now: number): boolean {
  const inTime = now >= one.created - skew && (one.expires === 0 || now < one.expires);
  return one.lineage === lineage && one.roleId === role.roleId && inTime;
}

/** After a login; undefined: that was the last one. */
export function spent(one: SecretId): SecretId | undefined {
  if (one.usesLeft === 0) return one;
  return one.usesLeft === 1 ? undefined : { ...one, usesLeft: one.usesLeft - 1 };
}
