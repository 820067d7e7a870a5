/**
 * Makes the text of each `.env.zvault`: references in the place of secrets, and nothing else that tells one. Works on all files
 * of an import at once, again and again until no stored value is found in what would be written.
 */
import { assignments, valueBytes, type Assignment, type Document, type Line, type Piece } from "./document.ts";
import { withHead } from "./head.ts";
import type { Note } from "./notes.ts";
import type { Entry } from "./plan.ts";
import { endOf, leftOut as leftOutLine, withValues } from "./replace.ts";
import { parseText } from "./parse.ts";
import { pieceText } from "./print.ts";
import { printReference } from "./reference.ts";
import { byteLength, shown, toBytes, toText } from "./text.ts";
import { Traces } from "./traces.ts";

/** What the scanner answers (`scan/judge.ts`). */
export type Judge = {
  /** an everyday word: another text that holds it tells nothing */
  isEveryday(value: Uint8Array): boolean;
  classify(name: string, value: string): { class: "secret" | "setting"; why: string };
  /** build tools put the value into a browser bundle */
  isPublic(name: string): boolean;
  /** offsets in bytes */
  scanText(bytes: Uint8Array): { line: number; start: number; end: number; rule: string }[];
  /** only what may reach over several lines */
  scanLines(bytes: Uint8Array): { line: number; start: number; end: number; rule: string }[];
};

/** A text that is not written; the layout in the vault keeps it. */
export type LeftOut = {
  line: number;
  name?: string;
  rule: string;
  /** the rule of the scanner that finds something in it besides */
  looks?: string;
};

/** Pieces of which nothing is written; with a name, it is told in the comment that stands for the line. */
export type Drops = Map<Piece, { name?: string; rule: string }>;

/** Names that only the chosen dialect reads, by the piece they come behind, or, if it is no assignment, in the place of. */
export type Extras = Map<Piece, string[]>;

type Source = { name: string; document: Document; entries: Entry[]; drops: Drops; extras: Extras };
export type Rewritten = Source & { bytes: Uint8Array; leftOut: LeftOut[]; notes: Note[] };

/** `# NAME=value`, also behind more than one `#` or a list mark. */
const commented = /^\s*#[#\s*/;>-]*(?:export\s+)?([A-Za-z_][\w.-]*)\s*(?:=|:\s(?=\s*["'`]))\s*(\S.*?)?\s*$/;
/** In the middle of a comment only what looks like a variable: upper case, no space round the sign. */
const inside = /(?<![\w.$-])([A-Z][A-Z0-9_]{2,})=(?=[^\s=])/;

/** "the password is hunter2x", "pw s3cret!": a word of letters and digits close behind one that speaks of secrets. */
const prose =
  /(?<![\w-])(?:pass(?:word|wd|phrase|code)?|pw|pwd|pin|secret|token|(?:api[ _-]?)?key)\b[^\r\n]{0,16}?[\s"'`=:](?=[^\s"'`]*\d)(?=[^\s"'`]*[a-z])([^\s"'`/<>()]{6,})/i;
/** Algorithms, formats, versions, sizes: they have digits too. */
const technical =
  /^(?:(?:sha|base|oauth|argon|ed|x25|secp|aes|rsa|ecdsa|utf|md|hmac|[ehpr]s|http|ipv|pkcs|v)-?\d[\w-]*|\d[\d.]*[a-z]{0,7}|\S+\.[a-z]{2,4})[.,;:)]?$/i;

/** Why a comment is left out whose words are no assignment. */
function proseRule(comment: string): string | undefined {
  const word = prose.exec(comment)?.[1];
  return word === undefined || technical.test(word) ? undefined : "a secret in words";
}

function commentedName(text: string): string | undefined {
  const whole = commented.exec(text);
  if (whole) return whole[2] === undefined ? undefined : whole[1];
  return inside.exec(text)?.[1];
}

/** Lines that are left out, by their place in the document, with the rule that said so; for an assignment: its trailing comment. */
type Cuts = Map<number, LeftOut>;

