/**
 * The plan of an import, before anybody was asked: what goes into the vault, what stays, what is left out, what a person should
 * decide, and the bytes that would be written. Pure; the scanner comes in as `judge`, so that this room knows no other.
 */
import { ZvaultError } from "../errors.ts";
import { limits } from "../verbs.ts";
import { assignments, valueBytes, type Assignment, type Document } from "./document.ts";
import { makeLayout } from "./layout.ts";
import { notesOf, type Note } from "./notes.ts";
import { parse } from "./parse.ts";
import { pieceText, print } from "./print.ts";
import { layoutPath, pathFor, suffixOf } from "./project.ts";
import { parseValue, type Parsed, type Part } from "./reference.ts";
import { rewrite, type Drops, type Judge, type LeftOut, type Rewritten } from "./rewrite.ts";
import { shown, toBytes } from "./text.ts";

export type PlanInput = {
  /** base names: `.env`, `.env.local` */
  files: readonly { name: string; bytes: Uint8Array }[];
  /** slug */
  project: string;
  /** id of the vault, for the head of each `.env.zvault`; without it they are made without head (`withHead` adds it) */
  vault?: string;
  /** classes by path, of what the vault has already: they hold until a person overrules them */
  existing?: ReadonlyMap<string, "secret" | "setting">;
  options: { plain: readonly string[]; secret: readonly string[] };
  judge: Judge;
};

export type Entry = {
  key: string;
  path: string;
  class: "secret" | "setting";
  /** a few words; never a part of the value */
  why: string;
  /** "vault": a reference stands in its place. "file": it stays as it stands (settings, empty values, references) */
  to: "vault" | "file";
  /** a text with references in it that is a secret itself: `run` puts in what they stand for */
  expand?: true;
  /** what dotenv reads, the last of several assignments; for `to: "file"` too */
  value: Uint8Array;
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

type Source = { name: string; document: Document };

function readSource(file: { name: string; bytes: Uint8Array }): Source {
  suffixOf(file.name); // refuses a name that gives no path
  const [first, second] = file.bytes;
  const nuls = file.bytes.reduce((sum, byte) => sum + (byte === 0 ? 1 : 0), 0);
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || nuls > file.bytes.length / 4) {
    throw new ZvaultError("usage", `${file.name} is UTF-16, which no dotenv reader understands`, { hint: "save it as UTF-8" });
  }
  const document = parse(file.bytes);
  const large = assignments(document).find((one) => valueBytes(one).length > limits.value);
  if (large) {
    throw new ZvaultError("too-large", `${file.name}:${large.line}: the value of ${large.name} is larger than 1 MiB`, {
      names: [large.name],
    });
  }
  return { name: file.name, document };
}

/** Throws `usage` for names given on the command line that no file has, or that stand on both sides. */
function checkOptions(sources: readonly Source[], options: PlanInput["options"]): void {
  const names = new Set(sources.flatMap((source) => assignments(source.document).map((one) => one.name)));
  const unknown = [...new Set([...options.plain, ...options.secret])].filter((name) => !names.has(name));
  if (unknown.length > 0) {
    throw new ZvaultError("usage", `no such variable in ${sources.map((one) => one.name).join(", ")}: ${unknown.join(", ")}`, {
      hint: "--plain and --secret take names that stand in the imported files",
      names: unknown,
    });
  }
  const both = options.plain.filter((name) => options.secret.includes(name));
  if (both.length > 0) throw new ZvaultError("usage", `both --plain and --secret: ${both.join(", ")}`, { names: both });
}

/** The value as a reference, or as a text that holds some. Throws `usage` for a malformed one, with its place. */
function referencesIn(file: string, one: Assignment): Parsed {
  try {
    return parseValue(shown(one.value));
  } catch (error) {
    if (!(error instanceof ZvaultError)) throw error;
    throw new ZvaultError(error.code, `${file}:${one.line}: ${one.name}: ${error.message}`, { names: [one.name] });
  }
}

/** True for a text whose own words, without the references in it, are a secret. */
function tellsSecret(judge: Judge, name: string, parts: readonly Part[]): boolean {
  const own = parts.filter((part) => typeof part === "string");
  if (own.some((text) => judge.scanText(toBytes(text)).length > 0)) return true;
  return judge.classify(name, own.join("")).class === "secret";
}

