/** How much a text looks like chance, and whether the mask may take it. All texts one unit per byte (latin1). */
import { Buffer } from "node:buffer";

/** Of `shannon`, all 0 between two calls: a new array for each of thousands of short texts costs more than the counting. */
const counts = new Uint32Array(256);

/** Shannon entropy in bits per unit. */
export function shannon(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at) & 255;
    counts[unit] = (counts[unit] ?? 0) + 1;
  }
  let bits = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at) & 255;
    const count = counts[unit] ?? 0;
    if (count > 0) bits -= (count / text.length) * Math.log2(count / text.length);
    counts[unit] = 0;
  }
  return bits;
}

/** Words that programs print all day; a text made of nothing else is never masked. Lower case. */
const common = new Set(
  `true false yes no on off null nil none undefined default auto empty enabled disabled dev devel development prod production
    test testing tests stage staging local localhost preview ci debug info warn warning error fatal trace verbose silent level
    log logs console postgres postgresql mysql mariadb sqlite redis mongo mongodb memcached rabbitmq kafka nats elastic
    elasticsearch root admin administrator user users username guest password passwd pass secret changeme example sample demo
    placeholder your here my app apps web api server client worker service services site shop store main master public private
    internal external data database db http https tcp udp tls ssl ws wss ftp smtp imap host port url uri path name key token
    id value com org net io dev info www mail email utf utf8 json html text plain xml yaml csv us eu ap sa ca me af east west
    north south central northeast northwest southeast southwest a b c d node next vite react vue svelte nuxt expo python
    django flask pytest rails ruby go rust java docker compose get post put patch delete head options session cookie cache
    queue default0 utc gmt europe america asia the and or of to in for with is on at by from not string number boolean object
    array`.split(/\s+/),
);

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^a-z0-9\u0080-\uffff]+/)
    .filter((word) => word !== "");
}

/**
 * True when the text is made of common words, numbers and single letters, held together as names and addresses are: `localhost:3000`,
 * `us-east-1`, `true`. Letters and digits between odd signs (`9%L6?p@Q8`) are a password, not words.
 */
export function isCommon(text: string): boolean {
  if (/[^A-Za-z0-9\u0080-\uffff\s_.:/,@=-]/.test(text)) return false;
  const words = wordsOf(text);
  const small = words.filter((word) => !common.has(word) || word.length === 1);
  if (small.some((word) => word.length > 1 && !/^[a-z]?\d{1,5}[a-z]?$/.test(word))) return false;
  return words.length > 0 && (small.length <= words.length / 2 || words.length <= 2 || /^[\d\s_.:/,-]+$/.test(text));
}

/** Lower case, upper case, digit, other: four bits. */
function kindOf(unit: number): number {
  return unit >= 97 && unit <= 122 ? 1 : unit >= 65 && unit <= 90 ? 2 : unit >= 48 && unit <= 57 ? 4 : 8;
}

function kindsIn(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at++) bits |= kindOf(text.charCodeAt(at));
  return (bits & 1) + ((bits >> 1) & 1) + ((bits >> 2) & 1) + (bits >> 3);
}

/** Share of neighbours of different kinds: words have few, random texts many. */
function changes(text: string): number {
  let found = 0;
  for (let at = 1; at < text.length; at++) if (kindOf(text.charCodeAt(at)) !== kindOf(text.charCodeAt(at - 1))) found++;
  return found / Math.max(1, text.length - 1);
}

function randomRun(run: string): boolean {
  if (/^(?:[0-9a-f]{32,}|[0-9A-F]{32,})$/.test(run)) return shannon(run) > 3;
  const kinds = kindsIn(run);
  if (run.length >= 16 && kinds >= 3) return shannon(run) >= 3.2 && changes(run) >= 0.25;
  if (run.length >= 20 && kinds >= 2 && /\d/.test(run)) return shannon(run) >= 3.2 && changes(run) >= 0.25;
  return run.length >= 32 && kinds >= 2 && shannon(run) >= 4 && changes(run) >= 0.25;
}

/** `index`, `MyWidget`, `API`, `v2`: what paths and long names are made of. */
const wordLike = /^(?:[a-z]+(?:[A-Z][a-z]+)*|(?:[A-Z]+[a-z]+)+|[A-Z]+)?\d{0,4}$/;

/** True for a text with a part that looks like a generated key: not for words, hosts, paths, versions and UUIDs. */
export function looksRandom(text: string): boolean {
  const bare = text.replace(/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, "");
  return (bare.match(/[A-Za-z0-9+/=_-]{16,}/g) ?? []).some((token) => {
    const runs = token.split(/[/_=+-]+/).filter((run) => run !== "");
    if (runs.some((run) => run.length >= 16 && randomRun(run))) return true;
    return !runs.every((run) => wordLike.test(run)) && randomRun(token);
  });
}

/** One unit per byte: only kinds and counts matter here. */
function textOf(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, 4096)).toString("latin1");
}

/** Several common words together are guessable, but no program prints them all day. */
function isPhrase(text: string): boolean {
  return text.length >= 12 && !text.includes("://") && wordsOf(text).filter((word) => word.length > 1).length >= 3;
}

/** True for what other texts hold all the time without telling anything: an everyday word, a small number, white space. */
export function isEveryday(value: Uint8Array): boolean {
  if (value.length <= 1) return true;
  const text = textOf(value);
  return isCommon(text) ? !isPhrase(text) : /^\s*$/.test(text) || /^\d{1,4}$/.test(text);
}

/**
 * What the mask may do with a value of class secret: "mask" everywhere; "borders": only between characters that are no part of a
 * word, since it is short or guessable and would hit by chance; "no": never, since it would hit all the time. The value is not
 * kept.
 */
export function maskable(value: Uint8Array): "mask" | "borders" | "no" {
  if (isEveryday(value)) return "no";
  const text = textOf(value);
  if (value.length < 8 || isCommon(text)) return "borders";
  const distinct = new Set(text).size;
  const weak =
    distinct < 5 ||
    shannon(text) * text.length < 20 ||
    /^[A-Za-z]{1,10}$/.test(text) ||
    (/^[\d.:-]+$/.test(text) && text.length < 12);
  return weak ? "borders" : "mask";
}
