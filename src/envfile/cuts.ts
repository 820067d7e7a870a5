/**
 * Which lines and comments of a `.env` are not written into its `.env.zvault`, whatever stands in the values: a secret is written beside
 * its variable as often as in it. Pure.
 */
import type { Document, Line, Piece } from "./document.ts";
import type { Entry } from "./plan.ts";
import { byteLength, toBytes } from "./text.ts";

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
export type Cuts = Map<number, LeftOut>;

/** What no `.env.zvault` shows: commented-out assignments, secrets in words, what the scanner finds, what was dropped. */
export function cutComments(document: Document, entries: readonly Entry[], drops: Drops, judge: Judge): Cuts {
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
