/**
 * Where readers of dotenv files differ. Found by what is written, not by running readers: dotenv, `node --env-file`, python-dotenv,
 * compose, Go's godotenv, Ruby's dotenv and dotenvx were compared on 333 inputs (`test/vectors/dotenv`), and every input on which
 * they do not agree has at least one split here; inputs on which they agree have none. A text never holds a value.
 */
import { assignments, type Assignment, type Document, type Line } from "./document.ts";
import { isRunLine, variablesIn } from "./variables.ts";

export type SplitKind =
  | "bare-cr"
  | "bom"
  | "colon"
  | "command-substitution"
  | "escape"
  | "export"
  | "backtick"
  | "blank-value"
  | "crlf-in-value"
  | "glued-hash"
  | "inner-quote"
  | "interpolation"
  | "no-assignment"
  | "odd-name"
  | "odd-space"
  | "set-outside"
  | "text-after-quote"
  | "unterminated-quote";

export type Split = {
  kind: SplitKind;
  line: number;
  /** the variable; for a line that is none, the name another reader could take it for, or "" */
  name: string;
  /** what stands there, to be read behind the name */
  text: string;
};

/** What is told of a value before anything else about it; the words go behind the name. */
const texts: Record<SplitKind, string> = {
  "bare-cr": "stands at a bare carriage return; node ends the line there, others do not",
  bom: "stands behind a byte order mark, which some readers take for a part of the name",
  colon: "is written with a colon, which few readers know",
  "command-substitution": "holds $(…) or backticks, which some readers run; zvault stores the text",
  escape: "has a backslash, which readers undo in different ways",
  export: "has a tab behind export, which not every reader takes",
  backtick: "stands in backticks, which few readers take for quotes",
  "blank-value": "has nothing but white space behind its =; some readers go on in the next line or take the comment",
  "crlf-in-value": "has line ends of Windows in its value; some readers keep the carriage returns",
  "glued-hash": "has a # glued to it; node ends the value there, compose and python read on",
  "inner-quote": "has its own quote inside; readers differ on where the value ends",
  interpolation: "holds a $ that some readers expand",
  "no-assignment": "is no assignment for node; others fail, or take it for one",
  "odd-name": "is no name that every reader and shell takes",
  "odd-space": "has white space round its value that not every reader takes off",
  "set-outside": "has another value in your environment; readers differ on which one wins, run keeps yours",
  "text-after-quote": "has text behind its closing quote; node takes the quotes for a part of the value, others do not",
  "unterminated-quote": "has a quote that is not closed; readers differ on where the value ends",
};

/** `environment`: of the caller, for names that are set there already. In the order of the file. */
export function splitsOf(document: Document, environment: Readonly<Record<string, string | undefined>> = {}): Split[] {
  const found: Split[] = [];
  const add = (kind: SplitKind, line: number, name: string): void => {
    found.push({ kind, line, name, text: texts[kind] });
  };
  const names = new Set(assignments(document).map((one) => one.name));
  const outside = new Map(Object.entries(environment));
  const first = document[0];
  if (first && textOf(first).startsWith("\ufeff")) add("bom", 1, assignments(document)[0]?.name ?? "");
  for (const [at, piece] of document.entries()) {
    const bareCr = hasBareCr(textOf(piece), at === document.length - 1);
    if (piece.kind === "assignment") {
      for (const kind of kindsOf(piece, names, outside)) add(kind, piece.line, piece.name);
      if (at > 0 && piece.before.includes("\ufeff")) add("bom", piece.line, piece.name);
      if (bareCr) add("bare-cr", piece.line, piece.name);
      continue;
    }
    if (piece.kind === "other" && !isNothing(piece)) add("no-assignment", piece.line, nameIn(piece));
    if (bareCr) add("bare-cr", piece.line, nextName(document, at));
  }
  return found;
}

function textOf(piece: Document[number]): string {
  return piece.kind === "assignment" ? piece.before + piece.raw + piece.after : piece.text;
}

/** One at the very end of the file ends the last line for every reader. */
function hasBareCr(text: string, last: boolean): boolean {
  const at = text.search(/\r(?!\n)/);
  return at !== -1 && !(last && at === text.length - 1);
}

/** `="value"` has no name: nobody reads it. */
function isNothing(piece: Line): boolean {
  return /^[\s\ufeff]*(?:=.*)?$/s.test(piece.text);
}

function nameIn(piece: Line): string {
  return /^\s*(?:export\s+)?["']?([A-Za-z_][\w.-]{0,127})/.exec(piece.text)?.[1] ?? "";
}

function nextName(document: Document, at: number): string {
  const next = document.slice(at + 1).find((piece) => piece.kind === "assignment");
  return next?.kind === "assignment" ? next.name : "";
}

function kindsOf(one: Assignment, names: ReadonlySet<string>, environment: ReadonlyMap<string, string | undefined>): SplitKind[] {
  const kinds = [...spellingKinds(one), ...contentKinds(one, names)];
  if (one.separator === ":") kinds.push("colon");
  if (/export[^\S ]/.test(one.before)) kinds.push("export");
  if (!/^[A-Za-z_][\w.]*$/.test(one.name) || one.name === "__proto__") kinds.push("odd-name");
  const outside = environment.get(one.name);
  if (outside !== undefined && outside !== one.value) kinds.push("set-outside");
  return kinds;
}

function spellingKinds(one: Assignment): SplitKind[] {
  const kinds: SplitKind[] = [];
  const { raw, quote, after } = one;
  const first = raw.charAt(0);
  const gap = /\s*$/.exec(one.before)?.[0] ?? "";
  if (quote === "" && /^['"`]/.test(first)) {
    kinds.push(raw.slice(1).includes(first) ? "text-after-quote" : "unterminated-quote");
  }
  if (quote === "" && /^[^\S ]*#/.test(after)) kinds.push("glued-hash");
  if (raw === "" && (gap !== "" || /^[^\S\r\n]/.test(after))) kinds.push("blank-value");
  if (quote === "`") kinds.push("backtick");
  if (quote !== "" && raw.slice(1, -1).replace(/\\[^]/g, "").includes(quote)) kinds.push("inner-quote");
  // the gap before a value, and what follows it on its line
  if (/[^\S \t\r\n]/.test(gap) || /^\s*?[^\S \t\r\n]/.test(after) || (raw !== "" && /[\r\n]/.test(gap))) kinds.push("odd-space");
  return kinds;
}

function contentKinds(one: Assignment, names: ReadonlySet<string>): SplitKind[] {
  const kinds: SplitKind[] = [];
  const inner = one.quote === "" ? one.raw : one.raw.slice(1, -1);
  if (one.quote === "'" ? /\\[\\']/.test(inner) : inner.includes("\\")) kinds.push("escape");
  if (inner.includes("\r\n")) kinds.push("crlf-in-value");
  if (one.quote !== "'" && (inner.includes("$(") || isRunLine(one))) kinds.push("command-substitution");
  if (expands(inner, one.quote === "'", names)) kinds.push("interpolation");
  return kinds;
}

/** In single quotes python-dotenv knows `${NAME}`, and next, which does not see quotes, any name. */
function expands(inner: string, single: boolean, names: ReadonlySet<string>): boolean {
  // next takes a name that begins with a digit, too
  if (!single) return /\$[{$\d]/.test(inner) || variablesIn(inner).length > 0;
  return variablesIn(inner, "braced").length > 0 || variablesIn(inner).some((one) => names.has(one.name));
}
