/**
 * Bytes as text and back without loss. Valid UTF-8 is decoded as usual; every byte that is not part of it becomes one lone
 * surrogate U+DC80 + (byte − 0x80) (Python calls it surrogateescape). Valid UTF-8 never gives a lone surrogate, so
 * `toBytes(toText(x))` is x for any bytes, and no such unit is a quote, a `#` or white space: a parser treats it as it would
 * treat U+FFFD.
 */
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Length of the valid UTF-8 sequence at `at`, or 0. */
function sequence(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > bytes.length) return 0;
  const second = bytes[at + 1] ?? 0;
  // over-long forms, surrogates and code points over U+10FFFF show in the second byte
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

export function toText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    // not UTF-8: piece by piece below
  }
  let text = "";
  let valid = 0;
  for (let at = 0; at < bytes.length;) {
    const length = sequence(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    text += lenient.decode(bytes.subarray(valid, at)) + String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
    valid = ++at;
  }
  return text + lenient.decode(bytes.subarray(valid));
}

/** Lone U+DC80–U+DCFF only: with the `u` flag a pair is one code point and does not match. */
const escaped = /[\u{dc80}-\u{dcff}]+/gu;

export function toBytes(text: string): Uint8Array {
  if (text.isWellFormed()) return encoder.encode(text);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const found of text.matchAll(escaped)) {
    parts.push(encoder.encode(text.slice(from, found.index)));
    parts.push(Uint8Array.from(found[0], (unit) => unit.charCodeAt(0) - 0xdc00));
    from = found.index + found[0].length;
  }
  if (parts.length === 0) return encoder.encode(text);
  parts.push(encoder.encode(text.slice(from)));
  return join(parts);
}

/** `toBytes(text).length` */
export function byteLength(text: string): number {
  return text.isWellFormed() ? Buffer.byteLength(text) : toBytes(text).length;
}

/** What a program that decodes the bytes as UTF-8 sees: U+FFFD in place of what is none. */
export function shown(text: string): string {
  return text.isWellFormed() ? text : lenient.decode(toBytes(text));
}

/** False when `shown` is not all that there is. */
export function isUtf8(text: string): boolean {
  return text.isWellFormed() || Buffer.compare(Buffer.from(shown(text)), toBytes(text)) === 0;
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
