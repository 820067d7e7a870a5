/**
 * Who may do what. In this release three built-in policies: `local`, the rights of the owner's uid without further proof, `local-ai`,
 * what is left of them where an AI tool asks, and `owner`, its rights with presence. Policies that people write, tokens and AppRole arrive with issue "Who may do what"; the gate already asks
 * here and nowhere else.
 */
import type { Capability } from "../verbs.ts";

export type Rule = { pattern: string; capabilities: readonly Capability[] };
export type Policy = { name: string; rules: readonly Rule[] };

const everything: readonly Capability[] = ["create", "read", "update", "delete", "list", "sudo", "use"];

/** List and describe everything; use and write `env/`; work with transit keys. No value is shown, nothing is governed. */
export const local: Policy = {
  name: "local",
  rules: [
    { pattern: "env/*", capabilities: ["list", "use", "create", "update", "delete"] },
    { pattern: "transit/*", capabilities: ["list", "update"] },
    { pattern: "*", capabilities: ["list"] },
  ],
};

/** What is left of `local` where an AI tool asks. `create`: a name that is new, with a value made inside (local-ai.ts). */
export const localAi: Policy = {
  name: "local-ai",
  rules: [
    { pattern: "env/*", capabilities: ["list", "use", "create"] },
    { pattern: "*", capabilities: ["list"] },
  ],
};

export const owner: Policy = { name: "owner", rules: [{ pattern: "*", capabilities: everything }] };

/** The rule for a path: an exact pattern before a prefix, the longer prefix first; `*` stands only at the end. */
function ruleFor(policy: Policy, path: string): Rule | undefined {
  let best: Rule | undefined;
  for (const rule of policy.rules) {
    if (rule.pattern === path) return rule;
    const prefix = rule.pattern.endsWith("*") ? rule.pattern.slice(0, -1) : undefined;
    if (prefix === undefined || !path.startsWith(prefix)) continue;
    if (!best || rule.pattern.length > best.pattern.length) best = rule;
  }
  return best;
}

/** True when the policy grants all of `needs` on every path. A verb without a path is decided on the path "". */
export function allows(policy: Policy, needs: readonly Capability[], paths: readonly string[]): boolean {
  const asked = paths.length === 0 ? [""] : paths;
  return asked.every((path) => {
    const granted = ruleFor(policy, path)?.capabilities ?? [];
    return needs.every((one) => granted.includes(one));
  });
}
