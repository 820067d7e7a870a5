/**
 * Several policies as one, compiled once and asked many times. Of all patterns that match a path exactly one decides: the exact path, else
 * the most specific pattern. Equal patterns of several policies are merged into one rule before that, and `deny` in one of them takes
 * away what the others grant. What no rule matches is not granted.
 */
import type { Capability } from "../../verbs.ts";
import { compare, type Pattern, toPattern } from "../../policy/pattern.ts";
import type { Grant, Policy } from "../../policy/rule.ts";

export type Merged = {
  readonly pattern: Pattern;
  /** names of the policies that have it */
  readonly policies: readonly string[];
  readonly granted: ReadonlySet<Grant>;
};

export class Ruleset {
  /** names of its policies */
  readonly policies: readonly string[];
  readonly #exact = new Map<string, Merged>();
  /** the most specific one first */
  readonly #wild: readonly Merged[];

  constructor(policies: readonly Policy[]) {
    this.policies = policies.map((policy) => policy.name);
    const merged = new Map<string, { pattern: Pattern; policies: string[]; granted: Set<Grant> }>();
    for (const { name, rules } of policies) {
      for (const { path, capabilities } of rules) {
        const one = merged.get(path) ?? { pattern: toPattern(path), policies: [], granted: new Set() };
        one.policies.push(name);
        for (const capability of capabilities) one.granted.add(capability);
        merged.set(path, one);
      }
    }
    const all = [...merged.values()];
    for (const one of all) if (one.pattern.exact) this.#exact.set(one.pattern.text, one);
    this.#wild = all.filter((one) => !one.pattern.exact).toSorted((a, b) => compare(a.pattern, b.pattern).order);
  }

  /** The rule that decides on a path. LIST of a folder is decided on `path/`, and on `path` where no rule is about that. */
  find(path: string, list = false): Merged | undefined {
    const [asked, other] = list ? folderOf(path) : [path, path];
    return (
      this.#exact.get(asked) ??
      this.#exact.get(other) ??
      this.#wild.find((one) => one.pattern.matches(asked)) ??
      (asked === other ? undefined : this.#wild.find((one) => one.pattern.matches(other)))
    );
  }

  grants(needs: readonly Capability[], path: string, list = false): boolean {
    const rule = this.find(path, list);
    return needs.length === 0 || (rule !== undefined && !rule.granted.has("deny") && needs.every((one) => rule.granted.has(one)));
  }

  /** All rules that match, the one that decides first; for explanations. */
  matching(path: string, list = false): readonly Merged[] {
    const tried = list ? folderOf(path) : [path];
    const exact = tried.flatMap((one) => this.#exact.get(one) ?? []);
    return [...new Set([...exact, ...tried.flatMap((one) => this.#wild.filter(({ pattern }) => pattern.matches(one)))])];
  }
}

/** Everything has no name, with a "/" neither. */
function folderOf(path: string): [string, string] {
  const name = path.endsWith("/") ? path.slice(0, -1) : path;
  return [name === "" ? "" : `${name}/`, name];
}
