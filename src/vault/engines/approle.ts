/** AppRole as verbs: roles and secret_ids by whoever governs, a login by whoever has both halves. */
import type { Calls } from "../../calls.ts";
import type { RoleInfo } from "../../calls/token.ts";
import { hex } from "../../crypto/hash.ts";
import { random } from "../../crypto/random.ts";
import { ZvaultError } from "../../errors.ts";
import { RoleBook, setRole, setSecretId } from "../approle/book.ts";
import { type Role, roleLimits, type SecretId, spent } from "../approle/role.ts";
import type { Receipt } from "../audit.ts";
import type { Handled } from "../handlers.ts";
import type { Found } from "../tokens/book.ts";
import { newAccessor, newToken, tokenKey } from "../tokens/text.ts";
import { makeToken } from "../tokens/token.ts";
import type { Vault } from "../vault.ts";
import { checkGiven, infoOf, issue } from "./tokens.ts";

function bookOf(vault: Vault): RoleBook {
  return new RoleBook(vault.state, vault.barrier.header.lineage);
}

function roleOf(vault: Vault, name: string): Role {
  const role = bookOf(vault).role(name);
  if (!role) throw new ZvaultError("not-found", `there is no role ${name}`, { hint: "`zvault approle list`", names: [name] });
  return role;
}

function infoOfRole(name: string, role: Role, secretIds: number): RoleInfo {
  const { roleId, policies, token, secretIdTtl, secretIdUses, created } = role;
  return {
    name,
    roleId,
    policies: [...policies],
    token,
    secretIdTtl,
    secretIdUses,
    secretIds,
    created: new Date(created).toISOString(),
  };
}

export const approle = {
  list(vault: Vault): Calls["approle.list"]["result"] {
    const book = bookOf(vault);
    return { roles: book.roles().map(({ name, role }) => infoOfRole(name, role, book.secretIds(name).length)) };
  },

  read(vault: Vault, args: Calls["approle.read"]["args"]): RoleInfo {
    return infoOfRole(args.role, roleOf(vault, args.role), bookOf(vault).secretIds(args.role).length);
  },

  /** A role that is there keeps its role_id, and its secret_ids what they were made with. */
  write(vault: Vault, receipt: Receipt, args: Calls["approle.write"]["args"], own: Found | undefined): RoleInfo {
    const { role: name, policies, token = {}, secretIdTtl = 0, secretIdUses = 0 } = args;
    // its tokens are orphans: no parent's rights bound them
    if (own && !own.token.policies.includes("root"))
      throw new ZvaultError("denied", "only a person or a root token says what a role gives");
    checkGiven(policies);
    const book = bookOf(vault);
    const before = book.role(name);
    if (!before && book.roles().length >= roleLimits.roles)
      throw new ZvaultError("too-large", `a vault has ${roleLimits.roles} roles at most`);
    const now = vault.moment();
    // refuses what no login could make
    makeToken(token, { accessor: "", policies, parent: null, lineage: "", origin: "" }, now);
    const role: Role = {
      roleId: before?.roleId ?? hex(random(16)),
      policies,
      token,
      secretIdTtl,
      secretIdUses,
      created: before?.created ?? now,
    };
    vault.append(receipt, [setRole(name, role)], []);
    return infoOfRole(name, role, book.secretIds(name).length);
  },

  /** With its secret_ids; tokens that it gave live on until they end. */
  delete(vault: Vault, receipt: Receipt, args: Calls["approle.delete"]["args"]): Calls["approle.delete"]["result"] {
    roleOf(vault, args.role);
    const ids = bookOf(vault).secretIds(args.role);
    vault.append(receipt, [setRole(args.role, undefined), ...ids.map(({ key }) => setSecretId(key, undefined))], []);
    return { secretIds: ids.length };
  },

  secretId(vault: Vault, receipt: Receipt, args: Calls["approle.secret-id"]["args"]): Handled<"approle.secret-id"> {
    const role = roleOf(vault, args.role);
    const now = vault.moment();
    const book = bookOf(vault);
    const swept = book.swept(now);
    if (book.secretIds().length - swept.length >= roleLimits.secretIds)
      throw new ZvaultError("too-large", `a vault has ${roleLimits.secretIds} secret_ids at most`);
    const text = newToken("zvi.");
    const secretId: SecretId = {
      role: args.role,
      roleId: role.roleId,
      accessor: newAccessor(),
      lineage: vault.barrier.header.lineage,
      created: now,
      expires: role.secretIdTtl === 0 ? 0 : now + 1000 * role.secretIdTtl,
      usesLeft: role.secretIdUses,
    };
    try {
      const key = text.use((bytes) => tokenKey(bytes, "zvi.")) ?? "";
      vault.append(receipt, [...swept, setSecretId(key, secretId)], []);
    } catch (failure) {
      text.wipe();
      throw failure;
    }
    const expires = secretId.expires === 0 ? null : new Date(secretId.expires).toISOString();
    const { accessor, usesLeft } = secretId;
    return { result: { accessor, expires, usesLeft }, body: [text], detail: { accessor } };
  },

  secretIds(vault: Vault, args: Calls["approle.secret-ids"]["args"]): Calls["approle.secret-ids"]["result"] {
    roleOf(vault, args.role);
    return {
      secretIds: bookOf(vault)
        .secretIds(args.role)
        .map(({ secretId: { accessor, created, expires, usesLeft } }) => ({
          accessor,
          created: new Date(created).toISOString(),
          expires: expires === 0 ? null : new Date(expires).toISOString(),
          usesLeft,
        })),
    };
  },

  /** By an accessor of that very role. */
  revoke(vault: Vault, receipt: Receipt, args: Calls["approle.revoke"]["args"]): Record<string, never> {
    roleOf(vault, args.role);
    const found = bookOf(vault)
      .secretIds(args.role)
      .find(({ secretId }) => secretId.accessor === args.accessor);
    if (!found) throw new ZvaultError("not-found", `the role ${args.role} has no secret_id with the accessor ${args.accessor}`);
    vault.append(receipt, [setSecretId(found.key, undefined)], []);
    return {};
  },

  /**
   * Check, spend and token in one synchronous step and one record: of 64 logins at once with a secret_id of 8 uses 8 succeed, and a use
   * whose record is on disk stays spent. Throws `denied`, one text for an unknown role and a wrong secret.
   */
  login(vault: Vault, receipt: Receipt, args: Calls["approle.login"]["args"], secret: Uint8Array): Handled<"approle.login"> {
    const now = vault.moment();
    const found = bookOf(vault).find(args.roleId, secret, now);
    if (!found) throw new ZvaultError("denied", "role_id or secret_id is wrong, used up or over");
    const { name, role, key, secretId } = found;
    const of = { policies: role.policies, parent: null, origin: `approle:${name}` };
    const { token, body } = issue(vault, receipt, { ...role.token, name }, of, [setSecretId(key, spent(secretId))]);
    const detail = { role: name, secretId: secretId.accessor, accessor: token.accessor };
    return { result: infoOf(token, token.lineage, now), body: [body], detail };
  },
};
