/**
 * Makes the text of each `.env.zvault`: references in the place of secrets, and nothing else that tells one. Works on all files
 * of an import at once, again and again until no stored value is found in what would be written.
 */
import { type Cuts, cutComments, type Drops, type Judge, type LeftOut } from "./cuts.ts";
import { assignments, valueBytes, type Assignment, type Document, type Piece } from "./document.ts";
import { withHead } from "./head.ts";
import type { Note } from "./notes.ts";
import type { Entry } from "./plan.ts";
import { endOf, leftOut as leftOutLine, withValues } from "./replace.ts";
import { parseText } from "./parse.ts";
import { pieceText } from "./print.ts";
import { printReference } from "./reference.ts";
import { shown, toBytes, toText } from "./text.ts";
import { Traces } from "./traces.ts";

/** Names that only the chosen dialect reads, by the piece they come behind, or, if it is no assignment, in the place of. */
export type Extras = Map<Piece, string[]>;

type Source = { name: string; document: Document; entries: Entry[]; drops: Drops; extras: Extras };
export type Rewritten = Source & { bytes: Uint8Array; leftOut: LeftOut[]; notes: Note[] };

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
    return { source, entries, cuts: cutComments(source.document, source.entries, source.drops, judge), notes: [] };
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
