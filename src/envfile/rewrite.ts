/**
 * Makes the text of each `.env.zvault`: references in the place of secrets, and nothing else that tells one. Works on all files of an
 * import at once, again and again until no stored value is found in what would be written.
 */
import { assignments, valueBytes, type Assignment, type Document, type Line } from "./document.ts";
import { withHead } from "./head.ts";
import type { Note } from "./notes.ts";
import type { Entry } from "./plan.ts";
import { endOf, leftOut as leftOutLine, withValues } from "./replace.ts";
import { parseText } from "./parse.ts";
import { pieceText } from "./print.ts";
import { printReference } from "./reference.ts";
import { toBytes } from "./text.ts";
import { formsOf } from "./traces.ts";

/** What the scanner answers (`scan/judge.ts`). */
export type Judge = {
  classify(name: string, value: string): { class: "secret" | "setting"; why: string; public: boolean };
  /** offsets in bytes */
  scanText(bytes: Uint8Array): { line: number; start: number; end: number; rule: string }[];
};

/** A text that is not written; the layout in the vault keeps it. */
export type LeftOut = { line: number; name?: string; rule: string };

type Source = { name: string; document: Document; entries: Entry[] };
export type Rewritten = Source & { bytes: Uint8Array; leftOut: LeftOut[]; notes: Note[] };

/** `# NAME=value`, also behind more than one `#` or a list mark. */
const commented = /^\s*#[#\s*/;>-]*(?:export\s+)?([A-Za-z_][\w.-]*)\s*(?:=|:\s(?=\s*["'`]))\s*(\S.*?)?\s*$/;
/** In the middle of a comment only what looks like a variable: upper case, no space round the sign. */
const inside = /(?<![\w.$-])([A-Z][A-Z0-9_]{2,})=(?=[^\s=])/;

function commentedName(text: string): string | undefined {
  const whole = commented.exec(text);
  if (whole) return whole[2] === undefined ? undefined : whole[1];
  return inside.exec(text)?.[1];
}

/** Lines that are left out, by their place in the document, with the rule that said so; for an assignment: its trailing comment. */
type Cuts = Map<number, LeftOut>;

