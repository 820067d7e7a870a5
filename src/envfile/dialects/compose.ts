/**
 * Docker Compose: compose-go 2.13, packages dotenv and template, by their rules. A file that it cannot read it refuses as a whole.
 * Source: dotenv/parser.go. A name without `=` is passed on from the environment there; here it gives nothing, and `run` passes it on.
 */
import { substitute, InvalidTemplate } from "./compose-template.ts";
import { longestValue, tooLong, withNames, type Bound, type Reader } from "./reader.ts";

// unicode.IsSpace; the second is without the line feed, and only as far as the parser's own isSpace goes
const space = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const inline = /[\t\v\f\r \x85\xa0]/;
const keyUnit = /[_.[\]\p{L}\p{N}-]/u;
const exported = /^export[\t\n\f\r ]+/;
const escape = /\\(?:[abcfnrtv$"\\]|0\d{0,3})/g;
const plainEscapes: Record<string, string> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  $: "$$",
  '"': '"',
  "\\": "\\",
};

class Refused extends Error {
  readonly at: number;

  constructor(why: string, at: number) {
    super(why);
    this.at = at;
  }
}

function skip(text: string, at: number, unit: RegExp): number {
  let next = at;
  while (next < text.length && unit.test(text.charAt(next))) next++;
  return next;
}

function trimEnd(text: string): string {
  let stop = text.length;
  while (stop > 0 && space.test(text.charAt(stop - 1))) stop--;
  return text.slice(0, stop);
}

/** The first unit of the next statement, or the end of the text. */
function statementAt(text: string, at: number): number {
  let next = skip(text, at, space);
  while (text[next] === "#") {
    const line = text.indexOf("\n", next);
    next = line === -1 ? text.length : skip(text, line, space);
  }
  return next;
}

type Key = { name: string; inherited: boolean; end: number };

function keyAt(text: string, start: number): Key {
  const prefix = exported.exec(text.slice(start, start + 64))?.[0];
  const from = prefix === undefined ? start : skip(text, start + "export".length, inline);
  for (let at = from; at < text.length;) {
    const unit = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (unit === "=" || unit === ":" || unit === "\n") {
      const name = trimEnd(text.slice(from, at));
      if (name.includes(" ")) throw new Refused("a name has a space in it", from);
      return { name, inherited: unit === "\n", end: skip(text, at + 1, inline) };
    }
    if (!inline.test(unit) && !keyUnit.test(unit)) throw new Refused("a name has a character that compose does not know", from);
    at += unit.length;
  }
  return { name: "", inherited: false, end: from };
}

type Raw = { text: string; expands: boolean; end: number };

function valueAt(text: string, at: number): Raw {
  const quote = text.charAt(at);
  if (quote !== "'" && quote !== '"') {
    const line = text.indexOf("\n", at);
    const whole = text.slice(at, line === -1 ? text.length : line);
    const comment = whole.indexOf(" #");
    return {
      text: trimEnd(comment === -1 ? whole : whole.slice(0, comment)),
      expands: true,
      end: line === -1 ? text.length : line + 1,
    };
  }
  let body = "";
  for (let next = at + 1; next < text.length; next++) {
    const unit = text.charAt(next);
    if (unit === quote) return { text: quote === '"' ? unescape(body) : body, expands: quote === '"', end: next + 1 };
    if (unit !== "\\") {
      body += unit;
      continue;
    }
    const escaped = text.charAt(++next);
    body += escaped === quote ? escaped : `\\${escaped}`;
  }
  throw new Refused("a quote is not closed", at);
}

/** `\$` becomes `$$`, which the template makes a plain `$`. */
function unescape(body: string): string {
  return body.replace(escape, (whole) => {
    const unit = whole.charAt(1);
    if (unit !== "0") return plainEscapes[unit] ?? whole;
    const digits = whole.slice(2);
    const code = /^[0-7]{3}$/.test(digits) ? parseInt(digits, 8) : 256;
    return code > 255 ? `\\${digits}` : String.fromCharCode(code);
  });
}

export const compose: Reader = (whole, { environment, earlier }) => {
  const text = whole.replace(/^\ufeff/, "");
  const bound = new Map<string, Bound>();
  const lookUp = (name: string): string | undefined => environment.get(name) ?? earlier.get(name) ?? bound.get(name)?.value;
  const lines = new LineCount(text);
  let start = 0;
  try {
    for (start = statementAt(text, 0); start < text.length;) {
      const key = keyAt(text, start);
      if (key.inherited) {
        start = statementAt(text, key.end);
        continue;
      }
      const raw = valueAt(text, key.end);
      const read = raw.expands ? substitute(raw.text, lookUp) : { value: raw.text, parts: [] };
      if (read.value.length > longestValue) throw new Refused(tooLong, start);
      if (key.name !== "") {
        bound.delete(key.name);
        bound.set(key.name, { name: key.name, line: lines.of(start), value: read.value, parts: withNames(read.parts) });
      }
      start = statementAt(text, raw.end);
    }
  } catch (error) {
    if (error instanceof Refused) return { kind: "refused", line: new LineCount(text).of(error.at), why: error.message };
    if (error instanceof InvalidTemplate) return { kind: "refused", line: lines.of(start), why: error.message };
    throw error;
  }
  return { kind: "read", bound };
};

/** Asked in the order of the text. */
class LineCount {
  readonly #text: string;
  #line = 1;
  #at = -1;

  constructor(text: string) {
    this.#text = text;
  }

  of(at: number): number {
    for (;;) {
      const next = this.#text.indexOf("\n", this.#at + 1);
      if (next === -1 || next >= at) return this.#line;
      this.#line++;
      this.#at = next;
    }
  }
}
