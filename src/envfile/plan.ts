/**
 * The plan of an import, before anybody was asked: what goes into the vault, what stays, what is left out, what a person should
 * decide, and the bytes that would be written. Pure; the scanner comes in as `judge`, so that this room knows no other.
 */
import { ZvaultError } from "../errors.ts";
import { limits } from "../verbs.ts";
import { choose, type Chosen, type ChosenFile } from "./choose.ts";
import type { ChooseOptions } from "./expressions.ts";
import { assignments, valueBytes, type Assignment, type Document, type Piece } from "./document.ts";
import { makeLayout, type Place } from "./layout.ts";
import { notesOf, type Note } from "./notes.ts";
import { parse } from "./parse.ts";
import { pieceText, print } from "./print.ts";
import { layoutPath, pathFor, suffixOf } from "./project.ts";
import { parseValue, type Parsed, type Part } from "./reference.ts";
import type { Drops, Judge, LeftOut } from "./cuts.ts";
import { rewrite, type Extras, type Rewritten } from "./rewrite.ts";
import { splitsOf, type Split } from "./splits.ts";
import { byteLength, shown, toBytes, toText } from "./text.ts";

export type PlanInput = {
  /** base names: `.env`, `.env.local` */
  files: readonly { name: string; bytes: Uint8Array }[];
  /** slug */
  project: string;
  /** id of the vault, for the head of each `.env.zvault`; without it they are made without head (`withHead` adds it) */
  vault?: string;
  /** classes by path, of what the vault has already: they hold until a person overrules them */
  existing?: ReadonlyMap<string, "secret" | "setting">;
  options: { plain: readonly string[]; secret: readonly string[] } & ChooseOptions;
  judge: Judge;
  /** the candidate nearest to a mistyped name (`run/nearest.ts`, which this room may not import) */
  nearest?: (word: string, candidates: readonly string[]) => string | undefined;
};

export type Entry = {
  key: string;
  path: string;
  class: "secret" | "setting";
  /** a few words; never a part of the value */
  why: string;
  /** "vault": a reference stands in its place. "file": it stays as it stands (settings, empty values, references) */
  to: "vault" | "file";
  /** what is stored, the last of several assignments; for `to: "file"` what is read there */
  value: Uint8Array;
  /** `value` is a text with `${zvault:NAME}` in it */
  expand: boolean;
  /** the texts of `value` that are no variable; empty without `expand` */
  literals: readonly string[];
  /** `value` is not what dotenv reads there: another dialect, or an expression */
  rewritten: boolean;
  line: number;
};

export type PlannedFile = {
  name: string;
  entries: Entry[];
  leftOut: LeftOut[];
  notes: Note[];
  /** bytes of `<name>.zvault` */
  envZvault: Uint8Array;
  /** a value of class secret, to be stored at `layoutPath` */
  layout: Uint8Array;
  layoutPath: string;
  /** names whose quotes `eject` will write another way */
  requoted: string[];
};

export type Plan = { files: PlannedFile[] };

type Source = { name: string; document: Document; text: string; splits: Split[] };

function readSource(file: { name: string; bytes: Uint8Array }, environment: ChooseOptions["environment"]): Source {
  suffixOf(file.name); // refuses a name that gives no path
  const [first, second] = file.bytes;
  let nuls = 0;
  for (const byte of file.bytes) if (byte === 0) nuls++;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || nuls > file.bytes.length / 4) {
    throw new ZvaultError("usage", `${file.name} is UTF-16, which no dotenv reader understands`, { hint: "save it as UTF-8" });
  }
  const document = parse(file.bytes);
  // no unit takes more than three bytes
  const large = assignments(document).find((one) => one.value.length > limits.value / 3 && valueBytes(one).length > limits.value);
  if (large) {
    throw new ZvaultError("too-large", `${file.name}:${large.line}: the value of ${large.name} is larger than 1 MiB`, {
      names: [large.name],
    });
  }
  return { name: file.name, document, text: toText(file.bytes), splits: splitsOf(document, environment) };
}

