/**
 * Finds secrets in text that stands outside of values: comments, and lines that are no assignment. Offsets are bytes of what was
 * given; no value is in a hit.
 */
import { looksRandom } from "./entropy.ts";
import type { Rule } from "./rule.ts";
import { rules } from "./rules.ts";

export type Hit = {
  /** line of the first byte, from 1 */
  line: number;
  /** bytes of the secret: start (inclusive), end (exclusive) */
  start: number;
  end: number;
  /** `Rule.id`, or "random-text" */
  rule: string;
};

const latin1 = new TextDecoder("latin1");

/** windows-1252 has other characters for 0x80–0x9F, still one unit per byte: offsets are bytes. */
function oneUnitPerByte(bytes: Uint8Array): string {
  return latin1.decode(bytes);
}

/** The first unit of the word that `at` stands in, at most `back` units before. */
function wordStart(text: string, at: number, back: number, unit: RegExp): number {
  let start = at;
  while (start > 0 && at - start < back && unit.test(text.charAt(start - 1))) start--;
  return start;
}

/** Where `rule` matches, if its keyword stands at `at`. Rules that reach back do so to the start of the word. */
function tryRule(rule: Rule, text: string, at: number): { start: number; end: number } | undefined {
  const starts = [at];
  if (rule.back !== undefined) {
    starts.unshift(wordStart(text, at, rule.back, /[A-Za-z0-9_.+-]/), wordStart(text, at, rule.back, /[A-Za-z0-9+]/));
  }
  for (const start of new Set(starts)) {
    rule.pattern.lastIndex = start;
    const found = rule.pattern.exec(text);
    if (!found) continue;
    const secret = found[1] ?? found[0];
    if (rule.check && !rule.check(secret)) continue;
    const first = found[1] === undefined ? start : start + found[0].lastIndexOf(secret);
    return { start: first, end: first + secret.length };
  }
  return undefined;
}

const pairOf = (text: string, at: number): number => (text.charCodeAt(at) << 8) | text.charCodeAt(at + 1);

/** The keywords of all rules by their first two units, and which two units begin one. */
const beginning = new Map<number, string[]>();
const begins = new Uint8Array(65_536);
for (const keyword of new Set(rules.flatMap((rule) => rule.keywords))) {
  const pair = pairOf(keyword, 0);
  beginning.set(pair, [...(beginning.get(pair) ?? []), keyword]);
  begins[pair] = 1;
}

/** One pass for all keywords: most texts hold none, and thousands of them are looked at. */
function keywordsIn(folded: string): Set<string> {
  const found = new Set<string>();
  for (let at = 0; at + 1 < folded.length; at++) {
    const pair = pairOf(folded, at);
    if (begins[pair] !== 1) continue;
    for (const keyword of beginning.get(pair) ?? []) if (folded.startsWith(keyword, at)) found.add(keyword);
  }
  return found;
}

function byRules(text: string, some: readonly Rule[] = rules): Hit[] {
  // no unit of `oneUnitPerByte` becomes two
  const folded = text.toLowerCase();
  const there = keywordsIn(folded);
  if (there.size === 0) return [];
  const hits: Hit[] = [];
  for (const rule of some) {
    for (const keyword of rule.keywords) {
      if (!there.has(keyword)) continue;
      let from = 0;
      for (let at = folded.indexOf(keyword); at !== -1; at = folded.indexOf(keyword, at + 1)) {
        if (at < from) continue;
        const found = tryRule(rule, text, at);
        if (!found) continue;
        hits.push({ line: 0, ...found, rule: rule.id });
        from = found.end;
      }
    }
  }
  return hits;
}

function byChance(text: string): Hit[] {
  return [...text.matchAll(/[A-Za-z0-9+/=_.~-]{16,}/g)]
    .filter((found) => looksRandom(found[0]))
    .map((found) => ({ line: 0, start: found.index, end: found.index + found[0].length, rule: "random-text" }));
}

/** Hits in order of their place; of those that overlap, the one of the surest rule. */
export function scanText(bytes: Uint8Array): Hit[] {
  const text = oneUnitPerByte(bytes);
  return placed(text, [...byRules(text), ...byChance(text)]);
}

/** The same without "random-text". */
export function scanByRules(bytes: Uint8Array): Hit[] {
  const text = oneUnitPerByte(bytes);
  return placed(text, byRules(text));
}

const overLines = rules.filter((rule) => rule.lines);

/** Only what a rule finds that reaches over several lines. */
export function scanLines(bytes: Uint8Array): Hit[] {
  const text = oneUnitPerByte(bytes);
  return placed(text, byRules(text, overLines));
}

/** `all`: the surest first. */
function placed(text: string, all: readonly Hit[]): Hit[] {
  const kept: Hit[] = []; // in order of their place, none touching another
  for (const hit of all) {
    const at = placeOf(kept, hit.start);
    if ((kept[at]?.start ?? Infinity) >= hit.end && (kept[at - 1]?.end ?? 0) <= hit.start) kept.splice(at, 0, hit);
  }
  let line = 1;
  let at = 0;
  for (const hit of kept) {
    for (; at < hit.start; at++) if (text[at] === "\n" || (text[at] === "\r" && text[at + 1] !== "\n")) line++;
    hit.line = line;
  }
  return kept;
}

/** Index of the first hit that starts at or behind `start`. */
function placeOf(hits: readonly Hit[], start: number): number {
  let low = 0;
  let high = hits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((hits[middle]?.start ?? 0) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
