/** What the commands of tokens and roles share: their flags, and how a token is listed. */
import * as Flags from "@oclif/core/flags";
import type { TokenInfo, TokenTerms } from "../calls/token.ts";
import { ZvaultError } from "../errors.ts";
import { seconds, repeatable } from "./flags.ts";
import { duration } from "./output.ts";

export const termFlags = {
  ttl: Flags.string({ description: "how long it lives without renewal (default 24h)", helpValue: "30m|8h|7d" }),
  "max-ttl": Flags.string({ description: "renewals end there (default 32d)", helpValue: "TIME" }),
  "explicit-max-ttl": Flags.string({ description: "the same, for a periodic one too", helpValue: "TIME" }),
  period: Flags.string({ description: "renewed within it, it lives on without end", helpValue: "TIME" }),
  uses: Flags.integer({ description: "good for so many requests", helpValue: "N", min: 1 }),
  renewable: Flags.boolean({ description: "it can be renewed (default)", allowNo: true, default: true }),
  "for-tool": Flags.boolean({ description: "for an AI tool: its rights are not cut where one asks" }),
};

export const policyFlag = Flags.string({ description: "a policy it has; repeatable", helpValue: "NAME", ...repeatable });

type GivenTerms = {
  ttl?: string | undefined;
  "max-ttl"?: string | undefined;
  "explicit-max-ttl"?: string | undefined;
  period?: string | undefined;
  uses?: number | undefined;
  renewable: boolean;
  "for-tool": boolean;
};

export function termsOf(flags: GivenTerms): TokenTerms {
  const time = (text: string | undefined, option: string): number | undefined =>
    text === undefined ? undefined : seconds(text, option);
  const terms = {
    ttl: time(flags.ttl, "--ttl"),
    maxTtl: time(flags["max-ttl"], "--max-ttl"),
    explicitMaxTtl: time(flags["explicit-max-ttl"], "--explicit-max-ttl"),
    period: time(flags.period, "--period"),
    uses: flags.uses,
    renewable: flags.renewable ? undefined : false,
    forTool: flags["for-tool"] ? true : undefined,
  };
  return Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined)) as TokenTerms;
}

export function rowOf(token: TokenInfo, now = Date.now()): string[] {
  const left = token.expires === null ? "no end" : `${duration((Date.parse(token.expires) - now) / 1000)} left`;
  const marks = [
    token.period > 0 ? "periodic" : "",
    token.usesLeft > 0 ? `${token.usesLeft} uses left` : "",
    token.orphan ? "" : "child",
    token.forTool ? "for a tool" : "",
    token.renewable ? "" : "not renewable",
  ];
  const state = token.live ? left : "over";
  return [token.accessor, token.policies.join(","), token.name, state, token.origin, marks.filter((one) => one !== "").join(", ")];
}

/** An accessor is 24 hex digits. A token in its place would stay in the shell's history. */
export function accessorOf(text: string | undefined): string | undefined {
  if (text === undefined || /^[0-9a-f]{24}$/.test(text)) return text;
  const token = text.startsWith("zvs.") || text.startsWith("zvi.");
  throw new ZvaultError(
    "usage",
    token ? "a token is never an argument: it would stay in the shell's history" : "that is no accessor",
    {
      hint: token ? "its accessor: zvault token list; revoke it if that was a real one" : "24 hex digits, from zvault token list",
    },
  );
}

/** The one spelling of a role's or policy's name. Throws `usage`. */
export function roleName(text: string): string {
  const name = /[^\x20-\x7e]/.test(text) ? "" : text.trim().toLowerCase();
  if (/^[a-z0-9._-]{1,64}$/.test(name)) return name;
  throw new ZvaultError("usage", `${JSON.stringify(text.slice(0, 40))} is no name`, { hint: "1 to 64 of a-z 0-9 . _ -" });
}
