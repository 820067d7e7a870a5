/** A policy as HCL, one way: what `parsePolicy` reads back as the same rules. */
import type { Rule } from "./rule.ts";

export function printPolicy(rules: readonly Rule[]): string {
  const blocks = rules.map(
    ({ path, capabilities }) => `path "${path}" {\n  capabilities = [${capabilities.map((one) => `"${one}"`).join(", ")}]\n}\n`,
  );
  return blocks.join("\n");
}
