/**
 * The way back: an env file with values, made of its layout and of what its `.env.zvault` says now. Byte for byte the file that was
 * imported where nothing changed; a changed value, or a setting that was edited in `.env.zvault`, changes its own line only; names that
 * came later stand at the end.
 */
import { assignments, type Assignment, expressionsOf } from "./document.ts";
import { parseHead, readersLine } from "./head.ts";
import { fillLayout, pathsOf } from "./layout.ts";
import { parse, parseText } from "./parse.ts";
import { pieceText } from "./print.ts";
import { parseValue, type Ref } from "./reference.ts";
import { withValues } from "./replace.ts";
import { spellLine } from "./spelling.ts";
import { toBytes, toText } from "./text.ts";
import { ZvaultError } from "../errors.ts";

/** undefined: there is none any more. */
export type ValueOf = (ref: Ref) => { bytes: Uint8Array; expand: boolean } | undefined;

export type Back = {
  bytes: Uint8Array;
  /** names whose line is not the imported one */
  changed: string[];
  /** names that came after the import */
  added: string[];
  /** names without a value: their lines have an empty one */
  gone: string[];
  /** names that only the layout has: their lines were taken out of `.env.zvault` since */
  left: string[];
};

/** `layout`: undefined for a file that was never imported; then it is its `.env.zvault` with values. Throws `usage`, `damaged`. */
export function eject(envZvault: Uint8Array, layout: Uint8Array | undefined, valueOf: ValueOf): Back {
  const gone = new Set<string>();
  const wanted = wantedOf(envZvault, valueOf, gone);
  if (!layout) return fromReferences(envZvault, wanted, gone);
  const document = parse(fillLayout(layout, holesOf(layout, valueOf, gone)));
  const names = new Set(assignments(document).map((one) => one.name));
  const changed: string[] = [];
  const last = new Map(assignments(document).map((one) => [one.name, one]));
  const decide = (one: Assignment): { value: string } | "keep" => {
    const value = wanted.get(one.name);
    if (last.get(one.name) !== one || value === undefined || value === one.value) return "keep";
    changed.push(one.name);
    return { value };
  };
  const touched = [...last.values()].some((one) => wanted.has(one.name) && wanted.get(one.name) !== one.value);
  const text = (touched ? withValues(document, decide) : document).map(pieceText).join("");
  const added = [...wanted].filter(([name]) => !names.has(name));
  const left = [...names].filter((name) => !wanted.has(name) && !gone.has(name));
  const bytes = toBytes(text + appended(text, added));
  checkRead(bytes, added);
  return { bytes, changed, added: added.map(([name]) => name), gone: [...gone], left };
}

/** The bytes that were imported, with the values of that time. */
export function asImported(layout: Uint8Array, valueOf: ValueOf): { bytes: Uint8Array; gone: string[] } {
  const gone = new Set<string>();
  return { bytes: fillLayout(layout, holesOf(layout, valueOf, gone)), gone: [...gone] };
}

function holesOf(layout: Uint8Array, valueOf: ValueOf, gone: Set<string>): Map<string, Uint8Array> {
  const holes = new Map<string, Uint8Array>();
  for (const path of pathsOf(layout)) {
    const value = valueOf({ path });
    if (!value) gone.add(path.split("/").at(-1) ?? path);
    holes.set(path, value ? toBytes(textOf(value)) : new Uint8Array());
  }
  return holes;
}

/** A stored text with `${zvault:NAME}` in it was `${NAME}` in the file. */
function textOf({ bytes, expand }: { bytes: Uint8Array; expand: boolean }): string {
  const text = toText(bytes);
  return expand ? text.replace(/\$\{zvault:([A-Za-z0-9._-]+)\}/g, "${$1}") : text;
}

/** NAME → what its line says now, as a byte text. */
function wantedOf(envZvault: Uint8Array, valueOf: ValueOf, gone: Set<string>): Map<string, string> {
  const document = parse(envZvault);
  const plain = new Map(assignments(document).map((one) => [one.name, one.value]));
  const wanted = new Map<string, string>();
  for (const [name, { text }] of expressionsOf(document)) {
    const value = parseValue(text);
    if (value.kind === "plain") {
      wanted.set(name, plain.get(name) ?? text);
      continue;
    }
    const parts = value.kind === "reference" ? [{ ref: value.ref }] : value.parts;
    const texts = parts.map((part) => {
      if (typeof part === "string") return part;
      if ("name" in part) return `\${${part.name}}`;
      const found = valueOf(part.ref);
      return found && textOf(found);
    });
    if (texts.includes(undefined)) gone.add(name);
    else wanted.set(name, texts.join(""));
  }
  return wanted;
}

/** The file itself without its head, values in the place of references. */
function fromReferences(envZvault: Uint8Array, wanted: ReadonlyMap<string, string>, gone: ReadonlySet<string>): Back {
  const text = toText(envZvault);
  const document = parseText(parseHead(text) ? withoutHead(text) : text);
  const fresh = withValues(document, (one) => {
    const value = gone.has(one.name) ? "" : wanted.get(one.name);
    return value === undefined || value === one.value ? "keep" : { value };
  });
  return { bytes: toBytes(fresh.map(pieceText).join("")), changed: [], added: [], gone: [...gone], left: [] };
}

function withoutHead(text: string): string {
  const mark = text.startsWith("\ufeff") ? "\ufeff" : "";
  const rest = text.replace(/^[^\r\n]*(\r\n|\n|\r|$)/, "");
  return mark + (rest.startsWith(readersLine) ? rest.replace(/^[^\r\n]*(\r\n|\n|\r|$)/, "") : rest);
}

/** A quote that was left open above could take in what was appended. */
function checkRead(bytes: Uint8Array, added: readonly [name: string, value: string][]): void {
  if (added.length === 0) return;
  const read = new Map(assignments(parse(bytes)).map((one) => [one.name, one.value]));
  const wrong = added.filter(([name, value]) => read.get(name) !== value).map(([name]) => name);
  if (wrong.length === 0) return;
  throw new ZvaultError("usage", `quotes above them are ambiguous: ${wrong.join(", ")} would be read otherwise`, {
    hint: "close the quotes in the .env.zvault first",
    names: wrong,
  });
}

function appended(text: string, added: readonly [name: string, value: string][]): string {
  if (added.length === 0) return "";
  const end = /\r\n|\n/.exec(text)?.[0] ?? "\n";
  const lines = added.map(([name, value]) => {
    const line = spellLine(name, value);
    if (line === undefined)
      throw new ZvaultError("usage", `a dotenv file cannot hold the value of ${name}`, {
        hint: `keep it elsewhere first: zvault get ${name} --out FILE`,
        names: [name],
      });
    return line + end;
  });
  return (text === "" || text.endsWith("\n") ? "" : end) + lines.join("");
}
