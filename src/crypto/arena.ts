/**
 * Room for secrets in locked memory. Small ones share 64 KiB regions in slots of 16 bytes (pages are dear: RLIMIT_MEMLOCK may allow
 * 16 of them); one above 4 KiB has a region of its own. Where the limit is tiny, smaller arenas are tried before unlocked memory.
 */
import { mapRegion, type MemoryKind, type Region } from "../sys/memory.ts";

const slotSize = 16;
const largest = 4096;
const arenaSizes = [65_536, 16_384, 4096];

/** Zeroed bytes for one secret, 16-byte aligned. */
export type Cell = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly kind: MemoryKind;
  /** "" or why it is not of a better kind */
  readonly why: string;
  /** Zeroes them and gives them back; once. */
  free(): void;
};

/** Never fails for lack of lockable memory. `length` ≥ 0 bytes. */
export function allocate(length: number): Cell {
  if (!Number.isSafeInteger(length) || length < 0) throw new RangeError("the length of a secret is a whole number of bytes");
  if (length > largest) {
    const { bytes, kind, why, free } = mapRegion(length);
    return { bytes: bytes.subarray(0, length), kind, why, free };
  }
  return take(length, (one) => one.locked) ?? takeNew(length);
}

/** All that are mapped; at most one of them is empty. */
const arenas: Arena[] = [];

function take(length: number, fits: (arena: Arena) => boolean): Cell | undefined {
  // the newest first: it is the one with room when there are many
  for (const arena of arenas.toReversed()) {
    const cell = fits(arena) ? arena.take(length) : undefined;
    if (cell) return cell;
  }
  return undefined;
}

/** From a new locked arena; else from an unlocked one with room; else from a new unlocked one. */
function takeNew(length: number): Cell {
  let region = mapRegion(arenaSizes[0] ?? largest);
  for (const size of arenaSizes.slice(1)) {
    if (region.kind !== "unlocked" || size < length) break;
    const smaller = mapRegion(size);
    if (smaller.kind === "unlocked") smaller.free();
    else {
      region.free();
      region = smaller;
    }
  }
  if (region.kind === "unlocked") {
    const cell = take(length, () => true);
    if (cell) {
      region.free();
      return cell;
    }
  }
  const arena = new Arena(region);
  arenas.push(arena);
  const cell = arena.take(length);
  if (!cell) throw new Error("a new arena has no room");
  return cell;
}

class Arena {
  readonly #region: Region;
  /** 1 = in use */
  readonly #slots: Uint8Array;
  #free: number;
  #next = 0;

  constructor(region: Region) {
    this.#region = region;
    this.#slots = new Uint8Array(region.bytes.length / slotSize);
    this.#free = this.#slots.length;
  }

  get locked(): boolean {
    return this.#region.kind !== "unlocked";
  }

  get empty(): boolean {
    return this.#free === this.#slots.length;
  }

  /** First fit; undefined when there is no run of free slots long enough. */
  take(length: number): Cell | undefined {
    const count = Math.max(1, Math.ceil(length / slotSize));
    const first = count > this.#free ? -1 : this.#find(count);
    if (first === -1) return undefined;
    this.#slots.fill(1, first, first + count);
    this.#next = first + count;
    this.#free -= count;
    const { bytes: all, kind, why } = this.#region;
    const bytes = all.subarray(first * slotSize, first * slotSize + length);
    return { bytes, kind, why, free: () => this.#giveBack(bytes, first, count) };
  }

  #find(count: number): number {
    // next fit: from where the last one ended, then from the start; thousands of live secrets are not walked each time
    const found = this.#findFrom(this.#next, count);
    return found !== -1 || this.#next === 0 ? found : this.#findFrom(0, count);
  }

  #findFrom(start: number, count: number): number {
    let run = 0;
    for (let at = this.#slots.indexOf(0, start); at !== -1 && at < this.#slots.length; at += 1) {
      run = this.#slots[at] === 0 ? run + 1 : 0;
      if (run === count) return at - count + 1;
    }
    return -1;
  }

  #giveBack(bytes: Uint8Array, first: number, count: number): void {
    bytes.fill(0);
    this.#slots.fill(0, first, first + count);
    this.#free += count;
    // One empty arena stays, so that a lone secret coming and going does not map and unmap each time.
    const other = arenas.find((one) => one !== this && one.empty);
    if (!this.empty || !other) return;
    const gone = other.locked && !this.locked ? this : other;
    arenas.splice(arenas.indexOf(gone), 1);
    gone.#region.free();
  }
}