/** Throws `usage` for names given on the command line that no file has, or that stand on both sides. */
function checkOptions(sources: readonly Source[], { options, nearest }: PlanInput): void {
  const names = new Set(sources.flatMap((source) => assignments(source.document).map((one) => one.name)));
  for (const { name } of sources.flatMap((source) => source.splits)) if (name !== "") names.add(name);
  const unknown = [...new Set([...options.plain, ...options.secret])].filter((name) => !names.has(name));
  if (unknown.length > 0) {
    const close = nearest?.(unknown[0] ?? "", [...names]);
    throw new ZvaultError("usage", `no such variable in ${sources.map((one) => one.name).join(", ")}: ${unknown.join(", ")}`, {
      hint: close === undefined ? "--plain and --secret take names that stand in the imported files" : `did you mean ${close}?`,
      names: unknown,
    });
  }
  const both = options.plain.filter((name) => options.secret.includes(name));
  if (both.length > 0) throw new ZvaultError("usage", `both --plain and --secret: ${both.join(", ")}`, { names: both });
}

/** The value as a reference, or as a text that holds some. Throws `usage` for a malformed one, with its place. */
function referencesIn(file: string, line: number, name: string, text: string): Parsed {
  try {
    return parseValue(shown(text));
  } catch (error) {
    if (!(error instanceof ZvaultError)) throw error;
    throw new ZvaultError(error.code, `${file}:${line}: ${name}: ${error.message}`, { names: [name] });
  }
}

/** True for a text whose own words, without the references in it, are a secret. */
function tellsSecret(judge: Judge, name: string, parts: readonly Part[]): boolean {
  const own = parts.filter((part) => typeof part === "string");
  if (own.some((text) => judge.scanText(toBytes(text)).length > 0)) return true;
  return judge.classify(name, own.join("")).class === "secret";
}

type Judged = { name: string; value: string; chosen: Chosen | undefined; line: number };

function entryOf(input: PlanInput, file: string, one: Judged): Entry {
  const path = pathFor(input.project, file, one.name);
  const text = one.chosen?.text ?? one.value;
  const literals = one.chosen?.literals;
  const base = {
    key: one.name,
    path,
    value: toBytes(text),
    expand: literals !== undefined,
    literals: literals ?? [],
    rewritten: text !== one.value,
    line: one.line,
  };
  if (text === "") return { ...base, class: "setting", why: "empty", to: "file" };
  const parsed = referencesIn(file, one.line, one.name, text);
  const plain = input.options.plain.includes(one.name);
  const beside = parsed.kind === "template" && tellsSecret(input.judge, one.name, parsed.parts);
  if (beside && !plain && !base.expand)
    return { ...base, class: "secret", why: "a secret beside a reference", to: "vault", expand: true };
  if (parsed.kind !== "plain" && !base.expand) return { ...base, class: "setting", why: "a reference", to: "file" };
  // variables in an expression are judged where they stand themselves
  const own = base.expand ? ({ class: beside ? "secret" : "setting", why: "put together from others" } as const) : undefined;
  const judged = own ?? input.judge.classify(one.name, shown(text));
  const known = input.existing?.get(path);
  const chosen = plain ? "setting" : input.options.secret.includes(one.name) ? "secret" : undefined;
  const kind = chosen ?? known ?? judged.class;
  const why = chosen ? `--${chosen === "secret" ? "secret" : "plain"}` : known ? "as before" : judged.why;
  return { ...base, class: kind, why, to: kind === "secret" ? "vault" : "file" };
}

type Work = Source & { choice: ChosenFile; drops: Drops; extras: Extras };

/** The last assignment of each name decides, as in dotenv. */
function entriesOf(input: PlanInput, { name: file, document, choice, drops, extras }: Work): Entry[] {
  const entries = new Map<string, Entry>();
  for (const one of assignments(document)) {
    const { name, value, line } = one;
    if (!drops.has(one)) entries.set(name, entryOf(input, file, { name, value, line, chosen: choice.chosen.get(name) }));
  }
  const added = new Set([...extras.values()].flat());
  for (const { name, line } of choice.extra) {
    // whatever it is, its line is written anew
    if (added.has(name)) {
      const entry = entryOf(input, file, { name, value: "", line, chosen: choice.chosen.get(name) });
      entries.set(name, { ...entry, rewritten: true });
    }
  }
  // an earlier secret under the name of a value that stays must not stay with it
  for (const one of assignments(document)) {
    const { name, value, line } = one;
    const entry = entries.get(name);
    if (drops.has(one) || entry?.to !== "file" || entry.rewritten) continue;
    if (entryOf(input, file, { name, value, line, chosen: undefined }).to === "vault" && value !== toText(entry.value))
      drops.set(one, { name, rule: "value that a later line replaces" });
  }
  return [...entries.values()];
}

