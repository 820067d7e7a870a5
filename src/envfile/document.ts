/**
 * A dotenv file in pieces that, one after the other, are the file byte for byte. All texts are "byte texts" (`text.ts`): any bytes
 * survive. Line numbers count from 1; `\n`, `\r\n` and a bare `\r` end a line, as in dotenv.
 *
 *     export NAME = "value"  # comment\n
 *     └─ before ──┘└─ raw ─┘└─ after ─┘
 */
import { shown, toBytes } from "./text.ts";

export type Quote = "" | "'" | '"' | "`";

export type Assignment = {
  readonly kind: "assignment";
  /** indentation, `export`, name, separator and the white space before the value */
  readonly before: string;
  readonly name: string;
  readonly exported: boolean;
  readonly separator: "=" | ":";
  /** the value as it is spelled, quotes included */
  readonly raw: string;
  /** the quotes that were taken off `raw`; "" when it stands as it is */
  readonly quote: Quote;
  /** the value as dotenv reads it, as a byte text */
  readonly value: string;
  /** white space, a trailing comment and the end of the line */
  readonly after: string;
  readonly line: number;
  /** bytes of the file that `raw` takes: start (inclusive), end (exclusive) */
  readonly start: number;
  readonly end: number;
};

/** A line of nothing, of a comment, or of something that is neither comment nor assignment (`text` holds its end of line). */
export type Line = { readonly kind: "blank" | "comment" | "other"; readonly text: string; readonly line: number };

export type Piece = Assignment | Line;
export type Document = readonly Piece[];

/** The comment behind a value, from its `#`, without the end of the line; "" if there is none. */
export function trailingComment(one: Assignment): string {
  const at = one.after.indexOf("#");
  return at === -1 ? "" : one.after.slice(at).replace(/[\r\n\u2028\u2029]+$/, "");
}

/** The bytes to store for a value. They decode to what dotenv gives; bytes that are no UTF-8 are kept, which dotenv would lose. */
export function valueBytes(one: Assignment): Uint8Array {
  return toBytes(one.value);
}

export function assignments(document: Document): Assignment[] {
  return document.filter((piece) => piece.kind === "assignment");
}

/**
 * NAME → value exactly as dotenv 18 (`parse`) reads the file: the last assignment of a name wins. A name `__proto__` is dropped, as
 * dotenv drops it.
 */
export function valuesOf(document: Document): Map<string, string> {
  const values = new Map<string, string>();
  for (const one of assignments(document)) if (one.name !== "__proto__") values.set(one.name, shown(one.value));
  return values;
}

/**
 * The same for a `.env.zvault`: an unquoted reference keeps a `#field` that is glued to it, which dotenv would read as a comment.
 * `replace.ts` never glues a comment to a reference.
 */
export function expressionsOf(document: Document): Map<string, { text: string; line: number }> {
  const found = new Map<string, { text: string; line: number }>();
  for (const one of assignments(document)) {
    if (one.name === "__proto__") continue;
    const glued = one.quote === "" && one.value.startsWith("zvault://") ? (/^#[^\s#]+/.exec(one.after)?.[0] ?? "") : "";
    found.set(one.name, { text: shown(one.value) + glued, line: one.line });
  }
  return found;
}
