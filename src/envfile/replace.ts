/**
 * Puts other texts in the place of values. Nothing else changes, except where the old spelling would spoil the new value: a value
 * on the line after its `=` moves up, and a comment glued to it gets a space.
 */
import { ZvaultError } from "../errors.ts";
import type { Assignment, Document, Piece } from "./document.ts";
import { parseText } from "./parse.ts";
import { pieceText } from "./print.ts";
import { spell } from "./spelling.ts";

/** `value`: the text dotenv shall read there; quotes are added only if it needs them. */
export type Decision = { value: string } | "keep" | "leave-out";

export const leftOutMark = "‹left out by zvault›";

/** What stands in the place of a text that is left out. */
export function leftOut(name: string | undefined, end: string): string {
  return name === undefined ? `# ${leftOutMark}${end}` : `# ${name}=${leftOutMark}${end}`;
}

/** The end of line of a text, "" at the end of a file. */
export function endOf(text: string): string {
  return /(?:\r\n|[\r\n\u2028\u2029])$/.exec(text)?.[0] ?? "";
}

function replaced(one: Assignment, value: string): string {
  const raw = spell(value);
  if (raw === undefined) {
    throw new ZvaultError("usage", `line ${one.line}: the text for ${one.name} cannot be written in a dotenv file`);
  }
  const gap = /\s*$/.exec(one.before)?.[0] ?? "";
  const before = /[\r\n\u2028\u2029]/.test(gap)
    ? one.before.slice(0, one.before.length - gap.length) + (one.separator === ":" ? " " : "")
    : one.before;
  return before + raw + (one.after.startsWith("#") ? " " : "") + one.after;
}

/**
 * A new document, parsed from its own text: what comes back is what a reader of the file will see. Throws `usage` if the file
 * cannot be written so that dotenv reads exactly the texts that were asked for.
 */
export function withValues(document: Document, decide: (one: Assignment) => Decision): Document {
  const wanted: string[] = [];
  const texts = document.map((piece: Piece) => {
    if (piece.kind !== "assignment") return pieceText(piece);
    const decision = decide(piece);
    if (decision === "leave-out") return leftOut(piece.name, endOf(piece.after));
    wanted.push(piece.name, decision === "keep" ? piece.value : decision.value);
    // an unquoted value that begins with a quote reads on to the next such quote, which may be about to go
    const open = piece.quote === "" && /^['"`]/.test(piece.raw);
    if (decision === "keep") return open ? replaced(piece, piece.value) : pieceText(piece);
    return replaced(piece, decision.value);
  });
  const fresh = parseText(texts.join(""));
  const got = fresh.flatMap((piece) => (piece.kind === "assignment" ? [piece.name, piece.value] : []));
  const wrong = got.findIndex((text, at) => text !== wanted[at]);
  if (wrong !== -1 || got.length !== wanted.length) {
    const name = wanted[(wrong === -1 ? got.length : wrong) & ~1] ?? "";
    throw new ZvaultError(
      "usage",
      `the quotes around ${name} are ambiguous: the file would be read differently without its values`,
      {
        hint: `close the quotes on the line of ${name} and on the lines before it`,
        names: [name],
      },
    );
  }
  return fresh;
}
