/**
 * A second look at a piece of output, with what a program may put inside a value taken out: ANSI sequences, and the line breaks of
 * wrapped base64 and hex (64, 76 or 60 columns). The texts inside of OSC sequences (titles, links) stay: they may hold a value.
 */
const escape = 27;

/** What base64 in both alphabets and hex are made of. */
const encoded = new Uint8Array(256);
for (const c of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=") encoded[c.charCodeAt(0)] = 1;

/** No encoder breaks lines earlier. */
export const shortestLine = 60;

export type View = {
  bytes: Uint8Array;
  length: number;
  /** index in the original of every byte */
  origin: Int32Array;
};

/** undefined where the view would be the text itself. `run`: see `runBefore`. */
export function squeeze(text: Uint8Array, run: number): View | undefined {
  const ansi = text.includes(escape);
  const breaks = wrapped(text, run);
  if (!ansi && !breaks) return undefined;
  const bytes = new Uint8Array(text.length);
  const origin = new Int32Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length;) {
    const byte = text[i] as number;
    if (byte === escape) {
      i = sequenceEnd(text, i);
    } else if (breaks && (byte === 10 || byte === 13)) {
      i++;
    } else {
      bytes[length] = byte;
      origin[length++] = i++;
    }
  }
  return { bytes, length, origin };
}

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
