/**
 * Parses a dotenv file without loss. dotenv 18 applies one regular expression to the whole text:
 *
 *     ^ \s* (export\s+)? ([\w.-]+) (\s*=\s*? | :\s+?) ( \s*'(\\'|[^'])*' | \s*"…" | \s*`…` | [^#\r\n]+ )? \s* (#.*)? $
 *
 * This is the same language read by hand, in linear time (the expression is quadratic on blank lines) and with the place of every
 * value. What the expression's backtracking comes to: white space, `export` and name have only one way to match; once a separator
 * is there, the unquoted form always matches; a quote closes at the first quote that is not behind a backslash, or, if the rest
 * of that line is no end, at the last one before it that is. Source: node_modules/dotenv/dist/index.cjs, function `H`.
 */
import type { Assignment, Document, Line, Piece, Quote } from "./document.ts";
import { byteLength, toText } from "./text.ts";

const space = /\s/;

/** `\s`. An expression per unit is slow until V8 has compiled it, and `run` parses once. */
function isSpace(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  if (unit < 0x80) return unit === 32 || (unit >= 9 && unit <= 13);
  return at < text.length && space.test(text.charAt(at));
}

/** `[\w.-]` */
function isNameUnit(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  const letter = (unit | 32) >= 97 && (unit | 32) <= 122;
  return letter || (unit >= 48 && unit <= 57) || unit === 95 || unit === 46 || unit === 45;
}

/** `^` and `$` of the expression also know the two Unicode line ends. */
function isEnd(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit === 10 || unit === 13 || unit === 0x2028 || unit === 0x2029;
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (isSpace(text, next)) next++;
  return next;
}

/** `\s*(#.*)?$` from `at`: true if it matches. */
function endsLine(text: string, at: number): boolean {
  const next = skipSpace(text, at);
  if (next >= text.length || text[next] === "#") return true;
  for (let i = at; i < next; i++) if (isEnd(text, i)) return true;
  return false;
}

/** Where the quote that opens at `open` closes, or -1 if this is no quoted value. */
function closing(text: string, open: number): number {
  const quote = text.charAt(open);
  const escaped: number[] = [];
  let at = text.indexOf(quote, open + 1);
  while (at !== -1 && text[at - 1] === "\\") {
    escaped.push(at);
    at = text.indexOf(quote, at + 1);
  }
  if (at !== -1 && endsLine(text, at + 1)) return at;
  return escaped.findLast((one) => endsLine(text, one + 1)) ?? -1;
}

/** `#`, CR, LF */
function endsBare(unit: number): boolean {
  return unit === 35 || unit === 13 || unit === 10;
}

type Read = { raw: string; from: number; quote: Quote; value: string };

/** The value whose separator ends at `at`. */
function readValue(text: string, at: number): Read {
  const open = skipSpace(text, at);
  const mark = text.charAt(open);
  if (mark === "'" || mark === '"' || mark === "`") {
    const close = closing(text, open);
    if (close !== -1) {
      return { raw: text.slice(open, close + 1), from: open, quote: mark, value: unescape(mark, text.slice(open + 1, close)) };
    }
  }
  let end = at;
  while (end < text.length && !endsBare(text.charCodeAt(end))) end++;
  const whole = text.slice(at, end);
  const raw = whole.trim();
  const from = raw === "" ? at : at + whole.indexOf(raw);
  const inner = unquote(raw);
  const first = raw.charAt(0);
  const stripped = inner.length === raw.length - 2 && (first === "'" || first === '"' || first === "`");
  return { raw, from, quote: stripped ? first : "", value: unescape(first, inner) };
}

/** dotenv: only a value that begins with a double quote has escapes, and only these two; real line ends become `\n` before. */
function unescape(first: string, body: string): string {
  const lines = body.replace(/\r\n?/g, "\n");
  return first === '"' ? lines.replaceAll("\\n", "\n").replaceAll("\\r", "\r") : lines;
}

