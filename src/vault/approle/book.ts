/** Roles (by name) and secret_ids (by the SHA-256 of their texts): entries of the tables "roles" and "secret-ids". */
import { equal } from "../../crypto/equal.ts";
import { hex, sha256 } from "../../crypto/hash.ts";
import type { Json, Operation } from "../operation.ts";
import type { State } from "../state.ts";
import { tokenKey } from "../tokens/text.ts";
import { counts, type Role, type SecretId } from "./role.ts";

type Login = { name: string; role: Role; key: string; secretId: SecretId };

export class RoleBook {
  readonly #state: State;
  readonly #lineage: string;

  constructor(state: State, lineage: string) {
    this.#state = state;
    this.#lineage = lineage;
  }

  role(name: string): Role | undefined {
    return this.#state.tables.get("roles")?.get(name) as unknown as Role | undefined;
  }

  roles(): { name: string; role: Role }[] {
    return Array.from(this.#state.tables.get("roles") ?? [], ([name, role]) => ({ name, role: role as unknown as Role }));
  }

  secretIds(name?: string): { key: string; secretId: SecretId }[] {
    const all = Array.from(this.#state.tables.get("secret-ids") ?? [], ([key, one]) => ({
      key,
      secretId: one as unknown as SecretId,
    }));
    return name === undefined ? all : all.filter(({ secretId }) => secretId.role === name);
  }

  /**
   * The role and the secret_id of a login, or undefined, without a word on which of the two is wrong: every role_id is compared, the hash of
   * the secret is always made, and nothing returns early.
   */
  find(roleId: string, secret: Uint8Array, now: number): Login | undefined {
    const given = sha256(Buffer.from(roleId, "utf8"));
    let found: { name: string; role: Role } | undefined;
    for (const one of this.roles()) if (equal(sha256(Buffer.from(one.role.roleId, "utf8")), given)) found = one;
    // what has not the shape of one is hashed all the same
    const key = tokenKey(secret, "zvi.") ?? hex(sha256(secret));
    const secretId = this.#state.tables.get("secret-ids")?.get(key) as unknown as SecretId | undefined;
    if (!found || !secretId || !counts(secretId, found.role, this.#lineage, now)) return undefined;
    return { ...found, key, secretId };
  }

  /** Secret_ids that count for no role any more. */
  swept(now: number): Operation[] {
    return this.secretIds().flatMap(({ key, secretId }) => {
      const role = this.role(secretId.role);
      // a clock that is set right again may find one that does not count yet
      const over = !role || !counts(secretId, role, this.#lineage, Math.max(now, secretId.created));
      return over ? [setSecretId(key, undefined)] : [];
    });
  }
}

export function setRole(name: string, role: Role | undefined): Operation {
  return { op: "set", table: "roles", key: name, value: (role ?? null) as unknown as Json | null };
}

export function setSecretId(key: string, secretId: SecretId | undefined): Operation {
  return { op: "set", table: "secret-ids", key, value: (secretId ?? null) as unknown as Json | null };
}
