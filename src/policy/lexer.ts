/** The words of a policy's text, HCL or JSON: strings, names and marks, each with its place. Linear, whatever the text. */
import { quoted, ZvaultError } from "../errors.ts";

/** `text`: of a string its content. `end`: the place behind it. */
export type Lexeme = { kind: "string" | "word" | "mark" | "comment" | "end"; text: string; at: number; end: number };

/** A refusal that names line and column, both from 1; a column is a character. */
export function refuseAt(source: string, at: number, why: string, hint?: string): ZvaultError {
  const before = source.slice(0, at).split("\n");
  const column = [...(before.at(-1) ?? "")].length + 1;
  return new ZvaultError("usage", `line ${before.length}, column ${column}: ${why}`, hint === undefined ? {} : { hint });
}

/** What was found, for a message: escaped and cut. */
export function shown(lexeme: Lexeme): string {
  return lexeme.kind === "end" ? "the end" : quoted(lexeme.text);
}

const blank = /[ \t\r\n]+/y;
const comment = /(?:#|\/\/)[^\n]*/y;
const word = /[A-Za-z_][A-Za-z0-9_-]*/y;
const mark = /[{}[\]=,:]/y;
// oxlint-disable-next-line no-control-regex
const literal = /"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*"/y;

/**
 * Without comments, unless they are wanted. Throws `usage` for what is no word of a policy: a quote or comment without an end, any other
 * character.
 */
export function* lexemes(source: string, language: "hcl" | "json", o = { comments: false }): Generator<Lexeme, undefined> {
  let at = 0;
  const take = (shape: RegExp): string | undefined => {
    shape.lastIndex = at;
    return shape.exec(source)?.[0];
  };
  while (at < source.length) {
    const skipped = take(blank);
    const said = language === "hcl" && skipped === undefined ? (take(comment) ?? longComment(source, at)) : undefined;
    if (said !== undefined && o.comments) yield { kind: "comment", text: said, at, end: at + said.length };
    if (skipped !== undefined || said !== undefined) {
      at += (skipped ?? said ?? "").length;
      continue;
    }
    const text = take(literal);
    const other = text === undefined ? (take(word) ?? take(mark)) : undefined;
    const end = at + (text ?? other ?? "").length;
    if (text !== undefined) yield { kind: "string", text: contentOf(source, at, text, language), at, end };
    else if (other !== undefined) yield { kind: other.length === 1 && /\W/.test(other) ? "mark" : "word", text: other, at, end };
    else if (source[at] === '"') throw refuseAt(source, at, "a string without an end on its line");
    else throw refuseAt(source, at, `${quoted(String.fromCodePoint(source.codePointAt(at) ?? 0))} has no place here`);
    at = end;
  }
  yield { kind: "end", text: "", at, end: at };
  return undefined;
}

function longComment(source: string, at: number): string | undefined {
  if (!source.startsWith("/*", at)) return undefined;
  const end = source.indexOf("*/", at + 2);
  if (end === -1) throw refuseAt(source, at, "a comment without an end");
  return source.slice(at, end + 2);
}

/** No path needs an escape or a template, so HCL's are refused; JSON's are JSON's. */
function contentOf(source: string, at: number, text: string, language: "hcl" | "json"): string {
  if (language === "hcl") {
    const odd = /\\|[$%]\{/.exec(text);
    if (odd) throw refuseAt(source, at + odd.index, "escapes and templates have no place in a policy");
    return text.slice(1, -1);
  }
  try {
    return JSON.parse(text) as string;
  } catch {
    throw refuseAt(source, at, "a string with an escape that JSON does not know");
  }
}