/** `replace(/^(['"`])([\s\S]*)\1$/mg, "$2")` in linear time; more than one line only where U+2028 or U+2029 is in a value. */
function unquote(raw: string): string {
  const last = new Map<string, number>();
  for (let at = 0; at < raw.length; at++) {
    if ((at + 1 === raw.length || isEnd(raw, at + 1)) && "'\"`".includes(raw.charAt(at))) last.set(raw.charAt(at), at);
  }
  if (last.size === 0) return raw;
  let out = "";
  let done = 0;
  for (let at = 0; at < raw.length; at++) {
    const close = at === 0 || isEnd(raw, at - 1) ? (last.get(raw.charAt(at)) ?? -1) : -1;
    if (close <= at) continue;
    out += raw.slice(done, at) + raw.slice(at + 1, close);
    done = close + 1;
    at = close;
  }
  return out + raw.slice(done);
}

type Found = Read & { start: number; name: string; exported: boolean; separator: "=" | ":"; end: number };

/** The assignment whose first letter would stand at `at`. */
function readAssignment(text: string, at: number): Omit<Found, "start"> | undefined {
  let from = at;
  const afterExport = text.startsWith("export", at) ? skipSpace(text, at + 6) : at;
  const exported = afterExport > at + 6 && isNameUnit(text, afterExport);
  if (exported) from = afterExport;
  let end = from;
  while (isNameUnit(text, end)) end++;
  if (end === from) return undefined;
  const name = text.slice(from, end);
  const equals = skipSpace(text, end);
  let separator: "=" | ":" = "=";
  let value = equals + 1;
  if (text[equals] !== "=") {
    if (text[end] !== ":" || !isSpace(text, end + 1)) return undefined;
    separator = ":";
    value = end + (text.startsWith("\r\n", end + 1) ? 3 : 2);
  }
  const read = readValue(text, value);
  // the piece goes on to the end of the value's line
  let stop = read.from + read.raw.length;
  while (stop < text.length && !isEnd(text, stop)) stop++;
  if (stop < text.length) stop += text.startsWith("\r\n", stop) ? 2 : 1;
  return { ...read, name, exported, separator, end: stop };
}

function classOf(text: string): Line["kind"] {
  const bare = text.trimStart();
  return bare === "" ? "blank" : bare.startsWith("#") ? "comment" : "other";
}

export function parse(bytes: Uint8Array): Document {
  const text = toText(bytes);
  // as many units as bytes: nothing to count
  return parseText(text, text.length === bytes.length);
}

/** The same for a byte text. `narrow`: each unit is one byte. */
export function parseText(text: string, narrow = false): Document {
  const pieces: Piece[] = [];
  let line = 1;
  let lineAt = 0;
  let byte = 0;
  let byteAt = 0;

  function lineOf(at: number): number {
    for (; lineAt < at; lineAt++) {
      const unit = text.charCodeAt(lineAt);
      if (unit === 10 ? text[lineAt - 1] !== "\r" : unit === 13) line++;
    }
    return line;
  }
  function byteOf(at: number): number {
    if (narrow) return at;
    byte += byteLength(text.slice(byteAt, at));
    byteAt = at;
    return byte;
  }
  function others(from: number, to: number): void {
    if (from === to) return;
    let at = from;
    for (const one of text.slice(from, to).match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? []) {
      pieces.push({ kind: classOf(one), text: one, line: lineOf(at) });
      at += one.length;
    }
  }

  let done = 0; // everything before is in `pieces`
  let at = 0; // a line start, by the expression's `^`
  while (at < text.length) {
    const name = skipSpace(text, at);
    const found = readAssignment(text, name);
    if (!found) {
      at = name;
      while (at < text.length && !isEnd(text, at)) at++;
      at++;
      continue;
    }
    let start = name;
    while (start > done && !isEnd(text, start - 1)) start--;
    others(done, start);
    const { from, raw, quote, value, exported, separator, end } = found;
    const assignment: Assignment = {
      kind: "assignment",
      before: text.slice(start, from),
      name: found.name,
      exported,
      separator,
      raw,
      quote,
      value,
      after: text.slice(from + raw.length, end),
      line: lineOf(name),
      start: byteOf(from),
      end: byteOf(from + raw.length),
    };
    pieces.push(assignment);
    done = end;
    at = end;
  }
  others(done, text.length);
  return pieces;
}
