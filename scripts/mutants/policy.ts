/** Policies: how they are read, and which rule decides. */
import type { Mutants } from "./mutant.ts";

export const policy: Mutants = {
  "policy skipped": {
    file: "src/vault/policy/ruleset.ts",
    from: "needs.every((one) => rule.granted.has(one))",
    to: "needs.length >= 0",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: an exact path does not stand first": {
    file: "src/vault/policy/ruleset.ts",
    from: "if (one.pattern.exact) this.#exact",
    to: "if (one.pattern.exact && one.policies.length > 9) this.#exact",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: the earlier wildcard wins": {
    file: "src/policy/pattern.ts",
    from: 'by: "later-wildcard", order: b.first - a.first',
    to: 'by: "later-wildcard", order: a.first - b.first',
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: a glob before what is none": {
    file: "src/policy/pattern.ts",
    from: "order: Number(a.glob) - Number(b.glob)",
    to: "order: Number(b.glob) - Number(a.glob)",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: more + win": {
    file: "src/policy/pattern.ts",
    from: "order: a.plus - b.plus",
    to: "order: b.plus - a.plus",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: the shorter pattern wins": {
    file: "src/policy/pattern.ts",
    from: "order: b.text.length - a.text.length",
    to: "order: a.text.length - b.text.length",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: the other letter wins": {
    file: "src/policy/pattern.ts",
    from: "a.text > b.text ? -1 : 1",
    to: "a.text > b.text ? 1 : -1",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: equal patterns are not merged": {
    file: "src/vault/policy/ruleset.ts",
    from: "const one = merged.get(path) ?? {",
    to: "const one = {",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: deny does not win": {
    file: "src/vault/policy/ruleset.ts",
    from: '!rule.granted.has("deny") && ',
    to: "",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: + goes beyond its segment": {
    file: "src/policy/pattern.ts",
    from: '"[^/]+"',
    to: '".+"',
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: + stands for nothing, too": {
    file: "src/policy/pattern.ts",
    from: '"[^/]+"',
    to: '"[^/]*"',
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: a dot is any character": {
    file: "src/policy/pattern.ts",
    from: 'part.replaceAll(".", "\\\\.")',
    to: "part",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: LIST asks for the folder only": {
    file: "src/vault/policy/ruleset.ts",
    from: "(asked === other ? undefined : this.#wild.find((one) => one.pattern.matches(other)))",
    to: "undefined",
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: LIST asks for the name first": {
    file: "src/vault/policy/ruleset.ts",
    from: 'return [name === "" ? "" : `${name}/`, name];',
    to: 'return [name, name === "" ? "" : `${name}/`];',
    test: "test/vault/policy/decisions.test.ts",
  },
  "policy: an unknown attribute is ignored": {
    file: "src/policy/parse.ts",
    from: 'if (attribute.text !== "capabilities")',
    to: 'if (attribute.text === "")',
    test: "test/policy/parse.test.ts",
  },
  "policy: text behind its end is ignored": {
    file: "src/policy/parse.ts",
    from: 'if (this.#next.kind !== "end") throw',
    to: 'if (this.#next.text === "x") throw',
    test: "test/policy/parse.test.ts",
  },
  "policy: a look-alike is a name": {
    file: "src/vault/name.ts",
    from: "if (/[^\\x20-\\x7e]/.test(text))",
    to: 'if (text === "\\0")',
    test: "test/policy/parse.test.ts",
  },
  "policy: compiled once for all": {
    file: "src/vault/policy/book.ts",
    from: "if (kept && kept.entries.every((entry, at) => entry === entries[at]))",
    to: "if (kept && entries)",
    test: "test/vault/rights.test.ts",
  },
  "policy: not asked again before the answer": {
    file: "src/vault/gate.ts",
    from: "if (sameRights(call.rights, rights) || (own && isOwnAffair(verb, call.args))) return call;",
    to: "if (rights) return call;",
    test: "test/vault/rights.test.ts",
  },
  "policy: a sign takes nothing away": {
    file: "src/vault/rights.ts",
    from: 'const asTool = caller.verdict === "sign" &&',
    to: 'const asTool = caller.verdict !== "sign" &&',
    test: "test/vault/rights.test.ts",
  },
  "policy: one layer of a token is enough": {
    file: "src/vault/rights.ts",
    from: "const refused = decisions.find((one) => !one.allowed);",
    to: "const refused = decisions.find((one) => !one.allowed && decisions.length === 1);",
    test: "test/vault/rights.test.ts",
  },
  "policy: a list shows what is denied": {
    file: "src/vault/handlers.ts",
    from: "secrets.filter((one) => mayList(rights, one.path))",
    to: "secrets.filter((one) => mayList(rights, one.path) || one.path)",
    test: "test/vault/rights.test.ts",
  },
  "policy fmt loses a comment": {
    file: "src/policy/format.ts",
    from: 'if (one.kind === "comment") this.#own(one, "");',
    to: "void one;",
    test: "test/policy/format.test.ts",
  },
};