function entryOf(input: PlanInput, file: string, one: Assignment): Entry {
  const path = pathFor(input.project, file, one.name);
  const base = { key: one.name, path, value: valueBytes(one), line: one.line };
  if (one.value === "") return { ...base, class: "setting", why: "empty", to: "file" };
  const parsed = referencesIn(file, one);
  const plain = input.options.plain.includes(one.name);
  if (parsed.kind === "template" && !plain && tellsSecret(input.judge, one.name, parsed.parts))
    return { ...base, class: "secret", why: "a secret beside a reference", to: "vault", expand: true };
  if (parsed.kind !== "plain") return { ...base, class: "setting", why: "a reference", to: "file" };
  const judged = input.judge.classify(one.name, shown(one.value));
  const known = input.existing?.get(path);
  const chosen = plain ? "setting" : input.options.secret.includes(one.name) ? "secret" : undefined;
  const kind = chosen ?? known ?? judged.class;
  const why = chosen ? `--${chosen === "secret" ? "secret" : "plain"}` : known ? "as before" : judged.why;
  return { ...base, class: kind, why, to: kind === "secret" ? "vault" : "file" };
}

/** The last assignment of each name decides, as in dotenv. */
function entriesOf(input: PlanInput, source: Source, drops: Drops): Entry[] {
  const entries = new Map<string, Entry>();
  for (const one of assignments(source.document)) {
    if (!drops.has(one)) entries.set(one.name, entryOf(input, source.name, one));
  }
  // an earlier secret under the name of a value that stays must not stay with it
  for (const one of assignments(source.document)) {
    if (drops.has(one) || entries.get(one.name)?.to !== "file") continue;
    if (entryOf(input, source.name, one).to === "vault")
      drops.set(one, { name: one.name, rule: "value that a later line replaces" });
  }
  return [...entries.values()];
}

/** Lines of a key that was pasted without quotes, assignments by look or not, and secrets in the place of a name. */
function oddOnes(source: Source, judge: Judge): Drops {
  const drops: Drops = new Map();
  const hits = judge.scanText(print(source.document));
  let start = 0;
  let next = 0; // hits come in order of their place
  for (const piece of source.document) {
    const end = start + toBytes(pieceText(piece)).length;
    while ((hits[next]?.end ?? Infinity) <= start) next++;
    const hit = hits[next];
    if (hit !== undefined && hit.start < start) drops.set(piece, { rule: hit.rule });
    else if (piece.kind === "assignment" && judge.scanText(toBytes(piece.name)).length > 0)
      drops.set(piece, { rule: "secret in a name" });
    start = end;
  }
  return drops;
}

/** A plan for all files together: a secret of one must not stay readable in another. */
export function planImport(input: PlanInput): Plan {
  const sources = input.files.map(readSource);
  checkOptions(sources, input.options);
  const work = sources.map((source) => {
    const drops = oddOnes(source, input.judge);
    return { ...source, drops, entries: entriesOf(input, source, drops) };
  });
  const head = { project: input.project, ...(input.vault === undefined ? {} : { vault: input.vault }) };
  const written = rewrite(work, input.judge, input.options.plain, head);
  const names = new Set(work.flatMap((file) => file.entries.map((entry) => entry.key)));
  return { files: written.map((file) => plannedOf(input, file, names)) };
}

function plannedOf(input: PlanInput, file: Rewritten, names: ReadonlySet<string>): PlannedFile {
  const stored = new Map(file.entries.filter((entry) => entry.to === "vault").map((entry) => [entry.key, entry]));
  const layout = makeLayout(file.document, (one) => {
    const entry = file.drops.has(one) ? undefined : stored.get(one.name);
    // an earlier assignment with another value is nobody's value: it stays in the layout, as a commented-out one does
    return entry && Buffer.compare(entry.value, valueBytes(one)) === 0 ? entry.path : undefined;
  });
  return {
    name: file.name,
    entries: file.entries,
    leftOut: file.leftOut,
    notes: [...notesOf(file.document, file.entries, names, input.judge), ...file.notes].sort((a, b) => a.line - b.line),
    envZvault: file.bytes,
    layout: layout.bytes,
    layoutPath: layoutPath(input.project, file.name),
    requoted: layout.requoted,
  };
}
