/**
 * What the vault keeps of a token, and how long one lives. Modelled on HashiCorp Vault: TTL, max TTL, explicit max TTL, period, num_uses,
 * renewable, orphan. Pure: the time comes in. Durations in seconds, moments in ms since 1970.
 */
import { ZvaultError } from "../../errors.ts";

export type Token = {
  accessor: string;
  /** shown in lists and in the record */
  name: string;
  policies: readonly string[];
  /** key of the token that made it; it goes with that one. null: an orphan */
  parent: string | null;
  /** of the log it was made in: a copy, a restored or rolled-back vault does not know it */
  lineage: string;
  created: number;
  /** 0: never */
  expires: number;
  /** what a renewal adds */
  ttl: number;
  /** from `created` on; no renewal goes beyond. 0: the limit of all tokens; periodic ones have none but `explicitMaxTtl` */
  maxTtl: number;
  /** the same for every token, periodic ones too; 0: none */
  explicitMaxTtl: number;
  /** a renewal lasts so long, again and again; 0: not periodic */
  period: number;
  /** 0: any number */
  usesLeft: number;
  renewable: boolean;
  /** its rights stay whole where an AI tool asks */
  forTool: boolean;
  /** "owner", "token", "generate-root" or "approle:ROLE" */
  origin: string;
};

export type TokenOptions = Partial<
  Pick<Token, "name" | "ttl" | "maxTtl" | "explicitMaxTtl" | "period" | "renewable" | "forTool"> & { uses: number }
>;

export const tokenLimits = {
  /** without a TTL of its own */
  ttl: 24 * 3600,
  /** what is not periodic ends here */
  maxTtl: 32 * 24 * 3600,
  uses: 2 ** 31,
  name: 64,
  policies: 32,
  tokens: 10_000,
} as const;

/** A clock that was set back by less is no reason for a refusal, ms. */
const skew = 60_000;

/** Throws `usage` for options that contradict each other. */
export function makeToken(
  options: TokenOptions,
  from: Pick<Token, "accessor" | "policies" | "parent" | "lineage" | "origin">,
  now: number,
): Token {
  const { ttl = 0, maxTtl = 0, explicitMaxTtl = 0, period = 0, uses = 0 } = options;
  const refuse = (why: string): never => {
    throw new ZvaultError("usage", why);
  };
  if (maxTtl > 0 && ttl > maxTtl) refuse(`a TTL of ${ttl} s is longer than the max TTL of ${maxTtl} s`);
  if (explicitMaxTtl > 0 && Math.max(ttl, period) > explicitMaxTtl)
    refuse(`the explicit max TTL of ${explicitMaxTtl} s is shorter than what it bounds`);
  if (period > 0 && ttl > 0) refuse("a periodic token has its period in the place of a TTL");
  if (period === 0 && Math.max(ttl, maxTtl) > tokenLimits.maxTtl)
    refuse(`a token lives ${tokenLimits.maxTtl} s at most; one that must live on is periodic`);
  const token: Token = {
    ...from,
    name: options.name ?? "",
    created: now,
    expires: 0,
    ttl: period > 0 ? period : ttl > 0 ? ttl : Math.min(tokenLimits.ttl, ...[maxTtl, explicitMaxTtl].filter((one) => one > 0)),
    maxTtl,
    explicitMaxTtl,
    period,
    usesLeft: uses,
    renewable: options.renewable ?? true,
    forTool: options.forTool ?? false,
  };
  return { ...token, expires: endOf(token, now, token.ttl) };
}

/** The end after a renewal by `wish` seconds at `now`. */
function endOf(token: Token, now: number, wish: number): number {
  const ends = [now + 1000 * wish];
  if (token.period === 0) ends.push(token.created + 1000 * (token.maxTtl || tokenLimits.maxTtl));
  if (token.explicitMaxTtl > 0) ends.push(token.created + 1000 * token.explicitMaxTtl);
  return Math.min(...ends);
}

/** `increment`: seconds that are wished for; a periodic token gets its period whatever is wished. Throws `denied` for one that cannot be renewed. */
export function renewed(token: Token, increment: number | undefined, now: number): Token {
  if (!token.renewable)
    throw new ZvaultError("denied", "this token cannot be renewed", { hint: "`zvault token create` makes another" });
  const wish = token.period > 0 ? token.period : (increment ?? token.ttl);
  return { ...token, expires: endOf(token, now, wish) };
}

/** Why a token does not count at `now`, or undefined. Its parents are looked at elsewhere (`book.ts`). */
export function deathOf(
  token: Token,
  lineage: string,
  now: number,
): "expired" | "used up" | "of another life of the vault" | "not yet" | undefined {
  if (token.lineage !== lineage) return "of another life of the vault";
  // a clock that was set back must not give a token its time again
  if (now < token.created - skew) return "not yet";
  if (token.expires !== 0 && now >= token.expires) return "expired";
  return token.usesLeft < 0 ? "used up" : undefined;
}

/** After one use; -1 marks one whose last use is spent: it is listed as over until it is swept. */
export function used(token: Token): Token {
  if (token.usesLeft === 0) return token;
  return { ...token, usesLeft: token.usesLeft === 1 ? -1 : token.usesLeft - 1 };
}