/** Where the names go that only the chosen dialect reads: to their line, or behind the piece that holds it. */
function extrasOf({ document, choice }: { document: Document; choice: ChosenFile }): Extras {
  const extras: Extras = new Map();
  for (const { name, line } of choice.extra) {
    const piece = document.find((one) => one.kind === "other" && one.line === line) ?? document.findLast((one) => one.line <= line);
    // a name that dotenv could not read back has no place in a .env.zvault
    if (piece && /^[\w.-]+$/.test(name)) extras.set(piece, [...(extras.get(piece) ?? []), name]);
  }
  return extras;
}

/** Lines of a key that was pasted without quotes, assignments by look or not, and secrets in the place of a name. */
function oddOnes(source: Source, judge: Judge): Drops {
  const drops: Drops = new Map();
  const hits = judge.scanLines(print(source.document));
  const names = namesWithSecrets(source.document, judge);
  let start = 0;
  let next = 0; // hits come in order of their place
  for (const piece of source.document) {
    const end = start + byteLength(pieceText(piece));
    while ((hits[next]?.end ?? Infinity) <= start) next++;
    const hit = hits[next];
    if (hit !== undefined && hit.start < start) drops.set(piece, { rule: hit.rule });
    else if (piece.kind === "assignment" && names.has(piece.name)) drops.set(piece, { rule: "secret in a name" });
    start = end;
  }
  return drops;
}

/** All names in one scan: thousands of small ones would cost more than the rest of the plan. */
function namesWithSecrets(document: Document, judge: Judge): Set<string> {
  const names = [...new Set(assignments(document).map((one) => one.name))];
  const hits = judge.scanText(toBytes(names.join("\n")));
  const found = new Set<string>();
  let start = 0;
  let next = 0; // hits come in order of their place
  for (const name of names) {
    const end = start + name.length; // a name is ASCII
    while ((hits[next]?.end ?? Infinity) <= start) next++;
    if ((hits[next]?.start ?? Infinity) < end) found.add(name);
    start = end + 1;
  }
  return found;
}

/** A plan for all files together: a secret of one must not stay readable in another. */
export function planImport(input: PlanInput): Plan {
  const sources = input.files.map((file) => readSource(file, input.options.environment));
  checkOptions(sources, input);
  const choices = choose(sources, input.options);
  const work = sources.map((source, at) => {
    const choice = choices[at] as ChosenFile;
    const drops = oddOnes(source, input.judge);
    for (const one of choice.unread) drops.set(one, { name: one.name, rule: `not read by ${input.options.dialect ?? "choice"}` });
    const file = { ...source, choice, drops, extras: extrasOf({ document: source.document, choice }) };
    return { ...file, entries: entriesOf(input, file) };
  });
  const head = { project: input.project, ...(input.vault === undefined ? {} : { vault: input.vault }) };
  const written = rewrite(work, input.judge, input.options.plain, head);
  return { files: written.map((file, at) => plannedOf(input, file, work[at] as Work)) };
}

function plannedOf(input: PlanInput, file: Rewritten, work: Work): PlannedFile {
  const stored = new Map(file.entries.filter((entry) => entry.to === "vault").map((entry) => [entry.key, entry]));
  const last = new Map(assignments(file.document).map((one) => [one.name, one]));
  const placeOf = (one: Assignment): Place | undefined => {
    const entry = file.drops.has(one) ? undefined : stored.get(one.name);
    // an earlier assignment with another value is nobody's value: it stays in the layout, as a commented-out one does
    if (!entry || last.get(one.name)?.value !== one.value) return undefined;
    return entry.rewritten ? { path: entry.path, text: toText(entry.value) } : entry.path;
  };
  const lineOf = (piece: Piece): { path: string; text: string; name: string } | undefined => {
    const [name, ...more] = file.extras.get(piece) ?? [];
    const entry = name === undefined || more.length > 0 ? undefined : stored.get(name);
    return entry && { path: entry.path, text: toText(entry.value), name: entry.key };
  };
  const layout = makeLayout(file.document, placeOf, lineOf);
  const notes = notesOf({
    document: file.document,
    entries: file.entries,
    splits: work.splits,
    choice: work.choice,
    judge: input.judge,
  });
  return {
    name: file.name,
    entries: file.entries,
    leftOut: file.leftOut,
    notes: [...notes, ...file.notes].sort((a, b) => a.line - b.line),
    envZvault: file.bytes,
    layout: layout.bytes,
    layoutPath: layoutPath(input.project, file.name),
    requoted: layout.requoted,
  };
}
