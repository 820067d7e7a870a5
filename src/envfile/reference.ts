/**
 * References. A value that is wholly one is `zvault://PATH[#field][?version=N]`; inside a longer text only `${zvault://PATH…}` is a
 * reference and `${zvault:NAME}` is the value that NAME has in the same run. Every other `$` is text.
 */
import { ZvaultError } from "../errors.ts";
import { pathProblem } from "../path.ts";

export type Ref = { path: string; field?: string; version?: number };
export type Part = string | { ref: Ref } | { name: string };
export type Parsed = { kind: "plain" } | { kind: "reference"; ref: Ref } | { kind: "template"; parts: Part[] };

const scheme = "zvault://";
const grammar = /^zvault:\/\/([^#?]*)(?:#([A-Za-z0-9._-]{1,128}))?(?:\?version=([1-9][0-9]{0,14}))?$/;
const opening = "${zvault:";
const name = /^[A-Za-z0-9._-]{1,128}$/;

function refuse(why: string): ZvaultError {
  // the text may be a value somebody typed into the wrong place: it is not echoed
  return new ZvaultError("usage", `a reference is malformed: ${why}`, {
    hint: "zvault://env/shop/NAME, zvault://PATH#field, zvault://PATH?version=2, or ${zvault://PATH} in a longer text",
  });
}

/** Throws `usage` for a text that begins with `zvault://` and is no reference. */
export function parseReference(text: string): Ref {
  const found = grammar.exec(text);
  if (!found) throw refuse("after the path only #field and ?version=N may follow");
  const [, path = "", field, version] = found;
  const problem = pathProblem(path);
  if (problem !== undefined) throw refuse(problem);
  return { path, ...(field === undefined ? {} : { field }), ...(version === undefined ? {} : { version: Number(version) }) };
}

export function printReference(ref: Ref): string {
  const field = ref.field === undefined ? "" : `#${ref.field}`;
  return `${scheme}${ref.path}${field}${ref.version === undefined ? "" : `?version=${ref.version}`}`;
}

function parsePart(inner: string): Part {
  if (inner.startsWith("//")) return { ref: parseReference(`zvault:${inner}`) };
  if (!name.test(inner)) throw refuse("${zvault:NAME} needs the name of a variable");
  return { name: inner };
}

/** What a value stands for. Throws `usage` for a malformed reference: one must never reach a program as text. */
export function parseValue(text: string): Parsed {
  if (text.startsWith(scheme)) return { kind: "reference", ref: parseReference(text) };
  const parts: Part[] = [];
  let done = 0;
  // by hand: an expression looks for the end of each `${` anew, for minutes in a file of nothing else
  for (let at = text.indexOf(opening); at !== -1; at = text.indexOf(opening, done)) {
    const close = text.indexOf("}", at);
    if (close === -1) throw refuse("a ${zvault: is not closed");
    if (at > done) parts.push(text.slice(done, at));
    parts.push(parsePart(text.slice(at + opening.length, close)));
    done = close + 1;
  }
  const rest = text.slice(done);
  if (parts.length === 0) return { kind: "plain" };
  if (rest !== "") parts.push(rest);
  return { kind: "template", parts };
}

function printPart(part: Part): string {
  if (typeof part === "string") return part;
  return "ref" in part ? `\${${printReference(part.ref)}}` : `\${zvault:${part.name}}`;
}

export function printTemplate(parts: readonly Part[]): string {
  return parts.map(printPart).join("");
}
