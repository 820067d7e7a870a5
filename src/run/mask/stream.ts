/**
 * Takes secrets out of a stream of bytes that comes in any pieces. Pure: no timer, no descriptor.
 *
 *     held:  ├── done ──┤├── not yet shown ──┤
 *            already shown or covered         from the earliest byte with which a pattern may still begin
 *
 * What is shown never holds a hit; what is held is shown as soon as it cannot become one. While a program waits (a prompt that ends
 * in the first byte of a value) `release` shows a little of it: at most min(3, length / 4) bytes of anything that may become a hit.
 */
import { Buffer } from "node:buffer";
import type { MaskSet } from "./borders.ts";
import type { Hit, Pending } from "./tables.ts";
import { runBefore, sequencesIn, views } from "./view.ts";

/** A program that waits is not kept waiting longer, in ms. */
export const patience = 50;
const releasable = 3;

/** From `start` the text may become a hit; of it, bytes before `shown` may be shown meanwhile. */
type Open = { start: number; shown: number };
/** `viewed`: something that is no part of it may stand inside */
type Found = Hit & { viewed: boolean };
type Scan = { hits: Found[]; open: Open[] };

export class MaskStream {
  /** hits by name */
  readonly counts = new Map<string, number>();
  readonly #set: MaskSet;
  readonly #most: number;
  readonly #longest: number;
  readonly #terminal: boolean;
  #held: Uint8Array = new Uint8Array(0);
  #done = 0;
  /** the byte before `#held`, -1 for none */
  #before = -1;
  #run = 0;

  /** `terminal`: the text is for one; see view.ts. */
  constructor(set: MaskSet, terminal = false) {
    this.#set = set;
    this.#terminal = terminal;
    this.#longest = set.tables.reduce((most, one) => Math.max(most, one.longest), 0);
    this.#most = 2 * this.#longest + 4096;
  }

  /** True while something is kept back. */
  get waiting(): boolean {
    return this.#held.length > this.#done;
  }

  /** What may be shown now. It may be a view of `chunk`: use it before the chunk's buffer is filled again. */
  push(chunk: Uint8Array): Uint8Array {
    const text = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const { hits, open } = this.#scan(text, -2);
    const first = open.reduce((least, one) => Math.min(least, one.start), text.length);
    let cut = first;
    for (const hit of hits.toReversed()) if (hit.end > cut && hit.start < cut) cut = hit.start;
    // hits that overlap without end ("aaaa…") are shown in parts
    if (text.length - cut > this.#most) cut = first;
    return this.#settle(text, hits, cut, cut);
  }

  /** The end of the stream. */
  flush(): Uint8Array {
    const text = this.#held;
    return this.#settle(text, this.#scan(text, -1).hits, text.length, text.length);
  }

  /** `elapsed`: ms since the last byte came. */
  release(elapsed: number): Uint8Array {
    if (elapsed < patience || !this.waiting) return new Uint8Array(0);
    const text = this.#held;
    const { hits, open } = this.#scan(text, -1);
    const first = open.reduce((least, one) => Math.min(least, one.start), text.length);
    const stop = open.reduce((least, one) => Math.min(least, one.shown), text.length);
    return this.#settle(text, hits, first, stop);
  }

  /** Hits (none inside of another) in order of start and of end, and where a hit may still begin. */
  #scan(text: Uint8Array, after: number): Scan {
    const found: Found[] = [];
    const open: Open[] = [];
    const looks = views(text, this.#run, this.#terminal, this.#longest);
    for (const tables of this.#set.tables) {
      const plain: Hit[] = [];
      const pending: Pending[] = [];
      tables.search(text, text.length, { before: this.#before, after, words: true }, plain, pending);
      for (const hit of plain) found.push({ ...hit, viewed: false });
      for (const one of pending) open.push({ start: one.start, shown: Math.min(text.length, one.start + allowed(one)) });
      for (const { bytes, origin } of looks) {
        const hits: Hit[] = [];
        const viewed: Pending[] = [];
        const at = (i: number) => origin[i] ?? text.length;
        tables.search(bytes, bytes.length, { before: -1, after: -1, words: false }, hits, viewed);
        for (const hit of hits) found.push({ start: at(hit.start), end: at(hit.end - 1) + 1, owner: hit.owner, viewed: true });
        for (const one of viewed) open.push({ start: at(one.start), shown: at(one.start + allowed(one)) });
      }
    }
    found.sort((a, b) => a.start - b.start || b.end - a.end);
    const hits: Found[] = [];
    let end = 0;
    for (const hit of found) {
      if (hit.end <= end) continue;
      hits.push(hit);
      end = hit.end;
    }
    return { hits, open };
  }

  /** Shows what stands before `limit`, hits that begin there to their ends; holds from `cut` (at most `limit`). */
  #settle(text: Uint8Array, hits: readonly Found[], cut: number, limit: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let shown = this.#done;
    for (const hit of hits) {
      if (hit.start >= Math.max(limit, shown)) break;
      if (hit.end <= shown) continue;
      if (hit.start > shown) parts.push(text.subarray(shown, hit.start));
      parts.push(this.#mark(hit.owner));
      if (hit.viewed) parts.push(sequencesIn(text, Math.max(hit.start, shown), hit.end, this.#terminal));
      shown = hit.end;
    }
    if (shown < limit) {
      parts.push(text.subarray(shown, limit));
      shown = limit;
    }
    if (cut > 0) {
      this.#run = runBefore(text, cut, this.#run);
      this.#before = text[cut - 1] ?? -1;
    }
    this.#done = Math.max(0, shown - cut);
    this.#held = text.slice(cut);
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  }

  #mark(owner: number): Uint8Array {
    const name = this.#set.names[owner] ?? "";
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    return Buffer.from(`‹zvault:${name}›`);
  }
}

function allowed(pending: Pending): number {
  return Math.min(releasable, Math.floor(pending.least / 4));
}
