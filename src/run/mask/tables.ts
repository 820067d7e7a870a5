/**
 * Finds every pattern in a buffer: Wu-Manber for the skipping, one radix trie for the deciding. The window is as long as the
 * shortest pattern (m bytes); the hash of its last three bytes says how far it may move. Where it may not move, the trie is
 * walked from the window's first byte: once, however many patterns share a beginning, so hundreds of values with one long
 * common prefix cost what one of them costs.
 */
import { textToBytes } from "./forms.ts";

export type Pattern = {
  /** latin1, one character a byte; not empty */
  readonly text: string;
  /** index into the caller's list of names */
  readonly owner: number;
  /** a hit counts only between bytes that are no word characters */
  readonly word: boolean;
};

/** `[start, end)` in the buffer that was searched. */
export type Hit = { start: number; end: number; owner: number };

/** The buffer ended inside a pattern that began at `start`; `least`: length of the shortest pattern it may still become. */
export type Pending = { start: number; least: number };

type Node = {
  /** the edge that leads here */
  label: Uint8Array;
  /** patterns that end here: at most one of a kind */
  whole: number;
  word: number;
  /** length of the shortest pattern in this subtree that is longer than any prefix of the label shows */
  least: number;
  children: Map<number, Node>;
};

const block = 3;

function hash(a: number, b: number, c: number): number {
  return ((a << 8) ^ (b << 4) ^ c ^ (a >> 3)) & 0xffff;
}

export class Tables {
  /** bytes of the shortest and of the longest pattern */
  readonly window: number;
  readonly longest: number;
  /** bytes looked at so far, window moves and trie edges alike; for the tests of the pathological case */
  steps = 0;
  readonly #shift = new Uint16Array(65536);
  readonly #root: Node = node(new Uint8Array(0));

  constructor(patterns: readonly Pattern[]) {
    const bytes = patterns.map((pattern) => textToBytes(pattern.text));
    this.window = bytes.reduce((least, one) => Math.min(least, one.length), Number.MAX_SAFE_INTEGER);
    this.longest = bytes.reduce((most, one) => Math.max(most, one.length), 0);
    this.#shift.fill(Math.min(65535, Math.max(1, this.window - block + 1)));
    for (const [index, one] of bytes.entries()) {
      const pattern = patterns[index];
      if (pattern) this.#add(one, pattern);
    }
  }

  #add(bytes: Uint8Array, pattern: Pattern): void {
    for (let end = block - 1; end < this.window; end++) {
      const slot = hash(bytes[end - 2] ?? 0, bytes[end - 1] ?? 0, bytes[end] ?? 0);
      this.#shift[slot] = Math.min(this.#shift[slot] ?? 0, this.window - 1 - end);
    }
    let at = this.#root;
    let from = 0;
    for (;;) {
      at.least = Math.min(at.least, bytes.length);
      if (from === bytes.length) break;
      const next = at.children.get(bytes[from] ?? 0);
      if (!next) {
        const leaf = node(bytes.subarray(from));
        leaf.least = bytes.length;
        at.children.set(bytes[from] ?? 0, leaf);
        at = leaf;
        break;
      }
      let same = 1;
      while (same < next.label.length && next.label[same] === bytes[from + same]) same++;
      from += same;
      at = same < next.label.length ? split(at, next, same) : next;
    }
    if (pattern.word) at.word = at.word < 0 ? pattern.owner : at.word;
    else at.whole = at.whole < 0 ? pattern.owner : at.whole;
  }

  /**
   * Every longest hit of every start in `text[from, length)`, in order of their starts, and every start from which the text ends
   * inside a pattern. `before` and `after`: the neighbours of the text, -1 for none, -2 for not known yet (then a word hit at the
   * end is pending too); `words`: whether word patterns count.
   */
  search(
    text: Uint8Array,
    length: number,
    edge: { before: number; after: number; words: boolean },
    hits: Hit[],
    open: Pending[],
  ): void {
    const shift = this.#shift;
    const window = this.window;
    let end = window - 1;
    let steps = 0;
    while (end < length) {
      steps++;
      const move =
        window < block ? 0 : (shift[hash(text[end - 2] as number, text[end - 1] as number, text[end] as number)] as number);
      if (move > 0) {
        end += move;
        continue;
      }
      this.#walk(text, length, end - window + 1, edge, hits, open);
      end++;
    }
    this.steps += steps;
    // the last window - 1 starts have no whole window any more
    for (let start = Math.max(0, length - window + 1); start < length; start++) this.#walk(text, length, start, edge, hits, open);
  }

  #walk(
    text: Uint8Array,
    length: number,
    start: number,
    edge: { before: number; after: number; words: boolean },
    hits: Hit[],
    open: Pending[],
  ): void {
    let at = this.#root;
    let i = start;
    let best = -1;
    let owner = -1;
    for (;;) {
      if (at.whole >= 0) [best, owner] = [i, at.whole];
      else if (at.word >= 0 && edge.words && !wordByte(start === 0 ? edge.before : text[start - 1])) {
        const next = i === length ? edge.after : (text[i] as number);
        if (next === -2) open.push({ start, least: i - start });
        else if (!wordByte(next)) [best, owner] = [i, at.word];
      }
      if (at.children.size === 0) break;
      if (i === length) {
        open.push({ start, least: leastBelow(at) });
        break;
      }
      const next = at.children.get(text[i] as number);
      if (!next) break;
      const label = next.label;
      let same = 1;
      while (same < label.length && i + same < length && label[same] === text[i + same]) same++;
      this.steps += same;
      if (same < label.length) {
        if (i + same === length) open.push({ start, least: next.least });
        break;
      }
      i += same;
      at = next;
    }
    if (best > 0) hits.push({ start, end: best, owner });
  }
}

/** Letters, digits, `_`, and every byte of a character beyond ASCII. */
function wordByte(byte: number | undefined): boolean {
  if (byte === undefined || byte < 0) return false;
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95 || byte >= 128;
}

function node(label: Uint8Array): Node {
  return { label, whole: -1, word: -1, least: Number.MAX_SAFE_INTEGER, children: new Map() };
}

function leastBelow(at: Node): number {
  let least = Number.MAX_SAFE_INTEGER;
  for (const child of at.children.values()) least = Math.min(least, child.least);
  return least;
}

/** Cuts the edge to `low` after `same` bytes and puts a node there. */
function split(high: Node, low: Node, same: number): Node {
  const middle = node(low.label.subarray(0, same));
  middle.least = low.least;
  high.children.set(low.label[0] ?? 0, middle);
  low.label = low.label.subarray(same);
  middle.children.set(low.label[0] ?? 0, low);
  return middle;
}
