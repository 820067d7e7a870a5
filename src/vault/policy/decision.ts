/** Why something is granted or not: which rule of which policy decided, before which other, and by what. */
import type { Capability } from "../../verbs.ts";
import { compare, type Criterion } from "../../policy/pattern.ts";
import type { Merged, Ruleset } from "./ruleset.ts";

/** What is asked: all of `needs` on every path; `list`: the paths are folders to be listed. */
export type Question = { needs: readonly Capability[]; paths: readonly string[]; list?: boolean };

export type Decision = {
  allowed: boolean;
  /** the policies that decided: those with the rule, or all that were asked where no rule matched */
  policies: readonly string[];
  /** where it is refused, the first such path */
  path?: string;
};

/** `allowed` names every policy that granted something; a refusal those of its rule. */
export function decide(ruleset: Ruleset, { needs, paths, list = false }: Question): Decision {
  const deciding = new Set<string>();
  for (const path of paths) {
    const rule = ruleset.find(path, list);
    if (!ruleset.grants(needs, path, list)) return { allowed: false, policies: rule?.policies ?? ruleset.policies, path };
    for (const name of rule?.policies ?? []) deciding.add(name);
  }
  return { allowed: true, policies: deciding.size > 0 ? [...deciding] : ruleset.policies };
}

export type Reason = {
  allowed: boolean;
  /** `deny`: the rule denies · `granted` · `missing`: the rule does not grant all of it · `no-rule`: none matches */
  why: "granted" | "deny" | "missing" | "no-rule";
  policies: readonly string[];
  /** the rule's pattern, null where there is none */
  rule: string | null;
  /** what the rule grants */
  capabilities: readonly string[];
  missing: readonly Capability[];
  /** the next rule that matches too, and why this one stands before it */
  before: { rule: string; by: Criterion | "folder" } | null;
};

export function explain(ruleset: Ruleset, needs: readonly Capability[], path: string, list: boolean): Reason {
  const [rule, next] = ruleset.matching(path, list);
  if (!rule)
    return {
      allowed: needs.length === 0,
      why: "no-rule",
      policies: ruleset.policies,
      rule: null,
      capabilities: [],
      missing: needs,
      before: null,
    };
  const deny = rule.granted.has("deny");
  const missing = needs.filter((one) => deny || !rule.granted.has(one));
  return {
    allowed: missing.length === 0,
    why: missing.length === 0 ? "granted" : deny ? "deny" : "missing",
    policies: rule.policies,
    rule: rule.pattern.text,
    capabilities: [...rule.granted],
    missing,
    before: next ? { rule: next.pattern.text, by: reasonOf(rule, next) } : null,
  };
}

/** LIST asks for `path/` first: there the one about the folder may be the less specific one. */
function reasonOf(rule: Merged, next: Merged): Criterion | "folder" {
  const { by, order } = compare(rule.pattern, next.pattern);
  return order < 0 ? by : "folder";
}
