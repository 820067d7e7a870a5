/** Of tokens and AppRole. Conventions as in `calls.ts`. */

/** A token as it may be shown: never its text. */
export type TokenInfo = {
  accessor: string;
  name: string;
  policies: string[];
  /** RFC 3339 */
  created: string;
  /** RFC 3339; null: never */
  expires: string | null;
  /** seconds; 0: not periodic */
  period: number;
  /** 0: any number */
  usesLeft: number;
  renewable: boolean;
  orphan: boolean;
  /** its rights stay whole where an AI tool asks */
  forTool: boolean;
  /** "owner", "token", "generate-root" or "approle:ROLE" */
  origin: string;
  live: boolean;
};

/** Seconds; absent: as `token create` has it without an option. */
export type TokenTerms = {
  ttl?: number;
  maxTtl?: number;
  explicitMaxTtl?: number;
  period?: number;
  uses?: number;
  renewable?: boolean;
  forTool?: boolean;
};

export type RoleInfo = {
  name: string;
  roleId: string;
  policies: string[];
  /** of the tokens that a login gives */
  token: TokenTerms;
  secretIdTtl: number;
  secretIdUses: number;
  /** how many there are */
  secretIds: number;
  created: string;
};

export type TokenCalls = {
  /** body[0] = the token's text. Without `policies`: those of the token that asks, else `default` */
  "token.create": { args: TokenTerms & { name?: string; policies?: string[]; orphan?: boolean }; result: TokenInfo };
  /** body[0] = the token's text */
  "token.root": { args: { ttl?: number }; result: TokenInfo };
  /** without an accessor: the token that asks */
  "token.lookup": { args: { accessor?: string }; result: TokenInfo };
  "token.list": { args: Record<string, never>; result: { tokens: TokenInfo[] } };
  "token.renew": { args: { accessor?: string; increment?: number }; result: TokenInfo };
  /** accessors of all that were revoked */
  "token.revoke": { args: { accessor?: string }; result: { revoked: string[] } };
  "approle.list": { args: Record<string, never>; result: { roles: RoleInfo[] } };
  "approle.read": { args: { role: string }; result: RoleInfo };
  "approle.write": {
    args: { role: string; policies: string[]; token?: TokenTerms; secretIdTtl?: number; secretIdUses?: number };
    result: RoleInfo;
  };
  "approle.delete": { args: { role: string }; result: { secretIds: number } };
  /** body[0] = the secret_id's text */
  "approle.secret-id": { args: { role: string }; result: { accessor: string; expires: string | null; usesLeft: number } };
  "approle.secret-ids": {
    args: { role: string };
    result: { secretIds: { accessor: string; created: string; expires: string | null; usesLeft: number }[] };
  };
  "approle.revoke": { args: { role: string; accessor: string }; result: Record<string, never> };
  /** The request's body[0] is the secret_id; the answer's body[0] the token's text */
  "approle.login": { args: { roleId: string }; result: TokenInfo };
};
