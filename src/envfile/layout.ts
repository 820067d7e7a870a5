/**
 * The layout of an imported file: the file with holes in the place of values that are stored elsewhere, so that no value has a
 * second copy. It keeps every comment, commented-out secrets too, and is therefore itself a value of class secret.
 *
 *     zvault layout 1\n  then the file's bytes; NUL JSON NUL is a hole, NUL NUL is a NUL of the file
 *     JSON: {"path":"env/shop/KEY","quote":"\"","ends":"n","escapes":true}   (`Style` in spelling.ts)
 *     or    {"path":"env/shop/KEY","raw":"'${A}'","was":"${zvault:A}"}        where another text is stored than dotenv reads there:
 *           `raw` comes back as long as the stored text is `was`. With "name", the hole is a whole line that is no assignment
 */
import { ZvaultError } from "../errors.ts";
import { pathProblem } from "../path.ts";
import { assignments, type Assignment, type Document, type Line, type Piece, type Quote } from "./document.ts";
import { parseText } from "./parse.ts";
import { pieceText } from "./print.ts";
import { endOf } from "./replace.ts";
import { readsBack, spell, spellAs, styleOf, type Style } from "./spelling.ts";
import { toBytes, toText } from "./text.ts";

const magic = "zvault layout 1\n";

export type Layout = {
  bytes: Uint8Array;
  /** names whose spelling no style gives back: these values come back in other quotes, the rest byte for byte */
  requoted: string[];
};

type Hole = { path: string; style: Style; kept?: Kept };
/** What stood there, and the stored text that belongs to it; `name`: of a line that is no assignment. */
type Kept = { raw: string; was: string; name?: string };

/** Where a value is stored: a path, with the stored text if that is not what dotenv reads. */
export type Place = string | { path: string; text: string };

/**
 * `placeOf`: where the value of an assignment is stored; undefined leaves it in the layout as it stands. `lineOf`: the same for a
 * line that only another reader takes for an assignment. Throws `usage` for a value that could never be written again (quotes and
 * carriage returns round a U+2028: no file has that by intention).
 */
export function makeLayout(
  document: Document,
  placeOf: (one: Assignment) => Place | undefined,
  lineOf: (line: Line) => { path: string; text: string; name: string } | undefined = () => undefined,
): Layout {
  const requoted: string[] = [];
  function textOf(piece: Piece): string {
    if (piece.kind !== "assignment") return lineText(piece, lineOf(piece));
    const place = placeOf(piece);
    if (place === undefined) return doubled(pieceText(piece));
    const path = typeof place === "string" ? place : place.path;
    if (typeof place !== "string" && place.text !== piece.value) {
      const kept = { raw: piece.raw, was: place.text };
      return `${doubled(piece.before)}\0${JSON.stringify({ path, ...kept })}\0${doubled(piece.after)}`;
    }
    const style = styleOf(piece);
    if (spellAs(piece.value, style) !== piece.raw) {
      if (spell(piece.value) === undefined) throw unwritable(`line ${piece.line}: the value of ${piece.name}`, piece.name);
      requoted.push(piece.name);
    }
    return `${doubled(piece.before)}\0${JSON.stringify({ path, ...style })}\0${doubled(piece.after)}`;
  }
  const text = document.map(textOf).join("");
  return { bytes: toBytes(magic + text), requoted };
}

function lineText(line: Line, place: { path: string; text: string; name: string } | undefined): string {
  if (!place) return doubled(line.text);
  const end = endOf(line.text);
  const raw = line.text.slice(0, line.text.length - end.length);
  return `\0${JSON.stringify({ path: place.path, raw, was: place.text, name: place.name })}\0${doubled(end)}`;
}

function doubled(text: string): string {
  return text.replaceAll("\0", "\0\0");
}

function unwritable(what: string, name: string): ZvaultError {
  return new ZvaultError("usage", `${what} cannot be written in a dotenv file`, { names: [name] });
}

function damaged(why: string): ZvaultError {
  return new ZvaultError("damaged", `the stored layout is damaged: ${why}`);
}

