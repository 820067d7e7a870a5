/**
 * Effective rights of one request: (those of its token, else of `local`) ∩ `local-ai` where an AI tool asks. Presence is no policy of a
 * caller: the gate answers with `owner` there.
 */
import type { Caller } from "../protocol.ts";
import { type Capability, type VerbName, verbs } from "../verbs.ts";
import { local, localAi, owner } from "./policy/built-in.ts";
import { type Decision, decide, type Question } from "./policy/decision.ts";
import { Ruleset } from "./policy/ruleset.ts";
import type { Vault } from "./vault.ts";

/** What a token says of its rights. */
export type TokenRights = {
  /**
   * Names of policies. Those of one layer are merged; every layer must grant. A child's token has its parents' layers besides its own,
   * so its rights are a subset of theirs on every path, whatever is written into the policies later.
   */
  layers: readonly (readonly string[])[];
  /** made for an AI tool: `local-ai` takes nothing from it */
  forTool: boolean;
};

/** `layers` are never empty. */
export type Rights = { readonly layers: readonly Ruleset[]; readonly tool: Ruleset | undefined };

/** Cheap: what is compiled is kept by the vault's book of policies until one of them changes. */
export function rightsOf(vault: Vault, caller: Pick<Caller, "verdict">, token?: TokenRights): Rights {
  const { policies } = vault;
  const layers = token && token.layers.length > 0 ? token.layers : [token ? [] : [local.name]];
  const asTool = caller.verdict === "sign" && token?.forTool !== true;
  return {
    layers: layers.map((names) => policies.ruleset(names)),
    tool: asTool ? policies.ruleset([localAi.name]) : undefined,
  };
}

export const ownerRights: Rights = { layers: [new Ruleset([owner])], tool: undefined };

/** All of `needs` on every path, by every layer. `toolNeeds`: what is asked of `local-ai` in their place. */
export function decideAll(rights: Rights, question: Question, toolNeeds: readonly Capability[] = question.needs): Decision {
  const decisions = rights.layers.map((layer) => decide(layer, question));
  if (rights.tool) decisions.push(decide(rights.tool, { ...question, needs: toolNeeds }));
  const refused = decisions.find((one) => !one.allowed);
  // under a sign it is `local-ai` that let it through, of several layers the narrowest, which is the first
  return refused ?? (rights.tool ? decisions.at(-1) : decisions[0]) ?? { allowed: false, policies: [] };
}

/** True on a path that may be shown in a list. */
export function mayList(rights: Rights, path: string): boolean {
  return [...rights.layers, ...(rights.tool ? [rights.tool] : [])].every((one) => one.grants(["list"], path));
}

/** True when no policy that they come from was changed in between. */
export function sameRights(a: Rights, b: Rights): boolean {
  return a.tool === b.tool && a.layers.length === b.layers.length && a.layers.every((one, at) => one === b.layers[at]);
}

/** What policy is asked about a request. A verb without a path has one of its own: `audit.tail` is `sys/audit/tail`. */
export function questionOf(verb: VerbName, paths: readonly string[]): Question {
  const asked = paths.length === 0 ? [`sys/${verb.replace(".", "/")}`] : paths;
  return { needs: verbs[verb].needs, paths: asked, list: verbs[verb].paths === "prefix" };
}
