/** Of policies. Conventions as in `calls.ts`. */
import type { Capability } from "../verbs.ts";

/** `rules`: how many. `written`: when a person wrote it; null: as every vault has it. `fixed`: nobody can. */
export type PolicyInfo = { name: string; rules: number; builtIn: boolean; fixed: boolean; written: string | null };

/**
 * Why policies of one layer grant something or not. `why`: granted · deny: the rule denies · missing: it grants not all of it · no-rule.
 * `rule`: the pattern that decides; `before`: the next one that matches too, and by what the first is the more specific one.
 */
export type PolicyReason = {
  /** the policies that were asked: the caller's or those named, or `local-ai` of an AI tool */
  asked: string[];
  allowed: boolean;
  why: "granted" | "deny" | "missing" | "no-rule";
  /** those that have the rule */
  policies: string[];
  rule: string | null;
  capabilities: string[];
  missing: string[];
  before: {
    rule: string;
    by: "exact" | "later-wildcard" | "no-glob" | "fewer-plus" | "longer" | "lexicographic" | "folder";
  } | null;
};

export type PolicyCalls = {
  "policy.list": { args: Record<string, never>; result: { policies: PolicyInfo[] } };
  /** `text`: the rules as HCL. */
  "policy.read": {
    args: { name: string };
    result: PolicyInfo & { text: string; paths: { path: string; capabilities: string[] }[] };
  };
  /** `text`: HCL or JSON, all of the policy. */
  "policy.write": { args: { name: string; text: string }; result: PolicyInfo & { created: boolean } };
  /** `restored`: it is a built-in one, and is now again as every vault has it. */
  "policy.delete": { args: { name: string }; result: { name: string; restored: boolean } };
  /**
   * What policy says, without doing it: all of `needs` on a path, or for LIST of a folder. Of the caller, or of a token with `policies`; `tool`: as if an AI
   * tool asked. Presence is not looked at.
   */
  "policy.test": {
    args: { path: string; needs: Capability[]; list: boolean; policies?: string[]; tool?: boolean };
    result: { allowed: boolean; path: string; needs: Capability[]; list: boolean; reasons: PolicyReason[] };
  };
};
