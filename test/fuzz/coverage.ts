/**
 * Which parts of our sources have run, from V8's own block counters (node:inspector). Asking costs milliseconds, so inputs are run in
 * batches, and only a batch that reached something new is gone through one by one.
 */
import { Session } from "node:inspector";

const sources = new URL("../../src/", import.meta.url).href;

type Range = { startOffset: number; endOffset: number; count: number };
type Script = { url: string; functions: { ranges: Range[] }[] };

export class Coverage {
  readonly #session = new Session();
  /** url → 1 where a character of the source has run before, and since the last look */
  readonly #scripts = new Map<string, { seen: Uint8Array; ran: Uint8Array }>();

  constructor() {
    this.#session.connect();
    this.#post("Profiler.enable");
    this.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  #post(method: string, params: object = {}): unknown {
    let found: unknown;
    // of the same thread: the callback runs before this returns
    (this.#session.post as (method: string, params: object, done: (failure: unknown, result: unknown) => void) => void).call(
      this.#session,
      method,
      params,
      (failure, result) => {
        if (failure) throw new Error(`${method} failed`);
        found = result;
      },
    );
    return found;
  }

  /** Characters of src/ that ran for the first time since the last look; they count as seen from now on, unless `peek`. */
  fresh(peek = false): number {
    const { result } = this.#post("Profiler.takePreciseCoverage") as { result: Script[] };
    let fresh = 0;
    for (const { url, functions } of result) {
      if (!url.startsWith(sources)) continue;
      const length = Math.max(0, ...functions.flatMap(({ ranges }) => ranges.map((one) => one.endOffset)));
      const { seen, ran } = this.#roomFor(url, length);
      ran.fill(0);
      // from the outermost function inwards: inner ranges say it more exactly
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
      }
      for (let at = 0; at < length; at++) {
        if (ran[at] === 1 && seen[at] === 0) {
          fresh += 1;
          if (!peek) seen[at] = 1;
        }
      }
    }
    return fresh;
  }

  /** Made once: a hundred looks a second make garbage faster than a busy machine frees it. */
  #roomFor(url: string, length: number): { seen: Uint8Array; ran: Uint8Array } {
    const before = this.#scripts.get(url);
    if (before && before.seen.length >= length) return before;
    const room = { seen: new Uint8Array(length), ran: new Uint8Array(length) };
    room.seen.set(before?.seen ?? []);
    this.#scripts.set(url, room);
    return room;
  }

  close(): void {
    this.#post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }
}