function cutComments(document: Document, odd: ReadonlySet<Assignment>, judge: Judge): Cuts {
  const cuts: Cuts = new Map();
  let open: { quote: string; name: string } | undefined; // a commented-out value whose quote is not closed yet
  for (const [at, piece] of document.entries()) {
    if (piece.kind === "assignment") {
      open = undefined;
      const name = odd.has(piece) ? undefined : commentedName(piece.after.trimStart());
      if (odd.has(piece)) cuts.set(at, { line: piece.line, rule: "secret in a name" });
      else if (name !== undefined) cuts.set(at, { line: piece.line, name, rule: "commented-out assignment" });
      continue;
    }
    if (piece.kind === "blank") continue;
    if (open && piece.kind === "comment") {
      cuts.set(at, { line: piece.line, name: open.name, rule: "commented-out assignment" });
      if (piece.text.includes(open.quote)) open = undefined;
      continue;
    }
    const name = piece.kind === "comment" ? commentedName(piece.text) : undefined;
    if (name === undefined) continue;
    cuts.set(at, { line: piece.line, name, rule: "commented-out assignment" });
    open = undefined;
    const value = commented.exec(piece.text)?.[2] ?? "";
    const quote = /^["'`]/.exec(value)?.[0];
    if (quote !== undefined && !value.slice(1).includes(quote) && closesBelow(document, at + 1, quote)) open = { quote, name };
  }
  cutHits(document, judge, cuts);
  return cuts;
}

function closesBelow(document: Document, from: number, quote: string): boolean {
  for (const piece of document.slice(from)) {
    if (piece.kind !== "comment") return false;
    if (commented.test(piece.text)) return false;
    if (piece.text.includes(quote)) return true;
  }
  return false;
}

/** The scanner sees the file with its values blanked out, so that a key over several comment lines is one text. */
function cutHits(document: Document, judge: Judge, cuts: Cuts): void {
  const spans: { at: number; start: number; end: number }[] = [];
  let bytes = 0;
  const texts = document.map((piece, at) => {
    const text = piece.kind === "assignment" ? `${piece.before}\n${piece.after}` : stripped(piece);
    spans.push({ at, start: bytes, end: (bytes += toBytes(text).length) });
    return text;
  });
  for (const hit of judge.scanText(toBytes(texts.join("")))) {
    for (const { at, start, end } of spans) {
      const piece = document[at];
      if (!piece || piece.kind === "blank" || hit.end <= start || hit.start >= end || cuts.has(at)) continue;
      cuts.set(at, { line: piece.line, rule: hit.rule });
    }
  }
}

/** A comment without its mark: the lines of a commented-out key follow each other. */
function stripped(piece: Line): string {
  return piece.kind === "comment" ? piece.text.replace(/^\s*#+ ?/, "") : piece.text;
}

/** The text of one file. A cut assignment loses its trailing comment, or, if its name tells, the whole line. */
function textOf(source: Source, odd: ReadonlySet<Assignment>, cuts: Cuts): string {
  const entries = new Map(source.entries.map((entry) => [entry.key, entry]));
  const texts = source.document.map((piece, at) => {
    const cut = cuts.get(at);
    if (!cut) return pieceText(piece);
    if (piece.kind !== "assignment") return leftOutLine(cut.name, endOf(piece.text));
    if (odd.has(piece)) return leftOutLine(undefined, endOf(piece.after));
    const gap = /^[^\S\r\n]*/.exec(piece.after)?.[0] || " ";
    return `${piece.before}${piece.raw}${gap}${leftOutLine(cut.name, endOf(piece.after))}`;
  });
  const fresh = withValues(parseText(texts.join("")), (one) => {
    const entry = entries.get(one.name);
    return entry?.to === "vault" ? { value: printReference({ path: entry.path }) } : "keep";
  });
  return fresh.map(pieceText).join("");
}

export function rewrite(
  sources: readonly Source[],
  odd: ReadonlySet<Assignment>,
  judge: Judge,
  plain: readonly string[],
  head: { project: string; vault?: string },
): Rewritten[] {
  const work = sources.map((source) => ({ source, cuts: cutComments(source.document, odd, judge), notes: [] as Note[] }));
  // every round takes at least one more thing out, so it ends
  for (;;) {
    const stored = new Map<string, string[]>();
    for (const { source } of work) {
      for (const one of assignments(source.document)) {
        const entry = source.entries.find((found) => found.key === one.name);
        // every assignment of the name counts, the shadowed ones too
        if (entry?.to === "vault") stored.set(`${source.name}:${one.line}`, [one.name, ...formsOf(valueBytes(one))]);
      }
    }
    const needles = [...stored.values()];
    if (!work.map((file) => takeOut(file, needles, plain)).includes(true)) break;
  }
  return work.map(({ source, cuts, notes }) => {
    const text = textOf(source, odd, cuts);
    const whole = head.vault === undefined ? text : withHead(text, { project: head.project, vault: head.vault });
    const leftOut = [...cuts.entries()].sort(([a], [b]) => a - b).map(([, cut]) => cut);
    return { ...source, bytes: toBytes(whole), leftOut, notes };
  });
}

/** Takes out what holds a stored value; true if it found anything new. */
function takeOut(
  file: { source: Source; cuts: Cuts; notes: Note[] },
  needles: readonly (readonly string[])[],
  plain: readonly string[],
): boolean {
  let found = false;
  const holder = (text: string): string | undefined =>
    needles.find(([, ...forms]) => forms.some((form) => text.includes(form)))?.[0];
  for (const [at, piece] of file.source.document.entries()) {
    if (piece.kind !== "assignment") {
      const name = file.cuts.has(at) ? undefined : holder(piece.text);
      if (name === undefined) continue;
      file.cuts.set(at, { line: piece.line, rule: `holds the value of ${name}` });
      found = true;
      continue;
    }
    const behind = file.cuts.has(at) ? undefined : holder(piece.after);
    if (behind !== undefined) {
      file.cuts.set(at, { line: piece.line, rule: `holds the value of ${behind}` });
      found = true;
    }
    const entry = file.source.entries.find((one) => one.key === piece.name);
    const name = entry?.to === "file" ? (holder(piece.raw) ?? holder(piece.value)) : undefined;
    if (!entry || name === undefined || entry.why === "a reference") continue;
    if (plain.includes(entry.key)) {
      const known = file.notes.some((note) => note.line === piece.line);
      const text = `${entry.key} stays readable (--plain), and holds the value of ${name}`;
      if (!known) file.notes.push({ kind: "shows-secret", line: piece.line, name: entry.key, text, decision: true });
      continue;
    }
    entry.class = "secret";
    entry.to = "vault";
    entry.why = `holds the value of ${name}`;
    found = true;
  }
  return found;
}
