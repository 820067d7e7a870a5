/**
 * Tokens as verbs. Who makes one with a token of its own makes a child of it; the owner, with presence, makes orphans. What a token may do
 * is decided with all of its parents, so a child never may more (`gate.ts`).
 */
import type { Calls } from "../../calls.ts";
import type { TokenInfo } from "../../calls/token.ts";
import type { Secret } from "../../crypto/secret.ts";
import { ZvaultError } from "../../errors.ts";
import type { Receipt } from "../audit.ts";
import type { Handled } from "../handlers.ts";
import { fixed, owner } from "../policy/built-in.ts";
import { tokenBook } from "../tokens/asking.ts";
import { type Found, set, unset } from "../tokens/book.ts";
import { newAccessor, newToken, tokenKey } from "../tokens/text.ts";
import { deathOf, makeToken, renewed, type Token, tokenLimits, type TokenOptions } from "../tokens/token.ts";
import type { Vault } from "../vault.ts";

export function infoOf(token: Token, lineage: string, now: number): TokenInfo {
  const { accessor, name, policies, created, expires, period, usesLeft, renewable, forTool, origin } = token;
  const death = deathOf(token, lineage, now);
  return {
    accessor,
    name,
    policies: [...policies],
    created: new Date(created).toISOString(),
    expires: expires === 0 ? null : new Date(expires).toISOString(),
    period,
    usesLeft: Math.max(0, usesLeft),
    renewable,
    orphan: token.parent === null,
    forTool,
    origin,
    live: death === undefined,
  };
}

/** Makes one and puts it into the vault; `body` is its text, the only copy. */
export function issue(
  vault: Vault,
  receipt: Receipt,
  options: TokenOptions,
  of: { policies: readonly string[]; parent: string | null; origin: string },
  more: Parameters<Vault["append"]>[1] = [],
): { token: Token; body: Secret } {
  const book = tokenBook(vault);
  const now = vault.moment();
  const swept = book.swept(now);
  if (book.all().length - swept.length >= tokenLimits.tokens)
    throw new ZvaultError("too-large", `a vault has ${tokenLimits.tokens} tokens at most`, { hint: "`zvault token revoke` some" });
  const token = makeToken(options, { accessor: newAccessor(), lineage: vault.barrier.header.lineage, ...of }, now);
  const body = newToken();
  try {
    const key = body.use((bytes) => tokenKey(bytes)) ?? "";
    vault.append(receipt, [...swept, ...more, set(key, token)], []);
  } catch (failure) {
    body.wipe();
    throw failure;
  }
  return { token, body };
}

/** The token that is meant: by accessor, else the caller's own. Throws `not-found`, `usage`. */
function meant(vault: Vault, accessor: string | undefined, own: Found | undefined): Found {
  if (accessor === undefined) {
    if (own) return tokenBook(vault).byAccessor(own.token.accessor) ?? own;
    throw new ZvaultError("usage", "which token? its accessor, or a token of your own in ZVAULT_TOKEN_FILE", {
      hint: "`zvault token list` shows accessors",
    });
  }
  const found = tokenBook(vault).byAccessor(accessor);
  if (!found)
    throw new ZvaultError("not-found", `there is no token with the accessor ${accessor}`, { hint: "`zvault token list`" });
  return found;
}

/** `root` and `owner` may everything: one is for tokens that end soon and are warned of, the other stands for a person who is there. */
export function checkGiven(policies: readonly string[]): void {
  const name = policies.find((one) => fixed.has(one));
  if (name === undefined) return;
  if (name === owner.name) throw new ZvaultError("denied", "the policy owner is a person's who is there, and no token's");
  throw new ZvaultError("denied", "a root token is made with unseal credentials only", {
    hint: "`zvault operator generate-root`",
  });
}

export const tokens = {
  create(vault: Vault, receipt: Receipt, args: Calls["token.create"]["args"], own: Found | undefined): Handled<"token.create"> {
    // its children would have as many uses as they like
    if (own && own.token.usesLeft !== 0) throw new ZvaultError("denied", "a token with a number of uses makes no other tokens");
    const inherited = own?.token.policies.filter((one) => one !== "root") ?? ["default"];
    const { policies = inherited, orphan = false, ...options } = args;
    if (own && !own.token.policies.includes("root")) {
      const extra = policies.filter((one) => !own.token.policies.includes(one));
      if (extra.length > 0) {
        throw new ZvaultError("denied", `a token gives its children only policies of its own, not ${extra.join(", ")}`, {
          names: extra,
        });
      }
      // it would have no parent whose rights bound it
      if (orphan) throw new ZvaultError("denied", "only a person or a root token makes orphans");
      if (args.forTool === true && !own.token.forTool) throw new ZvaultError("denied", "only a person makes tokens for AI tools");
    }
    checkGiven(policies);
    const parent = own && !orphan ? own.key : null;
    const line = parent === null ? undefined : tokenBook(vault).lineByKey(parent, vault.moment());
    if ((line?.length ?? 0) >= tokenLimits.line)
      throw new ZvaultError("denied", `a line of tokens has ${tokenLimits.line} at most`, {
        hint: "one of its first makes another",
      });
    const { token, body } = issue(vault, receipt, options, { policies, parent, origin: own ? "token" : "owner" });
    const { accessor } = token;
    return { result: infoOf(token, token.lineage, vault.moment()), body: [body], detail: { accessor } };
  },

  /** With unseal credentials; the gate has checked them. */
  root(vault: Vault, receipt: Receipt, args: Calls["token.root"]["args"]): Handled<"token.root"> {
    const { ttl = 3600 } = args;
    const of = { policies: ["root"], parent: null, origin: "generate-root" };
    const { token, body } = issue(vault, receipt, { ttl, name: "root", renewable: false }, of);
    const { accessor } = token;
    return { result: infoOf(token, token.lineage, vault.moment()), body: [body], detail: { accessor } };
  },

  lookup(vault: Vault, args: Calls["token.lookup"]["args"], own: Found | undefined): TokenInfo {
    const { token } = meant(vault, args.accessor, own);
    return infoOf(token, vault.barrier.header.lineage, vault.moment());
  },

  list(vault: Vault): Calls["token.list"]["result"] {
    const now = vault.moment();
    const { lineage } = vault.barrier.header;
    return {
      tokens: tokenBook(vault)
        .all()
        .map(({ token }) => infoOf(token, lineage, now)),
    };
  },

  renew(vault: Vault, receipt: Receipt, args: Calls["token.renew"]["args"], own: Found | undefined): TokenInfo {
    const now = vault.moment();
    const { key, token } = meant(vault, args.accessor, own);
    if (!tokenBook(vault).lineByKey(key, now))
      throw new ZvaultError("denied", "this token is over", { hint: "`zvault token create`" });
    const after = renewed(token, args.increment, now);
    vault.append(receipt, [set(key, after)], []);
    return infoOf(after, vault.barrier.header.lineage, now);
  },

  /** It and all that came of it. */
  revoke(
    vault: Vault,
    receipt: Receipt,
    args: Calls["token.revoke"]["args"],
    own: Found | undefined,
  ): Calls["token.revoke"]["result"] {
    const { key } = meant(vault, args.accessor, own);
    const all = tokenBook(vault).withChildren(key);
    vault.append(
      receipt,
      all.map((one) => unset(one.key)),
      [],
    );
    return { revoked: all.map((one) => one.token.accessor) };
  },
};
