/** What a person should know, or decide, before a file is imported. A text never holds a value. */
import type { ChosenFile, Option } from "./choose.ts";
import { dangerous } from "./dangerous.ts";
import { assignments, valueBytes, type Assignment, type Document } from "./document.ts";
import type { Entry } from "./plan.ts";
import type { Judge } from "./cuts.ts";
import type { Split, SplitKind } from "./splits.ts";
import { isUtf8 } from "./text.ts";
import { variablesIn } from "./variables.ts";

export type NoteKind =
  | SplitKind
  | "dangerous-name" // refused without a person's word
  | "nul"
  | "not-utf8"
  | "duplicate"
  | "public-secret" // the browser bundle would carry it
  | "shows-secret"; // a setting that holds a secret's value, kept by --plain

export type Note = {
  kind: NoteKind;
  line: number;
  /** "" for a line that is no assignment */
  name: string;
  text: string;
  /** asked on a terminal; the others are only told */
  decision: boolean;
  /** the ways to read the value, the first is taken unless somebody says otherwise; with `decision` only */
  options?: readonly Option[];
};

type Noted = {
  document: Document;
  entries: readonly Entry[];
  splits: readonly Split[];
  choice: ChosenFile;
  judge: Judge;
};

export function notesOf(file: Noted): Note[] {
  return [...splitNotes(file), ...valueNotes(file)];
}

/** Where readers differ: every split is told by name and line; the first of a variable carries the question, if there is one. */
function splitNotes({ document, entries, splits, choice }: Noted): Note[] {
  const asked = new Set<string>();
  const names = new Set(entries.map((entry) => entry.key));
  const byLine = new Map(assignments(document).map((one) => [`${one.line} ${one.name}`, one]));
  return splits.flatMap(({ kind, line, name, text }): Note[] => {
    const one = byLine.get(`${line} ${name}`);
    if (one && !names.has(name)) return []; // left out: even its name is not told
    const options = asked.has(name) ? undefined : choice.options.get(name);
    const told = name === "" || !one ? text : kind === "interpolation" ? uses(one, choice, names) : `${name} ${text}`;
    const note = { kind, line, name: one ? name : "", text: one || name === "" ? told : `this line ${text}` };
    if (!options) return [{ ...note, decision: false }];
    asked.add(name);
    return [{ ...note, decision: true, options }];
  });
}

function uses(one: Assignment, choice: ChosenFile, names: ReadonlySet<string>): string {
  const used = [...new Set(variablesIn(one.value).map((found) => found.name))];
  const list = used.map((name) => `\${${name}}`).join(", ");
  if (used.length === 0) return `${one.name} holds a $ that some readers expand; it is stored as it stands`;
  const kept = choice.chosen.get(one.name)?.literals !== undefined;
  if (kept) return `${one.name} uses ${list}; it goes on to be expanded`;
  const known = used.some((name) => names.has(name));
  return `${one.name} uses ${list}${known ? "" : ", which no file here has"}; stored as text, some readers expand it`;
}

function valueNotes({ document, entries, judge }: Noted): Note[] {
  const notes: Note[] = [];
  const seen = new Map<string, number>();
  const byKey = new Map(entries.map((entry) => [entry.key, entry]));
  for (const one of assignments(document)) {
    const entry = byKey.get(one.name);
    if (!entry) continue;
    const add = (kind: NoteKind, text: string, decision: boolean): void => {
      notes.push({ kind, line: one.line, name: one.name, text: `${one.name} ${text}`, decision });
    };
    if (dangerous(one.name)) add("dangerous-name", "can take over the programs that get it", true);
    const earlier = seen.get(one.name);
    if (earlier !== undefined) add("duplicate", `stands on line ${earlier} too; the last one counts`, false);
    seen.set(one.name, one.line);
    if (one.value.includes("\0")) add("nul", "has a NUL byte, which no environment can hold", true);
    if (!isUtf8(one.value)) add("not-utf8", "is not UTF-8; its bytes are stored as they are", false);
    if (entry.why === "a reference" && judge.scanText(valueBytes(one)).length > 0) {
      add("shows-secret", "holds a reference, and beside it what looks like a secret, which stays readable", true);
    }
    if (entry.to === "vault" && judge.isPublic(one.name)) {
      add("public-secret", "is a secret by its value, but its prefix puts it into the browser bundle", true);
    }
  }
  return notes;
}
