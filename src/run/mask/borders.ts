/**
 * Which patterns a secret becomes. A value that could be an ordinary word or number of a log (short, or weak by the scanner's test) is
 * masked only between bytes that are no word characters; below four bytes, or made of common words, not at all: `import` says so.
 */
import { Buffer } from "node:buffer";
import { maskable } from "../../scan/entropy.ts";
import { bytesToText, forms, lineForms, lines, textToBytes, wordForms } from "./forms.ts";
import { Tables, type Pattern } from "./tables.ts";

export type Secret = { name: string; bytes: Uint8Array };

/** What a `MaskStream` works with; one for all streams of a run. */
export type MaskSet = {
  /** label of every owner */
  names: string[];
  /** patterns of eight bytes and more; the others would make every step short */
  tables: Tables[];
};

/** Fewer bytes are no secret that a mask could keep. */
const shortestWord = 4;
const longPattern = 8;

/** `open`: see `protection`. */
export function maskSet(secrets: readonly Secret[], open?: ReadonlySet<string>): MaskSet {
  const names: string[] = [];
  const patterns: Pattern[] = [];
  for (const { name, bytes } of secrets) {
    const owner = names.push(name) - 1;
    for (const pattern of patternsOf(bytes, open)) patterns.push({ ...pattern, owner });
  }
  const long = patterns.filter((one) => one.text.length >= longPattern);
  const short = patterns.filter((one) => one.text.length < longPattern);
  return { names, tables: [long, short].filter((some) => some.length > 0).map((some) => new Tables(some)) };
}

/**
 * How well a value is kept out of output: everywhere, where it stands alone, or not at all. `open`: texts that everybody may read, such as
 * `alice` where a password is the user's name; a weak secret among them would hit all day and hide nothing.
 */
export function protection(bytes: Uint8Array, open?: ReadonlySet<string>): "mask" | "borders" | "no" {
  const bare = bareOf(bytes);
  const how = maskable(bare);
  return how === "borders" && (bare.length < shortestWord || open?.has(Buffer.from(bare).toString()) === true) ? "no" : how;
}

function bareOf(bytes: Uint8Array): Uint8Array {
  return textToBytes(bytesToText(bytes).replace(/[\r\n]+$/, ""));
}

/** A value is looked for without the line end that files and `echo` leave on it; it would hide it in the middle of a line. */
function patternsOf(bytes: Uint8Array, open?: ReadonlySet<string>): { text: string; word: boolean }[] {
  const bare = bareOf(bytes);
  const how = protection(bytes, open);
  if (how === "no") return [];
  if (how === "borders") return wordForms(bare).map((text) => ({ text, word: true }));
  const parts = lines(bare).filter(telling);
  const all = new Set([...forms(bytes), ...forms(bare), ...parts.flatMap((line) => lineForms(line, parts.length))]);
  return [...all].map((text) => ({ text, word: false }));
}

/** A line that says something of its value; "-----BEGIN PRIVATE KEY-----" stands in every key. */
function telling(line: Uint8Array): boolean {
  return line.length >= longPattern && maskable(line) === "mask" && !/^-----(BEGIN|END) [A-Z0-9 ]+-----$/.test(bytesToText(line));
}
