/**
 * All shapes in which a value may turn up in a program's output. Shapes are latin1 strings, one character a byte, because every
 * encoder here is then plain string work; they live in the masking process only, which is not dumpable and short-lived.
 *
 * A shape never claims more than the value settles: of a base64 text at alignment 1 or 2 the first and last character also
 * depend on the neighbours, so they are left off (at most 4 bits of the value stay readable at either end).
 */
import { Buffer } from "node:buffer";

/** Above this many lines only the raw lines are looked for: the tables of a 1 MiB value would cost more than the program. */
const manyLines = 1000;

/** Every shape of the whole value, without duplicates and without the empty one. `value`: any bytes. */
export function forms(value: Uint8Array): string[] {
  const raw = bytesToText(value);
  const all = new Set<string>([raw]);
  for (const text of transparent(raw)) all.add(text);
  for (const text of base64(value)) all.add(text);
  for (const text of [value.toHex(), value.toHex().toUpperCase()]) all.add(text);
  for (const text of percent(value)) all.add(text);
  for (const text of quoted(value)) all.add(text);
  for (const text of reversed(value)) all.add(text);
  all.delete("");
  return [...all];
}

/** The shapes of a value that is masked only as a whole word: as it stands, quoted, and encoded by itself. */
export function wordForms(value: Uint8Array): string[] {
  const standard = value.toBase64();
  const all = [bytesToText(value), standard, standard.replaceAll("=", ""), value.toHex(), value.toHex().toUpperCase()];
  return [...new Set([...all, ...percent(value), ...quoted(value)])].filter((text) => text !== "");
}

/** The lines of a value that has several, without line ends and outer blanks. `[]` for a value of one line. */
export function lines(value: Uint8Array): Uint8Array[] {
  const text = bytesToText(value);
  if (!/[\r\n]/.test(text.trim())) return [];
  const found = new Set(text.split(/[\r\n]+/).map((line) => line.trim()));
  found.delete("");
  return [...found].map((line) => textToBytes(line));
}

/** The shapes of every line; see `lines`. */
export function lineForms(line: Uint8Array, count: number): string[] {
  return count > manyLines ? [bytesToText(line)] : forms(line);
}

export function bytesToText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

export function textToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(text.length));
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Line ends as a terminal writes them, and none at all (`stream.ts` also looks at the text with breaks taken out). */
function transparent(raw: string): string[] {
  if (!/[\r\n]/.test(raw)) return [];
  const unix = raw.replaceAll("\r\n", "\n");
  return [unix, unix.replaceAll("\n", "\r\n"), raw.trimEnd(), raw.replaceAll(/[\r\n]/g, "")];
}

/** Standard and url-safe, as a text by itself (padded), as a line, and inside a longer one at each of the three alignments. */
function base64(value: Uint8Array): string[] {
  // `echo "$VALUE" | base64` encodes a line end too
  const line = new Uint8Array(new ArrayBuffer(value.length + 1));
  line.set(value);
  line[value.length] = 10;
  const found = [value.toBase64(), line.toBase64()];
  for (let before = 0; before < 3; before++) {
    const padded = new Uint8Array(new ArrayBuffer(before + value.length));
    padded.set(value, before);
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor((padded.length * 8) / 6);
    found.push(padded.toBase64().slice(first, last));
  }
  return found.flatMap((text) => [text, text.replaceAll("+", "-").replaceAll("/", "_")]);
}

/** encodeURIComponent, RFC 3986, encodeURI, form encoding; each with upper-case and lower-case digits. */
function percent(value: Uint8Array): string[] {
  const raw = bytesToText(value);
  const escape = (keep: RegExp) =>
    raw.replaceAll(/[^]/g, (c) => (keep.test(c) ? c : `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`));
  const strict = escape(/[A-Za-z0-9\-_.~]/);
  const found = [
    strict,
    escape(/[A-Za-z0-9\-_.!~*'()]/),
    escape(/[A-Za-z0-9\-_.!~*'();,/?:@&=+$#]/),
    strict.replaceAll("%20", "+"),
  ];
  return found.flatMap((text) => [text, text.replaceAll(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase())]);
}

/** As JSON writers, shells and C-like printers write it, without the outer quotes. */
function quoted(value: Uint8Array): string[] {
  const raw = bytesToText(value);
  const json = JSON.stringify(raw).slice(1, -1); // bytes ≥ 0x80 pass through as they are
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString("utf8");
  const ascii = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const html = ascii.replaceAll(/[<>&']/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
  const slashes = json.replaceAll("/", "\\/");
  const upper = (s: string) => s.replaceAll(/\\u[0-9a-f]{4}/g, (u) => `\\u${u.slice(2).toUpperCase()}`);
  return [
    json,
    ascii,
    upper(ascii),
    html,
    upper(html),
    slashes,
    ascii.replaceAll("/", "\\/"),
    JSON.stringify(json).slice(1, -1),
    json.replaceAll("'", "\\'"),
    json.replaceAll('\\"', '"').replaceAll("'", "\\'"), // $'…' of bash, repr of Python
    json.replaceAll('\\"', '"'),
    raw.replaceAll("'", "'\\''"),
    raw.replaceAll("'", "'\"'\"'"),
    raw.replaceAll(/["\\$`]/g, (c) => `\\${c}`), // inside "…"
    raw.replaceAll(/["\\$`!]/g, (c) => `\\${c}`),
    raw.replaceAll(/[^A-Za-z0-9_\-.,:/@%+=\u0080-\u00ff\r\n]/g, (c) => `\\${c}`), // printf %q
    raw.replaceAll(/[^A-Za-z0-9_\-./@%+=:\u0080-\u00ff\r\n]/g, (c) => `\\${c}`), // the same, comma escaped
  ];
}

/** By bytes and by characters. */
function reversed(value: Uint8Array): string[] {
  const raw = bytesToText(value);
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString("utf8");
  return [raw.split("").reverse().join(""), Buffer.from([...text].reverse().join(""), "utf8").toString("latin1")];
}
