/** What a policy is: a name and rules, each with a pattern of paths and what it grants there. `deny` takes everything else away. */
import { type Capability, capabilities } from "../verbs.ts";

export type Grant = Capability | "deny";
export type Rule = { readonly path: string; readonly capabilities: readonly Grant[] };
export type Policy = { readonly name: string; readonly rules: readonly Rule[] };

export const grants: readonly Grant[] = [...capabilities, "deny"];

export function isGrant(text: string): text is Grant {
  return (grants as readonly string[]).includes(text);
}
