/** What a person should know, or decide, before a file is imported. A text never holds a value. */
import { dangerous } from "./dangerous.ts";
import { assignments, valueBytes, type Assignment, type Document } from "./document.ts";
import type { Entry } from "./plan.ts";
import type { Judge } from "./rewrite.ts";
import { shown } from "./text.ts";

export type NoteKind =
  | "dangerous-name" // refused without a person's word
  | "interpolation" // other readers expand it; stored as text
  | "command-substitution"
  | "unterminated-quote"
  | "text-after-quote"
  | "glued-hash"
  | "colon"
  | "odd-name"
  | "bare-cr"
  | "nul"
  | "not-utf8"
  | "duplicate"
  | "public-secret" // the browser bundle would carry it
  | "shows-secret"; // a setting that holds a secret's value, kept by --plain

export type Note = {
  kind: NoteKind;
  line: number;
  name: string;
  text: string;
  /** asked on a terminal; the others are only told */
  decision: boolean;
};

/** `${NAME}`, `${NAME:-default}` or `$NAME`, not behind a backslash. */
const variable = /(?<![\\$])\$(?:\{([A-Za-z_]\w*)[^}]*\}|([A-Za-z_]\w*))/g;

/** Names that other readers would put in, each once, if the value is not in single quotes (then none of them expands). */
export function interpolated(one: Assignment): string[] {
  if (one.quote === "'") return [];
  const text = one.value.replace(/\$\{zvault:[^}]*\}/g, "");
  return [...new Set(Array.from(text.matchAll(variable), (found) => found[1] ?? found[2] ?? ""))];
}

function spellingNotes(one: Assignment): [NoteKind, string, boolean][] {
  const notes: [NoteKind, string, boolean][] = [];
  const first = one.raw.charAt(0);
  if (one.quote === "" && /^['"`]/.test(first)) {
    const rest = one.raw.slice(1).includes(first);
    notes.push(
      rest
        ? [
            "text-after-quote",
            "has text after its closing quote; node reads the quotes as part of the value, other readers differ",
            true,
          ]
        : ["unterminated-quote", "has a quote that is not closed; readers differ on where the value ends", true],
    );
  }
  if (one.quote === "" && one.raw !== "" && /^#\S/.test(one.after)) {
    notes.push(["glued-hash", "has a # glued to its value; node ends the value there, compose and python read on", true]);
  }
  if (one.separator === ":") notes.push(["colon", "is written with a colon, which few readers know", false]);
  if (one.quote !== "'" && /\$\(|`[^`]+`/.test(one.value)) {
    notes.push(["command-substitution", "holds $(…) or backticks; a shell would run that, zvault stores the text", true]);
  }
  if (/\r(?!\n)/.test(one.before + one.raw + one.after)) {
    notes.push([
      "bare-cr",
      "stands on a line that ends with a bare carriage return; node ends the line there, others do not",
      true,
    ]);
  }
  return notes;
}

/** `names`: all names of the import, to tell an expression from a text with a dollar sign. */
export function notesOf(document: Document, entries: readonly Entry[], names: ReadonlySet<string>, judge: Judge): Note[] {
  const notes: Note[] = [];
  const seen = new Map<string, number>();
  const byKey = new Map(entries.map((entry) => [entry.key, entry]));
  for (const one of assignments(document)) {
    const add = (kind: NoteKind, text: string, decision: boolean): void => {
      notes.push({ kind, line: one.line, name: one.name, text: `${one.name} ${text}`, decision });
    };
    const entry = byKey.get(one.name);
    if (!entry) continue; // left out: even its name is not told
    if (dangerous(one.name)) add("dangerous-name", "can take over the programs that get it", true);
    if (!/^[A-Za-z_]\w*$/.test(one.name) || one.name === "__proto__")
      add("odd-name", "is no name that every shell and reader takes", true);
    const earlier = seen.get(one.name);
    if (earlier !== undefined) add("duplicate", `stands on line ${earlier} too; the last one counts`, false);
    seen.set(one.name, one.line);
    for (const [kind, text, decision] of spellingNotes(one)) add(kind, text, decision);
    const used = interpolated(one);
    const known = used.filter((name) => names.has(name));
    if (used.length > 0) {
      const list = used.map((name) => `\${${name}}`).join(", ");
      add(
        "interpolation",
        `uses ${list}; stored as the text it is${known.length > 0 ? ", some readers expand it" : ""}`,
        known.length > 0,
      );
    }
    if (one.value.includes("\0")) add("nul", "has a NUL byte, which no environment can hold", true);
    if (Buffer.compare(Buffer.from(shown(one.value)), valueBytes(one)) !== 0)
      add("not-utf8", "is not UTF-8; its bytes are stored as they are", false);
    if (entry.why === "a reference" && judge.scanText(valueBytes(one)).length > 0) {
      add("shows-secret", "holds a reference, and beside it what looks like a secret, which stays readable", true);
    }
    if (entry.to === "vault" && judge.classify(one.name, shown(one.value)).public) {
      add("public-secret", "is a secret by its value, but its prefix puts it into the browser bundle", true);
    }
  }
  return notes;
}
