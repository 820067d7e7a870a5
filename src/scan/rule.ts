/** What a rule of the scanner is, and the tests that rules share. */
import { shannon } from "./entropy.ts";

export type Rule = {
  /** stable name, as it stands in reports */
  readonly id: string;
  /** lower case; the pattern is tried where one stands (case ignored), with `back` at the start of its word too */
  readonly keywords: readonly string[];
  /** sticky, every quantifier bounded; group 1, if there is one, is the secret, else the whole match is */
  readonly pattern: RegExp;
  /** units that the pattern may begin before its keyword */
  readonly back?: number;
  readonly check?: (secret: string) => boolean;
  /** the pattern may match over several lines */
  readonly lines?: true;
};

const placeholder = /x{6}|\*{4}|\.{4}|<[^>]*>|\$\{|\{\{|your[-_ ]|example|placeholder|changeme|redacted|dummy/i;

/** False for what documentation prints in the place of a token. */
export function isReal(secret: string): boolean {
  return !placeholder.test(secret) && new Set(secret).size >= 5;
}

/** A token that begins with a prefix: `start` is its grammar from the prefix on, no `^`. */
export function token(id: string, keywords: readonly string[], grammar: string): Rule {
  return {
    id,
    keywords,
    pattern: new RegExp(`(?<![A-Za-z0-9])${grammar}(?![A-Za-z0-9])`, "y"),
    check: (secret) => isReal(secret) && shannon(secret) >= 2.5,
  };
}
