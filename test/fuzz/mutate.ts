/** Small damage to bytes and to JSON. Everything comes from one seeded generator, so a run can be repeated. */

/** xorshift32: numbers from 0 (inclusive) to `below` (exclusive). */
export type Random = (below: number) => number;

export function randomOf(seed: number): Random {
  let state = seed || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % Math.max(1, below);
  };
}

export function pick<T>(random: Random, all: readonly T[]): T {
  const one = all[random(all.length)];
  if (one === undefined) throw new Error("nothing to pick from");
  return one;
}

/** What length fields, counts and sequence numbers do not expect. */
const numbers = [0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 79, 80, 95, 96, 127, 128, 255, 256, 511, 512, 65_535, 65_536, 2 ** 20, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]; // prettier-ignore

type Mutation = (bytes: Buffer, random: Random, pool: readonly Uint8Array[], words: readonly Uint8Array[]) => Buffer;

function spliced(bytes: Buffer, at: number, remove: number, insert: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(Math.min(bytes.length, at + remove))]);
}

const mutations: readonly Mutation[] = [
  // a bit
  (bytes, random) => {
    const at = random(bytes.length);
    if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random(8)), at);
    return bytes;
  },
  // a byte
  (bytes, random) => {
    if (bytes.length > 0) bytes.writeUInt8(random(256), random(bytes.length));
    return bytes;
  },
  // a length field: 1, 2, 4 or 8 bytes, or one more or less than what stands there
  (bytes, random) => {
    const width = pick(random, [1, 2, 4, 4, 8]);
    if (bytes.length < width) return bytes;
    const at = random(bytes.length - width + 1);
    const low = Math.min(4, width);
    const old = bytes.readUIntBE(at + width - low, low);
    const value = random(3) === 0 ? old + pick(random, [-8, -1, 1, 8]) : pick(random, numbers);
    bytes.writeUIntBE(((value % 256 ** low) + 256 ** low) % 256 ** low, at + width - low, low);
    if (width === 8) bytes.writeUInt32BE(pick(random, [0, 0, 1, 2 ** 16, 2 ** 32 - 1]), at);
    return bytes;
  },
  // cut at the end, at the beginning
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  (bytes, random) => (random(4) === 0 ? bytes.subarray(random(bytes.length + 1)) : bytes),
  // a piece taken out, doubled, moved
  (bytes, random) => spliced(bytes, random(bytes.length + 1), 1 + random(pick(random, [4, 16, 200])), Buffer.alloc(0)),
  (bytes, random) => {
    const from = random(bytes.length + 1);
    return spliced(bytes, random(bytes.length + 1), 0, bytes.subarray(from, from + 1 + random(pick(random, [4, 64, 500]))));
  },
  // something of another input
  (bytes, random, pool) => {
    const other = pick(random, pool);
    const from = random(other.length + 1);
    return spliced(
      bytes,
      random(bytes.length + 1),
      random(64),
      other.subarray(from, from + 1 + random(pick(random, [8, 64, 4096]))),
    );
  },
  // the first half of this, the second of another
  (bytes, random, pool) => {
    const other = pick(random, pool);
    return Buffer.concat([bytes.subarray(0, random(bytes.length + 1)), other.subarray(random(other.length + 1))]);
  },
  // a word
  (bytes, random, _, words) => {
    if (words.length === 0) return bytes;
    const word = pick(random, words);
    return spliced(bytes, random(bytes.length + 1), random(2) * word.length, word);
  },
  // random bytes
  (bytes, random) => spliced(bytes, random(bytes.length + 1), random(8), Buffer.from(Array.from({ length: 1 + random(12) }, () => random(256)))), // prettier-ignore
  // much of the same
  (bytes, random) => {
    const from = random(bytes.length + 1);
    const piece = bytes.subarray(from, from + 1 + random(12));
    const times = pick(random, [8, 200, 3000]);
    return spliced(bytes, from, 0, Buffer.concat(Array.from({ length: piece.length === 0 ? 0 : times }, () => piece)));
  },
];

/** One of `pool` with one to five small damages, of at most `max` bytes. */
export function mutate(random: Random, pool: readonly Uint8Array[], words: readonly Uint8Array[], max: number): Uint8Array {
  let bytes = Buffer.from(pick(random, pool));
  for (let times = 1 + random(5); times > 0; times--) {
    bytes = Buffer.from(pick(random, mutations)(bytes, random, pool, words)).subarray(0, max);
  }
  return new Uint8Array(bytes);
}

const odd: readonly unknown[] = [null, true, false, 0, -1, 1.5, -0, 1e308, 2 ** 53, 2 ** 31, "", " ", ".", "..", "/", "a/../b", "\0", "\ud800", "é", "__proto__", "constructor", "x".repeat(5000), [], {}, [[]], [null], { path: null }, { length: -1 }, { toString: 1 }]; // prettier-ignore

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let at = 0; at < levels; at++) value = at % 2 === 0 ? [value] : { a: value };
  return value;
}

/** The same JSON with one part changed, taken out, doubled or wrapped. undefined: `text` is none. */
export function mutateJson(random: Random, text: string): string | undefined {
  let root: unknown;
  try {
    root = JSON.parse(text);
    for (let times = 1 + random(3); times > 0; times--) root = changed(root, random, 0);
    return JSON.stringify(root);
  } catch {
    return undefined;
  }
}

function changed(value: unknown, random: Random, depth: number): unknown {
  if (typeof value !== "object" || value === null || random(8) === 0) return other(value, random);
  if (Array.isArray(value)) {
    const all: unknown[] = [...(value as unknown[])];
    const at = random(all.length);
    if (all.length === 0 || random(6) === 0) all.splice(at, random(2), pick(random, odd));
    else if (random(8) === 0) for (let more = pick(random, [1, 64, 1100]); more > 0; more--) all.push(all[at]);
    else all[at] = changed(all[at], random, depth + 1);
    return all;
  }
  const entries = Object.entries(value);
  const at = random(entries.length);
  const [name = "", old] = entries[at] ?? [];
  if (entries.length === 0 || random(6) === 0) return { ...value, [pick(random, ["x", "__proto__", "toString", "path", "length", name])]: pick(random, odd) }; // prettier-ignore
  if (random(8) === 0) return Object.fromEntries(entries.toSpliced(at, 1));
  return Object.fromEntries(entries.with(at, [name, changed(old, random, depth + 1)]));
}

function other(value: unknown, random: Random): unknown {
  if (random(12) === 0) return deep(pick(random, [3, 100, 9000]));
  if (typeof value === "number" && random(2) === 0) return value + pick(random, [-1, 1, 0.5, 2 ** 31]);
  if (typeof value === "string" && random(2) === 0) {
    const at = random(value.length + 1);
    return (
      value.slice(0, at) +
      pick(random, ["", "/", ".", "\0", "\n", "é", "\u2028", "#", "x".repeat(600)]) +
      value.slice(at + random(2))
    );
  }
  return pick(random, odd);
}
