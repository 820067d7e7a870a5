/** Finds a value in a text that is about to be written, as it is or encoded. */
import { toText } from "./text.ts";

/** Shorter values would be found by chance. */
export const traceFloor = 8;
/** Shorter than that they are numbers and words. */
const shortFloor = 4;

/** The part of a base64 text that stays the same at each of the three alignments: what neighbours share is cut off. */
function alignments(value: Uint8Array): string[] {
  return [0, 1, 2].map((skip) => {
    const padded = Buffer.concat([new Uint8Array(skip), value]);
    const text = padded.toString("base64").replace(/=+$/, "");
    const from = skip === 0 ? 0 : skip + 1;
    return text.slice(from, text.length - (padded.length % 3 === 0 ? 0 : 1));
  });
}

/** All spellings to look for: raw, reversed, percent-encoded, hex, base64 (both alphabets); a multi-line value also line by line. */
export function formsOf(value: Uint8Array): string[] {
  if (value.length < traceFloor) return [];
  const raw = toText(value);
  const hex = Buffer.from(value).toString("hex");
  const base64 = alignments(value);
  // every byte that is none of RFC 3986's unreserved ones is escaped
  const percent = Array.from(value, (byte) => {
    const unit = String.fromCharCode(byte);
    return /[A-Za-z0-9._~-]/.test(unit) ? unit : `%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
  }).join("");
  const forms = [
    raw,
    Array.from(raw).toReversed().join(""),
    percent,
    percent.toLowerCase(),
    raw.replaceAll("\n", "\\n"),
    hex,
    hex.toUpperCase(),
    ...base64,
  ];
  for (const text of base64) forms.push(text.replaceAll("+", "-").replaceAll("/", "_"));
  // lines of a key; its first and last line are the same in every key
  const lines = raw.includes("\n") ? raw.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith("-----")) : [];
  return [...new Set([...forms, ...lines])].filter((form) => form.length >= traceFloor);
}

/** No form of the value has fewer units. */
function shortestForm(value: Uint8Array): number {
  // three bytes may be one unit; a line of a key counts by itself
  return value.includes(10) ? traceFloor : Math.max(traceFloor, Math.floor(value.length / 3));
}

/** Finds any of many values in a text, in one pass over the text. */
export class Traces {
  /** values whose forms are not made yet: no text was long enough to hold one */
  #waiting: { name: string; value: Uint8Array }[] = [];
  /** units that a text must have to hold one of them */
  #shortest = Infinity;

  /** first 8 units of a form → the forms that begin so, with the name of the value */
  readonly #forms = new Map<string, { form: string; name: string }[]>();

  /** values below the floor that are no plain word → name: in a comment they tell, in a setting they may be chance */
  readonly #short = new Map<string, string>();

  add(name: string, value: Uint8Array): void {
    const text = value.length >= shortFloor && value.length < traceFloor ? toText(value) : "";
    if (/[^A-Za-z]/.test(text)) this.#short.set(text, name);
    if (value.length < traceFloor) return;
    this.#waiting.push({ name, value });
    this.#shortest = Math.min(this.#shortest, shortestForm(value));
  }

  #make(): void {
    for (const { name, value } of this.#waiting.splice(0)) {
      for (const form of formsOf(value)) {
        const start = form.slice(0, traceFloor);
        const same = this.#forms.get(start);
        if (same) same.push({ form, name });
        else this.#forms.set(start, [{ form, name }]);
      }
    }
    this.#shortest = Infinity;
  }

  /** The same for a comment, where short values count if they stand alone. */
  inComment(text: string): string | undefined {
    for (const [value, name] of this.#short) {
      for (let at = text.indexOf(value); at !== -1; at = text.indexOf(value, at + 1)) {
        const around = text.slice(Math.max(0, at - 1), at) + text.slice(at + value.length, at + value.length + 1);
        if (!/[A-Za-z0-9]/.test(around)) return name;
      }
    }
    return this.in(text);
  }

  /** The name of a value that `text` holds, or undefined. */
  in(text: string): string | undefined {
    if (text.length >= this.#shortest) this.#make();
    for (let at = 0; at + traceFloor <= text.length; at++) {
      const found = this.#forms.get(text.slice(at, at + traceFloor))?.find(({ form }) => text.startsWith(form, at));
      if (found) return found.name;
    }
    return undefined;
  }
}
