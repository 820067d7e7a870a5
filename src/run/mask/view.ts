/**
 * Further looks at a piece of output, with what a program may put inside a value taken out: ANSI sequences, what a backspace takes back,
 * the line breaks of wrapped base64 and hex (64, 76 or 60 columns). The texts inside of OSC sequences (titles, links) stay: they may hold
 * a value. On a terminal also what stands where a long line is wrapped: line breaks and margins, less's " \b", and the last character of
 * the row, which vim writes twice before it moves on; and NUL, which a terminal leaves out: UTF-16 is read there as it is.
 */
import { Buffer } from "node:buffer";

const escape = 27;
const backspace = 8;
const space = 32;

/** What base64 in both alphabets and hex are made of. */
const encoded = new Uint8Array(256);
for (const c of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=") encoded[c.charCodeAt(0)] = 1;

/** No encoder breaks lines earlier. */
export const shortestLine = 60;

export type View = {
  bytes: Uint8Array;
  /** index in the original of every byte */
  origin: Int32Array;
};

/** Views that differ from the text itself. `run`: see `runBefore`. `longest`: what is looked for, in bytes. */
export function views(text: Uint8Array, run: number, terminal: boolean, longest: number): View[] {
  const breaks = wrapped(text, run);
  const ansi = holds(text, escape) || holds(text, backspace);
  const made = ansi || breaks ? [squeeze(text, breaks, false)] : [];
  if (!terminal) return made;
  const view = squeeze(text, true, true);
  if (view.bytes.length < text.length) made.push(view);
  // a character that what comes next may take back: only what ends there is of interest
  const last = view.bytes.length - 1;
  if (last > 0 && (view.bytes[last] === space || view.bytes[last] === view.bytes[last - 1])) {
    const from = Math.max(0, last - longest);
    made.push({ bytes: view.bytes.subarray(from, last), origin: view.origin.subarray(from, last) });
  }
  return made;
}

/** Buffer's own search is several times faster than a typed array's. */
function holds(text: Uint8Array, byte: number): boolean {
  return Buffer.from(text.buffer, text.byteOffset, text.length).includes(byte);
}

function squeeze(text: Uint8Array, breaks: boolean, rows: boolean): View {
  const bytes = new Uint8Array(text.length);
  const origin = new Int32Array(text.length);
  let length = 0;
  let margin = false;
  for (let i = 0; i < text.length;) {
    const byte = text[i] as number;
    if (byte === escape) {
      const end = sequenceEnd(text, i);
      if (rows && toFirstColumn(text, i, end)) {
        margin = true;
        if (length > 1 && bytes[length - 1] === bytes[length - 2]) length--;
      }
      i = end;
    } else if (byte === backspace) {
      length = Math.max(0, length - 1);
      i++;
    } else if (breaks && (byte === 10 || byte === 13)) {
      margin = rows;
      i++;
    } else if ((margin && byte === space) || (rows && byte === 0)) {
      i++;
    } else {
      margin = false;
      bytes[length] = byte;
      origin[length++] = i++;
    }
  }
  return { bytes: bytes.subarray(0, length), origin: origin.subarray(0, length) };
}

/** ESC [ row H and ESC [ row ; 1 H, and the same with f. */
function toFirstColumn(text: Uint8Array, start: number, end: number): boolean {
  const final = text[end - 1];
  if (text[start + 1] !== 0x5b || (final !== 0x48 && final !== 0x66)) return false;
  const column = text.indexOf(0x3b, start);
  return column < 0 || column >= end - 1 || (column === end - 3 && text[end - 2] === 0x31);
}

/**
 * The sequences in `text[start, end)` that move, colour or erase, and on a terminal the line ends: they stay when what stands between
 * them is masked.
 */
export function sequencesIn(text: Uint8Array, start: number, end: number, terminal: boolean): Uint8Array {
  const parts: number[] = [];
  for (let i = start; i < end;) {
    const byte = text[i] as number;
    const next = byte === escape ? sequenceEnd(text, i) : i + 1;
    const kind = text[i + 1] ?? 0;
    // not those that begin or end a text of their own: OSC, DCS, SOS, PM, APC, ST
    const stays = byte === escape ? !strings.includes(kind) : terminal && (byte === 10 || byte === 13);
    if (stays) parts.push(...text.subarray(i, Math.min(next, end)));
    i = next;
  }
  return Uint8Array.from(parts);
}

const strings = [0x50, 0x58, 0x5c, 0x5d, 0x5e, 0x5f];

/** Index behind the sequence at `at`; an unfinished one reaches to the end of the text. */
function sequenceEnd(text: Uint8Array, at: number): number {
  const kind = text[at + 1];
  let i = at + 2;
  if (kind === undefined || kind === 0x5d) return Math.min(i, text.length); // ESC ]: its text is looked at
  if (kind === 0x5b) {
    while (i < text.length && within(text[i], 0x30, 0x3f)) i++;
    while (i < text.length && within(text[i], 0x20, 0x2f)) i++;
    return within(text[i], 0x40, 0x7e) ? i + 1 : i;
  }
  if (!within(kind, 0x20, 0x2f)) return within(kind, 0x30, 0x7e) ? i : at + 1;
  while (i < text.length && within(text[i], 0x20, 0x2f)) i++;
  return within(text[i], 0x30, 0x7e) ? i + 1 : i;
}

function within(byte: number | undefined, low: number, high: number): boolean {
  return byte !== undefined && byte >= low && byte <= high;
}

/**
 * Whether a line of at least 60 encoded bytes ends in the text. Looks at every 60th byte and back from there to the next byte that
 * is not encoded, so ordinary text costs a few reads a line.
 */
function wrapped(text: Uint8Array, run: number): boolean {
  let low = -run;
  for (;;) {
    const probe = low + shortestLine - 1;
    if (probe >= text.length) return false;
    let i = probe;
    while (i >= low && i >= 0 && encoded[text[i] as number] === 1) i--;
    if (i >= low && i >= 0) {
      low = i + 1;
      continue;
    }
    let end = probe + 1;
    while (end < text.length && encoded[text[end] as number] === 1) end++;
    if (text[end] === 10 || text[end] === 13) return true;
    low = end + 1;
  }
}

/** How many encoded bytes (at most 60) stand right before `cut`, `run` of them before the text. */
export function runBefore(text: Uint8Array, cut: number, run: number): number {
  let count = 0;
  while (count < shortestLine && count < cut && encoded[text[cut - 1 - count] as number] === 1) count++;
  return count === cut ? Math.min(shortestLine, count + run) : count;
}