function cutComments({ document, drops, entries }: Source, judge: Judge): Cuts {
  const cuts: Cuts = new Map();
  const stored = new Set(entries.filter((entry) => entry.to === "vault").map((entry) => entry.key));
  let open: { quote: string; name: string } | undefined; // a commented-out value whose quote is not closed yet
  for (const [at, piece] of document.entries()) {
    const drop = piece.kind === "blank" ? undefined : drops.get(piece);
    if (drop) {
      open = undefined;
      cuts.set(at, { line: piece.line, ...drop });
      continue;
    }
    if (piece.kind === "assignment") {
      open = undefined;
      const name = commentedName(piece.after.trimStart());
      if (name !== undefined) cuts.set(at, { line: piece.line, name, rule: "commented-out assignment" });
      // to other readers, and perhaps to who wrote it, it is the rest of the secret
      else if (stored.has(piece.name) && /^#\S/.test(piece.after))
        cuts.set(at, { line: piece.line, rule: "text glued to a secret" });
      else cutProse(cuts, at, piece.line, piece.after);
      continue;
    }
    if (piece.kind === "blank") continue;
    if (open && piece.kind === "comment") {
      cuts.set(at, { line: piece.line, name: open.name, rule: "commented-out assignment" });
      if (piece.text.includes(open.quote)) open = undefined;
      continue;
    }
    if (piece.kind === "other") {
      // `$env:A="b"`, JSON, the rest of a value whose quote is open: nobody knows what it is, so it is taken for a secret
      cuts.set(at, { line: piece.line, rule: "neither comment nor assignment" });
      open = undefined;
      continue;
    }
    const name = commentedName(piece.text);
    if (name === undefined) {
      cutProse(cuts, at, piece.line, piece.text);
      continue;
    }
    cuts.set(at, { line: piece.line, name, rule: "commented-out assignment" });
    open = undefined;
    const value = commented.exec(piece.text)?.[2] ?? "";
    const quote = /^["'`]/.exec(value)?.[0];
    if (quote !== undefined && !value.slice(1).includes(quote) && closesBelow(document, at + 1, quote)) open = { quote, name };
  }
  cutHits(document, judge, cuts);
  return cuts;
}

function cutProse(cuts: Cuts, at: number, line: number, comment: string): void {
  const rule = proseRule(comment);
  if (rule !== undefined) cuts.set(at, { line, rule });
}

function closesBelow(document: Document, from: number, quote: string): boolean {
  for (const piece of document.slice(from)) {
    if (piece.kind !== "comment") return false;
    if (commented.test(piece.text)) return false;
    if (piece.text.includes(quote)) return true;
  }
  return false;
}

/** Rules that say no more than that an assignment was commented out. */
const general = new Set(["secret-assignment", "random-text"]);

/** The scanner sees the file with its values blanked out, so that a key over several comment lines is one text. */
function cutHits(document: Document, judge: Judge, cuts: Cuts): void {
  const spans: { at: number; start: number; end: number }[] = [];
  let bytes = 0;
  const texts = document.map((piece, at) => {
    const gap = piece.kind === "assignment" ? "\n" : "";
    const text = piece.kind === "assignment" ? piece.after : stripped(piece);
    bytes += gap.length;
    spans.push({ at, start: bytes, end: (bytes += byteLength(text)) });
    return gap + text;
  });
  const hits = judge.scanText(toBytes(texts.join("")));
  let next = 0; // both come in order of their place
  for (const { at, start, end } of spans) {
    while ((hits[next]?.end ?? Infinity) <= start) next++;
    const hit = hits[next];
    const piece = document[at];
    if (!hit || !piece || piece.kind === "blank" || hit.start >= end) continue;
    const cut = cuts.get(at);
    if (!cut) cuts.set(at, { line: piece.line, rule: hit.rule });
    else if (cut.rule !== hit.rule && !general.has(hit.rule)) cuts.set(at, { ...cut, looks: hit.rule });
  }
}

/** A comment without its mark: the lines of a commented-out key follow each other. */
function stripped(piece: Line): string {
  return piece.kind === "comment" ? piece.text.replace(/^\s*#+ ?/, "") : piece.text;
}

/** The text of one file. A cut assignment loses its trailing comment, or, if its name tells, the whole line. */
function textOf(source: Source, cuts: Cuts): string {
  const entries = new Map(source.entries.map((entry) => [entry.key, entry]));
  // nothing taken out, nothing added: it would be parsed to what it is
  const document = cuts.size === 0 && source.extras.size === 0 ? source.document : parseText(shownPieces(source, cuts).join(""));
  const fresh = withValues(document, (one) => {
    const entry = entries.get(one.name);
    if (entry?.to === "vault") return { value: printReference({ path: entry.path }) };
    return entry && entry.rewritten && !source.drops.has(one) ? { value: toText(entry.value) } : "keep";
  });
  return fresh.map(pieceText).join("");
}

function shownPieces(source: Source, cuts: Cuts): string[] {
  return source.document.map((piece, at) => {
    const extra = source.extras.get(piece);
    const text = shownPiece(source, piece, cuts.get(at));
    if (!extra) return text;
    const end = endOf(pieceText(piece)) || "\n";
    // a placeholder; the values come below
    const lines = extra.map((name) => `${name}=x${end}`).join("");
    return piece.kind === "other" ? lines : `${text}${endOf(text) === "" ? end : ""}${lines}`;
  });
}

function shownPiece(source: Source, piece: Piece, cut: LeftOut | undefined): string {
  if (!cut) return pieceText(piece);
  if (piece.kind !== "assignment") return leftOutLine(cut.name, endOf(piece.text));
  if (source.drops.has(piece)) return leftOutLine(cut.name, endOf(piece.after));
  const gap = /^[^\S\r\n]*/.exec(piece.after)?.[0] || " ";
  return `${piece.before}${piece.raw}${gap}${leftOutLine(cut.name, endOf(piece.after))}`;
}

type Work = { source: Source; entries: Map<string, Entry>; cuts: Cuts; notes: Note[] };

/** `plain`: names that a person wants readable, whatever they hold. */
export function rewrite(
  sources: readonly Source[],
  judge: Judge,
  plain: readonly string[],
  head: { project: string; vault?: string },
): Rewritten[] {
  const work = sources.map((source): Work => {
    const entries = new Map(source.entries.map((entry) => [entry.key, entry]));
    return { source, entries, cuts: cutComments(source, judge), notes: [] };
  });
  // every round but the last takes at least one more thing out
  for (;;) {
    const traces = new Traces();
    for (const { source, entries } of work) {
      for (const one of assignments(source.document)) {
        // every assignment of a stored name counts, also one that a later line replaces
        const value = valueBytes(one);
        if ((source.drops.has(one) || entries.get(one.name)?.to === "vault") && !judge.isEveryday(value))
          traces.add(one.name, value);
      }
      // what another dialect reads, and the texts between the variables of an expression
      for (const entry of source.entries) if (entry.to === "vault") addEntry(traces, entry, judge);
    }
    if (!work.map((file) => takeOut(file, traces, plain)).includes(true)) break;
  }
  return work.map(({ source, cuts, notes }) => {
    const text = textOf(source, cuts);
    const whole = head.vault === undefined ? text : withHead(text, { project: head.project, vault: head.vault });
    const leftOut = [...cuts.entries()].sort(([a], [b]) => a - b).map(([, cut]) => cut);
    return { ...source, bytes: toBytes(whole), leftOut, notes };
  });
}

/** Of an expression only the texts that would be a secret under any name: `postgres://` before a variable is none. */
function addEntry(traces: Traces, entry: Entry, judge: Judge): void {
  // as it is written it was an assignment above
  if (entry.rewritten && !entry.expand && !judge.isEveryday(entry.value)) traces.add(entry.key, entry.value);
  for (const text of entry.literals) {
    if (judge.classify("TITLE", shown(text)).class === "secret") traces.add(entry.key, toBytes(text));
  }
}

/** Takes out what holds a stored value; true if it found anything new. */
function takeOut(file: Work, traces: Traces, plain: readonly string[]): boolean {
  let found = false;
  for (const [at, piece] of file.source.document.entries()) {
    const text = piece.kind === "assignment" ? piece.after : piece.text;
    const holds = file.cuts.has(at) ? undefined : traces.inComment(text);
    if (holds !== undefined) {
      file.cuts.set(at, { line: piece.line, rule: `holds the value of ${holds}` });
      found = true;
    }
    if (piece.kind !== "assignment" || file.source.drops.has(piece)) continue;
    const entry = file.entries.get(piece.name);
    if (entry && !file.cuts.has(at) && behindHash(piece, entry)) {
      file.cuts.set(at, { line: piece.line, name: piece.name, rule: "text glued to a secret" });
    }
    const named = traces.in(piece.before);
    if (named !== undefined) tell(file, piece, `the name ${piece.name} holds the value of ${named}`);
    const texts = entry?.rewritten ? [toText(entry.value)] : [piece.raw, piece.value];
    const name =
      entry?.to === "file" && entry.why !== "a reference" ? texts.map((text) => traces.in(text)).find(Boolean) : undefined;
    if (!entry || name === undefined) continue;
    if (plain.includes(entry.key)) {
      tell(file, piece, `${entry.key} stays readable (--plain), and holds the value of ${name}`);
      continue;
    }
    entry.class = "secret";
    entry.to = "vault";
    entry.why = `holds the value of ${name}`;
    found = true;
  }
  return found;
}

/** Other readers take a comment without a space before it for the rest of the value: of a secret it may not be shown. */
function behindHash(one: Assignment, entry: Entry): boolean {
  if (!one.after.includes("#") || (entry.to !== "vault" && !entry.rewritten)) return false;
  return entry.rewritten || (one.quote === "" && /^[^\S ]*#[^\s#]/.test(one.after));
}

function tell(file: Work, piece: Assignment, text: string): void {
  if (file.notes.some((note) => note.line === piece.line)) return;
  file.notes.push({ kind: "shows-secret", line: piece.line, name: piece.name, text, decision: true });
}
