/**
 * Ways to write a value so that dotenv reads it back. Not every value has one: a text with all three quotes and a line end, or
 * with a carriage return and a double quote, cannot stand in a dotenv file.
 */
import type { Assignment, Quote } from "./document.ts";
import { parseText } from "./parse.ts";

/** How a value was spelled: enough, with the value, to spell it again; it tells nothing of the value but its kinds of line end. */
export type Style = {
  quote: Quote;
  /** one letter for each line end in the value: n is `\n` written out, l LF, c CRLF, r a bare CR; the last goes on */
  ends: string;
  /** the value's text begins with a double quote that was not taken off: its escapes are read all the same */
  escapes: boolean;
};

const lineEnds: Record<string, string> = { n: "\\n", l: "\n", c: "\r\n", r: "\r" };

export function styleOf(one: Assignment): Style {
  const escapes = one.raw.startsWith('"');
  const letters = one.raw.match(/\\n|\r\n|\r|\n/g) ?? [];
  const ends = letters.map((end) => (end === "\\n" ? "n" : end === "\n" ? "l" : end === "\r" ? "r" : "c"));
  // an escape is only one where dotenv reads it
  return { quote: one.quote, ends: ends.filter((end) => escapes || end !== "n").join(""), escapes };
}

/** The value in that style, whether or not dotenv reads it back (see `readsBack`). */
export function spellAs(value: string, style: Style): string {
  let used = 0;
  const text = value.replace(/[\r\n]/g, (unit) => {
    if (unit === "\r") return style.escapes ? "\\r" : "\r";
    const letter = style.ends.charAt(Math.min(used++, style.ends.length - 1));
    return lineEnds[letter] ?? "\n";
  });
  return style.quote + text + style.quote;
}

/** True when dotenv reads `raw` as `value`, whatever stands on the lines around it. */
export function readsBack(raw: string, value: string): boolean {
  const [one, next, ...rest] = parseText(`X=${raw}\nY='"\`\n`);
  if (one?.kind !== "assignment" || next?.kind !== "assignment" || rest.length > 0) return false;
  return one.value === value && one.raw === raw && next.name === "Y" && (one.quote !== "" || !/^['"`]/.test(raw));
}

/** A spelling of `value`: bare if that is safe, else in the first quotes that hold it; undefined if there is none. */
export function spell(value: string): string | undefined {
  // what most are, references above all; nothing in it means anything to a reader
  if (/^[A-Za-z0-9][A-Za-z0-9_./:-]*$/.test(value)) return value;
  const escaped = value.replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  const tries = [value, `'${value}'`, `"${value}"`, `\`${value}\``, `"${escaped}"`];
  if (value === "") return "";
  return tries.find((raw) => readsBack(raw, value));
}

/**
 * `NAME=…`, read so whatever stands below; undefined if there is no spelling. A value that ends in a backslash looks as if its quote went
 * on to the next one that ends a line; a comment with such a quote in the middle of its line stops that.
 */
export function spellLine(name: string, value: string): string | undefined {
  const raw = spell(value);
  if (raw === undefined || !readsBack(raw, value)) return undefined;
  const quote = raw.at(-1) ?? "";
  return `${name}=${raw}${raw.endsWith(`\\${quote}`) && "'\"`".includes(quote) ? ` # ${quote} closed` : ""}`;
}
