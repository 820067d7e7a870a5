/**
 * Variables in a text as compose-go's package template puts them in: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`,
 * `${NAME:+other}`, `${NAME+other}`, `${NAME:?why}`, `${NAME?why}`, nested; `$$` is `$`; any other `$` is text.
 */
import type { Part } from "./reader.ts";

export class InvalidTemplate extends Error {}

const named = /[A-Za-z_][A-Za-z0-9_]*/y;
const operator = /:?[-+?]/y;
/** Deeper than a person writes; each level is a call. */
const deepest = 50;

type LookUp = (name: string) => string | undefined;
type Substituted = { value: string; parts: Part[] };

/** Throws `InvalidTemplate` for a `${` that is no variable, and for a required variable without a value. */
export function substitute(text: string, lookUp: LookUp, depth = 0): Substituted {
  if (depth > deepest) throw new InvalidTemplate("variables stand in each other too deep");
  const parts: Part[] = [];
  let value = "";
  let plain = "";
  const flush = (): void => {
    if (plain !== "") parts.push(plain);
    value += plain;
    plain = "";
  };
  let at = 0;
  for (let dollar = text.indexOf("$"); dollar !== -1; dollar = text.indexOf("$", at)) {
    plain += text.slice(at, dollar);
    at = dollar + 1;
    if (text[at] === "$") {
      plain += "$";
      at++;
      continue;
    }
    const braced = text[at] === "{";
    const name = nameAt(text, braced ? at + 1 : at);
    if (name === undefined) {
      if (braced) throw new InvalidTemplate("a ${ is no variable");
      plain += "$";
      continue;
    }
    flush();
    parts.push({ name });
    if (!braced) {
      value += lookUp(name) ?? "";
      at += name.length;
      continue;
    }
    const found = bracedAt(text, at, name);
    value += apply(name, found, lookUp, depth);
    at = found.end;
  }
  plain += text.slice(at);
  flush();
  return { value, parts };
}

function nameAt(text: string, at: number): string | undefined {
  named.lastIndex = at;
  return named.exec(text)?.[0];
}

type Braced = { sign: string; word: string; end: number };

/** `open`: of the brace. */
function bracedAt(text: string, open: number, name: string): Braced {
  const behind = open + 1 + name.length;
  if (text[behind] === "}") return { sign: "", word: "", end: behind + 1 };
  operator.lastIndex = behind;
  const sign = operator.exec(text)?.[0];
  const line = text.indexOf("\n", open);
  const last = text.lastIndexOf("}", line === -1 ? text.length : line);
  if (sign === undefined || last < behind + sign.length) throw new InvalidTemplate("a ${ is no variable");
  const close = closing(text, open, last) ?? last;
  return { sign, word: text.slice(behind + sign.length, close), end: close + 1 };
}

/** The brace that closes the one at `open`; a unit behind an opening brace is not looked at, as there. */
function closing(text: string, open: number, last: number): number | undefined {
  let depth = 0;
  for (let at = open; at <= last; at++) {
    if (text[at] === "}" && --depth === 0) return at;
    if (text[at] === "{") {
      depth++;
      at++;
    }
  }
  return undefined;
}

function apply(name: string, { sign, word }: Braced, lookUp: LookUp, depth: number): string {
  const set = lookUp(name);
  if (sign === "") return set ?? "";
  const other = substitute(word, lookUp, depth + 1).value;
  const there = set !== undefined && (!sign.startsWith(":") || set !== "");
  if (sign.endsWith("-")) return there ? (set ?? "") : other;
  if (sign.endsWith("+")) return there ? other : (set ?? "");
  if (!there) throw new InvalidTemplate(`${name} is required and has no value`);
  return set ?? "";
}