function parseHole(json: string): Hole {
  let found: unknown;
  try {
    found = JSON.parse(json);
  } catch {
    throw damaged("a hole is no JSON");
  }
  if (typeof found !== "object" || found === null) throw damaged("a hole is no object");
  const { path, quote, ends, escapes, raw, was, name } = found as Record<string, unknown>;
  if (typeof path === "string" && typeof raw === "string" && typeof was === "string" && pathProblem(path) === undefined) {
    const named = typeof name === "string" ? { name } : {};
    return { path, style: { quote: "", ends: "", escapes: false }, kept: { raw, was, ...named } };
  }
  const known = ["", "'", '"', "`"].includes(quote as string) && typeof ends === "string" && /^[nlcr]*$/.test(ends);
  if (typeof path !== "string" || pathProblem(path) !== undefined || !known) throw damaged("a hole has wrong fields");
  return { path, style: { quote: quote as Quote, ends, escapes: escapes === true } };
}

/** Text and holes by turns. */
function split(layout: Uint8Array): (string | Hole)[] {
  const text = toText(layout);
  if (!text.startsWith(magic)) throw damaged("its first line is another");
  const parts: (string | Hole)[] = [];
  let at = magic.length;
  while (at < text.length) {
    const nul = text.indexOf("\0", at);
    if (nul === -1) {
      parts.push(text.slice(at));
      break;
    }
    const close = text.indexOf("\0", nul + 1);
    if (close === -1) throw damaged("a hole has no end");
    parts.push(text.slice(at, nul), close === nul + 1 ? "\0" : parseHole(text.slice(nul + 1, close)));
    at = close + 1;
  }
  return parts;
}

/** The paths that `fillLayout` needs, each once. */
export function pathsOf(layout: Uint8Array): string[] {
  return [...new Set(split(layout).flatMap((part) => (typeof part === "string" ? [] : [part.path])))];
}

/**
 * The file, with these values: the original bytes where a value is the one that was imported. A changed value keeps its quotes if
 * dotenv reads it back from them, else it gets others. Throws `not-found` without a value for a hole, `usage` for a value that
 * cannot stand in a dotenv file, `damaged` for bytes that are no layout.
 */
export function fillLayout(layout: Uint8Array, values: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const filled = split(layout).map((part): Filled => {
    if (typeof part === "string") return { text: part };
    const bytes = values.get(part.path);
    if (!bytes) throw new ZvaultError("not-found", `no value for ${part.path}`, { names: [part.path] });
    const value = toText(bytes);
    const { kept } = part;
    if (!kept) return { text: spellAs(value, part.style), value, path: part.path };
    if (kept.was === value) return { text: kept.raw };
    const text = spell(value);
    if (text === undefined) throw unwritable(`the value of ${part.path}`, part.path);
    return kept.name === undefined ? { text, value, path: part.path } : { text: `${kept.name}=${text}` };
  });
  if (misread(filled) === undefined) return toBytes(filled.map((one) => one.text).join(""));
  // some value changed into one that its old spelling does not hold: only spellings that stand by themselves
  const safe = filled.map((one) =>
    one.value === undefined || readsBack(one.text, one.value) ? one : { ...one, text: spell(one.value) ?? one.text },
  );
  const path = misread(safe);
  if (path === undefined) return toBytes(safe.map((one) => one.text).join(""));
  throw unwritable(`the value of ${path}`, path);
}

type Filled = { text: string; value?: string; path?: string };

/** The path of the first value that a reader of the file would not get back, or undefined. */
function misread(filled: readonly Filled[]): string | undefined {
  const read = new Map(assignments(parseText(filled.map((one) => one.text).join(""))).map((one) => [one.start, one]));
  let at = 0;
  for (const { text, value, path } of filled) {
    const end = at + toBytes(text).length;
    const one = read.get(at);
    if (value !== undefined && (one?.end !== end || one.value !== value)) return path;
    at = end;
  }
  return undefined;
}
