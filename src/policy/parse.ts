/**
 * Policies as people write them. HCL: `path "env/*" { capabilities = ["list", "use"] }`, any number of them, comments `#`, `//`, `/* *\/`.
 * JSON: `{"path": {"env/*": {"capabilities": ["list", "use"]}}}`. Nothing is ignored: an attribute, capability or text that is not known
 * is refused with its line and column, since a rule that was skipped would be a right that nobody meant.
 */
import { limits } from "../verbs.ts";
import { type Lexeme, lexemes, refuseAt, shown } from "./lexer.ts";
import { bare, patternProblem } from "./pattern.ts";
import { type Grant, grants, isGrant, type Rule } from "./rule.ts";

/** JSON when the first character is a brace. Throws `usage`, with the place. */
export function parsePolicy(source: string): Rule[] {
  if (source.length > limits.policyText) throw refuseAt(source, limits.policyText, `longer than ${limits.policyText} characters`);
  return languageOf(source) === "json" ? new Parser(source, "json").json() : new Parser(source, "hcl").hcl();
}

export function languageOf(source: string): "hcl" | "json" {
  return /^\s*\{/.test(source) ? "json" : "hcl";
}

class Parser {
  readonly #source: string;
  readonly #language: "hcl" | "json";
  readonly #words: Generator<Lexeme, undefined>;
  #next: Lexeme;
  readonly #rules = new Map<string, Rule>();

  constructor(source: string, language: "hcl" | "json") {
    this.#source = source;
    this.#language = language;
    this.#words = lexemes(source, language);
    this.#next = this.#read();
  }

  hcl(): Rule[] {
    while (this.#next.kind !== "end") {
      this.#word("path");
      const pattern = this.#pattern();
      const open = this.#mark("{");
      this.#attributes(pattern, open, () => {
        const name = this.#take("word", "an attribute");
        this.#mark("=");
        return name;
      });
    }
    return [...this.#rules.values()];
  }

  json(): Rule[] {
    this.#mark("{");
    if (!this.#skip("}")) {
      const name = this.#take("string", '"path"');
      if (name.text !== "path") throw this.#refuse(name, `${shown(name)} is no attribute of a policy; "path" is the only one`);
      this.#mark(":");
      this.#mark("{");
      this.#items("}", () => {
        const pattern = this.#pattern();
        this.#mark(":");
        const open = this.#mark("{");
        this.#attributes(pattern, open, () => {
          const attribute = this.#take("string", "an attribute");
          this.#mark(":");
          return attribute;
        });
      });
      this.#mark("}");
    }
    if (this.#next.kind !== "end") throw this.#refuse(this.#next, `${shown(this.#next)} after the end of the policy`);
    return [...this.#rules.values()];
  }

  /** What stands between the braces of one path; `name` reads an attribute's name and what follows it. */
  #attributes(pattern: string, open: Lexeme, name: () => Lexeme): void {
    let granted: Grant[] | undefined;
    while (!this.#skip("}")) {
      const attribute = name();
      if (attribute.text !== "capabilities")
        throw this.#refuse(attribute, `unknown attribute ${shown(attribute)}; "capabilities" is the only one`);
      if (granted) throw this.#refuse(attribute, `"capabilities" stands twice`);
      granted = this.#capabilities();
    }
    if (!granted) throw this.#refuse(open, `path ${JSON.stringify(pattern)} has no capabilities`, `capabilities = ["list"]`);
    this.#rules.set(pattern, { path: pattern, capabilities: granted });
  }

  #capabilities(): Grant[] {
    const found: Grant[] = [];
    this.#mark("[");
    this.#items("]", () => {
      const one = this.#take("string", "a capability");
      const { text } = one;
      if (!isGrant(text)) throw this.#refuse(one, `unknown capability ${shown(one)}`, grants.join(", "));
      if (found.includes(text)) throw this.#refuse(one, `${shown(one)} stands twice`);
      found.push(text);
    });
    // in one order, so that equal policies read alike
    return grants.filter((one) => found.includes(one));
  }

  #pattern(): string {
    const typed = this.#take("string", "a path in quotes");
    const pattern = bare(typed.text);
    const why = patternProblem(pattern);
    if (why !== undefined) throw this.#refuse(typed, `${shown(typed)} is no pattern of paths: ${why}`);
    if (this.#rules.has(pattern)) throw this.#refuse(typed, `path ${shown(typed)} stands twice`);
    if (this.#rules.size === limits.policyRules) throw this.#refuse(typed, `more than ${limits.policyRules} paths`);
    return pattern;
  }

  /** Up to `end`, with commas in between; HCL allows one behind the last item, JSON does not. */
  #items(end: string, item: () => void): void {
    while (!this.#skip(end)) {
      item();
      if (this.#skip(end)) return;
      const comma = this.#mark(",", end);
      if (this.#next.text === end && this.#language === "json") throw this.#refuse(comma, "a comma with nothing behind it");
    }
  }

  #word(text: string): void {
    const found = this.#take("word", text);
    if (found.text !== text) throw this.#refuse(found, `${shown(found)} where \`${text}\` was expected`);
  }

  #mark(text: string, or?: string): Lexeme {
    if (this.#next.kind === "mark" && this.#next.text === text) return this.#advance();
    const expected = or === undefined ? text : `${text} or ${or}`;
    throw this.#refuse(this.#next, `${shown(this.#next)} where ${expected} was expected`);
  }

  #skip(text: string): boolean {
    if (this.#next.kind !== "mark" || this.#next.text !== text) return false;
    this.#advance();
    return true;
  }

  #take(kind: Lexeme["kind"], what: string): Lexeme {
    if (this.#next.kind === kind) return this.#advance();
    throw this.#refuse(this.#next, `${shown(this.#next)} where ${what} was expected`);
  }

  #advance(): Lexeme {
    const taken = this.#next;
    this.#next = this.#read();
    return taken;
  }

  #read(): Lexeme {
    return this.#words.next().value ?? { kind: "end", text: "", at: this.#source.length, end: this.#source.length };
  }

  #refuse({ at }: Lexeme, why: string, hint?: string) {
    return refuseAt(this.#source, at, why, hint);
  }
}
