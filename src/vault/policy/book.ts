/**
 * The policies of one vault: those that people wrote (table "policies" of the log), else the built-in ones. Looked up at each request,
 * so that a change acts at once; what is compiled stays as long as its entries are the same objects, which a change replaces.
 */
import { newerFormat } from "../format-version.ts";
import type { Json } from "../operation.ts";
import type { State } from "../state.ts";
import { builtIn, fixed, root } from "./built-in.ts";
import { isGrant, type Policy, type Rule } from "../../policy/rule.ts";
import { Ruleset } from "./ruleset.ts";

export const policyTable = "policies";

/** Entry of the table; docs/format.md, "Tables". */
export type PolicyEntry = { written: string; rules: readonly Rule[] };

/** `written`: when a person wrote it, null for a built-in one as it was made. */
export type Shelved = Policy & { written: string | null };

/** Far more sets of policies than tokens have at a time; more are compiled again. */
const mostSets = 64;

export class PolicyBook {
  readonly #state: () => State;
  readonly #sets = new Map<string, { entries: readonly (Json | undefined)[]; ruleset: Ruleset }>();

  constructor(state: () => State) {
    this.#state = state;
  }

  get(name: string): Shelved | undefined {
    const entry = fixed.has(name) ? undefined : this.#entry(name);
    if (entry !== undefined) return { name, ...readEntry(name, entry) };
    const made = builtIn.get(name);
    return made && { ...made, written: null };
  }

  /** Built-in ones first, the others by name. */
  all(): Shelved[] {
    const written = [...(this.#state().tables.get(policyTable)?.keys() ?? [])].filter((name) => !builtIn.has(name));
    return [...builtIn.keys(), ...written.toSorted()].flatMap((name) => this.get(name) ?? []);
  }

  /**
   * The policies of these names as one. A name without a policy grants nothing. `root` with others is `root`. The same object as long as
   * none of them changed.
   */
  ruleset(names: readonly string[]): Ruleset {
    const key = names.join(" ");
    const entries = names.map((name) => this.#entry(name));
    const kept = this.#sets.get(key);
    if (kept && kept.entries.every((entry, at) => entry === entries[at])) return kept.ruleset;
    const policies = names.includes(root.name) ? [root] : names.map((name) => this.get(name) ?? { name, rules: [] });
    const ruleset = new Ruleset(policies);
    if (this.#sets.size >= mostSets) this.#sets.clear();
    this.#sets.set(key, { entries, ruleset });
    return ruleset;
  }

  #entry(name: string): Json | undefined {
    return this.#state().tables.get(policyTable)?.get(name);
  }
}

/** The bytes are authenticated; what is checked is that this build understands all of it. Throws `damaged`. */
function readEntry(name: string, entry: Json): PolicyEntry {
  const { written, rules } = entry as Partial<PolicyEntry>;
  const known =
    typeof written === "string" &&
    Array.isArray(rules) &&
    (rules as readonly Partial<Rule>[]).every(
      ({ path, capabilities }) => typeof path === "string" && Array.isArray(capabilities) && capabilities.every(isGrant),
    );
  if (known) return { written, rules: rules as readonly Rule[] };
  throw newerFormat(`policy ${name}`);
}
