/**
 * A policy's text as `printPolicy` would have it, with the comments that people wrote: one place for everything, the same meaning, and
 * formatted again it stays as it is. A comment in the middle of things moves to the line above them.
 */
import { ZvaultError } from "../errors.ts";
import { limits } from "../verbs.ts";
import { type Lexeme, lexemes } from "./lexer.ts";
import { languageOf, parsePolicy } from "./parse.ts";
import { bare } from "./pattern.ts";
import { grants, isGrant, type Rule } from "./rule.ts";

/** Throws `usage` for what is no policy, and for one that its form would make too long to be read again. */
export function formatPolicy(source: string): string {
  const rules = parsePolicy(source);
  const text = languageOf(source) === "json" ? printJson(rules) : new Formatter(source).text();
  if (text.length <= limits.policyText) return text;
  throw new ZvaultError("usage", `in its one form it is ${text.length} characters long; ${limits.policyText} is the most`, {
    hint: "make two policies of it",
  });
}

function printJson(rules: readonly Rule[]): string {
  const paths = rules.map(({ path, capabilities }) => {
    const list = capabilities.map((one) => JSON.stringify(one)).join(", ");
    return `    ${JSON.stringify(path)}: {\n      "capabilities": [${list}]\n    }`;
  });
  return paths.length === 0 ? "{}\n" : `{\n  "path": {\n${paths.join(",\n")}\n  }\n}\n`;
}

/** A lexeme, and how it stands to the one before. */
type Token = Lexeme & { ownLine: boolean; blankBefore: boolean };

type Item = { text: string; above: Token[]; behind: Token[] };

/** Of a text that the parser has read: nothing is checked again. */
class Formatter {
  readonly #tokens: Token[] = [];
  #at = 0;
  readonly #lines: string[] = [];

  constructor(source: string) {
    let end = 0;
    for (const lexeme of lexemes(source, "hcl", { comments: true })) {
      const breaks = source.slice(end, lexeme.at).split("\n").length - 1;
      this.#tokens.push({ ...lexeme, ownLine: breaks > 0 || end === 0, blankBefore: breaks > 1 });
      ({ end } = lexeme);
    }
  }

  text(): string {
    for (let afterBlock = false; ; afterBlock = true) {
      const comments = this.#comments();
      const { kind, blankBefore } = this.#peek();
      // an empty line stands between one path and the next, and whatever is said above that
      let apart = afterBlock;
      for (const one of comments) {
        if (!one.ownLine && this.#lines.length > 0) this.#behind(one);
        else {
          this.#own(one, "", apart || one.blankBefore);
          apart = false;
        }
      }
      if (kind === "end") return this.#lines.map((line) => `${line}\n`).join("");
      if (this.#lines.length > 0 && (apart || blankBefore)) this.#lines.push("");
      this.#block();
    }
  }

  /** `path "…" { capabilities = […] }` */
  #block(): void {
    const header = [this.#take(), ...this.#until("{")];
    for (const one of header) if (one.kind === "comment") this.#own(one, "");
    const path = bare(header.find((one) => one.kind === "string")?.text ?? "");
    this.#take();
    this.#lines.push(`path "${path}" {`);
    const begin = this.#lines.length;
    for (const one of this.#comments()) this.#inBlock(one, begin);
    for (const one of this.#until("[")) if (one.kind === "comment") this.#own(one, "  ");
    this.#take();
    this.#capabilities();
    for (const one of this.#comments()) this.#inBlock(one, 0);
    this.#take();
    this.#lines.push("}");
  }

  /** Beside what it stands beside, else on a line of its own, which may have an empty one before it. */
  #inBlock(one: Token, begin: number): void {
    if (one.ownLine) this.#own(one, "  ", one.blankBefore && this.#lines.length > begin);
    else this.#behind(one);
  }

  #capabilities(): void {
    const { items, last } = this.#items();
    items.sort((a, b) => orderOf(a.text) - orderOf(b.text));
    const plain = last.length === 0 && items.every(({ above, behind }) => above.length + behind.length === 0);
    if (plain) {
      this.#lines.push(`  capabilities = [${items.map((one) => `"${one.text}"`).join(", ")}]`);
      return;
    }
    this.#lines.push("  capabilities = [");
    for (const { text, above, behind } of items) {
      for (const one of above) this.#own(one, "    ");
      this.#lines.push(`    "${text}",`);
      for (const one of behind) this.#behind(one);
    }
    for (const one of last) this.#own(one, "    ");
    this.#lines.push("  ]");
  }

  /** A comment belongs to what it stands behind on a line, else to what follows. */
  #items(): { items: Item[]; last: Token[] } {
    const items: Item[] = [];
    let above: Token[] = [];
    for (let token = this.#take(); token.text !== "]" || token.kind !== "mark"; token = this.#take()) {
      const before = items.at(-1);
      if (token.kind === "string") {
        items.push({ text: token.text, above, behind: [] });
        above = [];
      } else if (token.kind === "comment") {
        const closed = before?.behind.at(-1);
        const ends = this.#peek().ownLine || this.#peek().kind !== "string";
        const fits = before && !token.ownLine && above.length === 0 && ends && !(closed && isLineComment(closed));
        (fits ? before.behind : above).push(token);
      }
    }
    return { items, last: above };
  }

  #own(comment: Token, indent: string, blank = false): void {
    if (blank && this.#lines.length > 0) this.#lines.push("");
    this.#lines.push(`${indent}${wordsOf(comment)}`);
  }

  #behind(comment: Token): void {
    this.#lines.push(`${this.#lines.pop() ?? ""} ${wordsOf(comment)}`);
  }

  #peek(): Token {
    const token = this.#tokens[this.#at] ?? this.#tokens.at(-1);
    if (!token) throw new Error("a text without an end");
    return token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }

  #comments(): Token[] {
    const found: Token[] = [];
    while (this.#peek().kind === "comment") found.push(this.#take());
    return found;
  }

  /** All before a mark. */
  #until(mark: string): Token[] {
    const found: Token[] = [];
    while (this.#peek().kind !== "mark" || this.#peek().text !== mark) found.push(this.#take());
    return found;
  }
}

function orderOf(text: string): number {
  return isGrant(text) ? grants.indexOf(text) : grants.length;
}

function isLineComment({ text }: Token): boolean {
  return !text.startsWith("/*");
}

/** Without blanks at the ends of lines; of a long comment the lines stay as they are otherwise. */
function wordsOf({ text }: Token): string {
  return text.replaceAll(/[ \t\r]+(?=\n|$)/g, "");
}
