/**
 * Policies that every vault has. `root` and `owner` are what they are; the others hold until a person writes others in their place, and
 * again once those are deleted.
 */
import { capabilities } from "../../verbs.ts";
import type { Policy } from "../../policy/rule.ts";

const everything = [{ path: "*", capabilities }];

export const root: Policy = { name: "root", rules: everything };

/** The owner's uid with presence. */
export const owner: Policy = { name: "owner", rules: everything };

/** What neither shows a value nor governs a key. Each by name: a token with `local` needs no presence for what stands here. */
const transit = ["encrypt/*", "rewrap/*", "sign/*", "verify/*", "hmac/*", "random", "hash"].map((path) => `transit/${path}`);

/** The owner's uid without further proof: list and describe everything; use and write `env/`; work with transit keys. No value is shown, nothing is governed. */
export const local: Policy = {
  name: "local",
  rules: [
    { path: "env/*", capabilities: ["create", "update", "delete", "list", "use"] },
    ...transit.map((path) => ({ path, capabilities: ["update"] as const })),
    { path: "*", capabilities: ["list"] },
  ],
};

/** What is left where an AI tool asks. `create`: a name that is new, with a value made inside (local-ai.ts). */
export const localAi: Policy = {
  name: "local-ai",
  rules: [
    { path: "env/*", capabilities: ["create", "list", "use"] },
    { path: "*", capabilities: ["list"] },
  ],
};

/** For tokens: to ask what they may do. */
export const standard: Policy = { name: "default", rules: [{ path: "sys/policy/test", capabilities: ["list"] }] };

/** By name, in the order in which they are listed. */
export const builtIn: ReadonlyMap<string, Policy> = new Map([root, owner, standard, local, localAi].map((one) => [one.name, one]));

/** Nobody writes others in their place. */
export const fixed: ReadonlySet<string> = new Set([root.name, owner.name]);
