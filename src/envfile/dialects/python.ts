/**
 * python-dotenv 1.2, as `load_dotenv()` reads: what is set already wins. Its grammar is in src/dotenv/parser.py and variables.py
 * there. A byte order mark at the start is taken off, which python-dotenv would make a part of the first name.
 */
import { longestValue, tooLong, withNames, type Bound, type Part, type Reader } from "./reader.ts";

// Python's \s; that of JavaScript has U+FEFF, too, and lacks U+001C to U+001F and U+0085
const inline = String.raw`[\t\v\f\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]`;
const blank = new RegExp(`(?:${inline}|[\\r\\n])*`, "y");
const exported = new RegExp(`(?:export${inline}+)?`, "y");
const gap = new RegExp(`${inline}*`, "y");
const quotedKey = /'([^']+)'/y;
const bareKey = new RegExp(`(?:(?!${inline})[^=#\\r\\n])+`, "y");
const endOfLine = new RegExp(`${inline}*(?:#[^\\n]*)?(?:\\n|$)`, "y");
const restOfLine = /[^\n]*\n?/y;
const comment = new RegExp(`${inline}#`);
const end = new RegExp(`${inline}`);
const variable = /\$\{([^}:]*)(?::-([^}]*))?\}/g;
const escapes: Record<string, string> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** What stands there is not what has to: the rest of the line is passed over. */
class Failed extends Error {}

class Scanner {
  readonly #text: string;
  #line = 1;
  #counted = 0;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.at >= this.#text.length;
  }

  get next(): string {
    return this.#text.charAt(this.at);
  }

  get line(): number {
    for (; this.#counted < this.at; this.#counted++) if (this.#text[this.#counted] === "\n") this.#line++;
    return this.#line;
  }

  take(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text);
    if (!found) throw new Failed();
    this.at += found[0].length;
    return found;
  }

  key(): string | undefined {
    if (this.next === "#") return undefined;
    return this.next === "'" ? this.take(quotedKey)[1] : this.take(bareKey)[0];
  }

  value(): string {
    const quote = this.next;
    if (quote === "'" || quote === '"') {
      const known = quote === "'" ? /\\([\\'])/g : /\\([\\'"abfnrtv])/g;
      return this.#quoted(quote).replace(known, (_, unit: string) => escapes[unit] ?? unit);
    }
    const stop = this.#text.indexOf("\n", this.at);
    const part = this.#text.slice(this.at, stop === -1 ? this.#text.length : stop);
    this.at += part.length;
    const cut = part.search(comment);
    return rstrip(cut === -1 ? part : part.slice(0, cut));
  }

  /** Closes at the first quote that is not behind a backslash, or, if there is none, at the last that is. */
  #quoted(quote: string): string {
    let last = -1;
    let next = this.#text.indexOf(quote, this.at + 1);
    while (next !== -1 && this.#text[next - 1] === "\\") {
      last = next;
      next = this.#text.indexOf(quote, next + 1);
    }
    const close = next === -1 ? last : next;
    if (close === -1) throw new Failed();
    const body = this.#text.slice(this.at + 1, close);
    this.at = close + 1;
    return body;
  }
}

function rstrip(text: string): string {
  let stop = text.length;
  while (stop > 0 && end.test(text.charAt(stop - 1))) stop--;
  return text.slice(0, stop);
}

type Binding = { name: string; line: number; raw: string | undefined };

/** One statement; undefined for a blank line, a comment, or what python-dotenv cannot parse. */
function binding(scanner: Scanner): Binding | undefined {
  try {
    scanner.take(blank);
    if (scanner.done) return undefined;
    const { line } = scanner;
    scanner.take(exported);
    const name = scanner.key();
    scanner.take(gap);
    let raw: string | undefined;
    if (scanner.next === "=") {
      scanner.at++;
      scanner.take(gap);
      raw = scanner.value();
    }
    scanner.take(endOfLine);
    return name === undefined ? undefined : { name, line, raw };
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    scanner.take(restOfLine);
    return undefined;
  }
}

function expand(raw: string, lookUp: (name: string, fallback?: string) => string): Pick<Bound, "value" | "parts"> {
  const parts: Part[] = [];
  let value = "";
  let done = 0;
  const text = (to: number): void => {
    if (to > done) parts.push(raw.slice(done, to));
    value += raw.slice(done, to);
  };
  for (const found of raw.matchAll(variable)) {
    const [whole, name = "", fallback] = found;
    text(found.index);
    parts.push({ name });
    value += lookUp(name, fallback);
    done = found.index + whole.length;
  }
  text(raw.length);
  return { value, parts: withNames(parts) };
}

export const python: Reader = (whole, { environment, earlier }) => {
  // opened as text: every line end is \n
  const scanner = new Scanner(whole.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n"));
  // a name without `=` has the value None, which is no default's case
  const seen = new Map<string, Bound | undefined>();
  const lookUp = (name: string, fallback = ""): string => {
    const set = environment.get(name);
    if (set !== undefined) return set;
    if (seen.has(name)) return seen.get(name)?.value ?? "";
    return earlier.get(name) ?? fallback;
  };
  while (!scanner.done) {
    const found = binding(scanner);
    if (!found) continue;
    const { name, line, raw } = found;
    const one = raw === undefined ? undefined : { name, line, ...expand(raw, lookUp) };
    if (one && one.value.length > longestValue) return { kind: "refused", line, why: tooLong };
    seen.delete(name);
    seen.set(name, one);
  }
  const bound = new Map<string, Bound>();
  for (const [name, one] of seen) if (one) bound.set(name, one);
  return { kind: "read", bound };
};
