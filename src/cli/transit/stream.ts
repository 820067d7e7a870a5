/** Streams, as docs/format.md has them ("Transit streams"): read, sealed or opened by the agent some chunks at a time, written. */
import type { PresenceFlags } from "../presence.ts";
import { ZvaultError } from "../../errors.ts";
import { isTerminal } from "../../sys/tty.ts";
import { limits } from "../../verbs.ts";
import { mention } from "../stream.ts";
import type { Session } from "../session.ts";
import { type Input, wipe } from "./input.ts";
import type { Shape } from "./flags.ts";

const magic = Uint8Array.of(0x7a, 0x76, 0x61, 0x75, 0x6c, 0x74, 0x00, 0x02);
const headLength = 32;
const overhead = 28;
/** Chunks of one request, 16 MiB: a key file proves presence once for each, which takes as long as sealing them. */
const together = 32;

export type Head = { version: number; id: string };

export function isStream(begin: Uint8Array): boolean {
  return magic.every((byte, at) => begin[at] === byte);
}

export function printHead({ version, id }: Head): Uint8Array {
  const head = new Uint8Array(headLength);
  const view = new DataView(head.buffer);
  head.set(magic);
  view.setUint32(8, version);
  view.setUint32(12, limits.transitValue);
  head.set(Buffer.from(id, "hex"), 16);
  return head;
}

/** Throws `bad-ciphertext`. */
export function parseHead(head: Uint8Array): Head {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (head.length !== headLength || !isStream(head) || view.getUint32(12) !== limits.transitValue || view.getUint32(8) === 0)
    throw new ZvaultError("bad-ciphertext", "this is no transit stream of a kind this build knows");
  return { version: view.getUint32(8), id: Buffer.from(head.subarray(16)).toString("hex") };
}

/** Chunks of `length` bytes out of an input, and whether more come: the last one must be known when it is sent. */
class Chunks {
  readonly #input: Input;
  readonly #length: number;
  #next: Uint8Array;

  constructor(input: Input, length: number, begin: Uint8Array) {
    this.#input = input;
    this.#length = length;
    if (begin.length > length) throw new RangeError("more was read than a chunk has");
    const rest = input.read(length - begin.length);
    const first = new Uint8Array(begin.length + rest.length);
    first.set(begin);
    first.set(rest, begin.length);
    wipe([begin, rest]);
    this.#next = first;
  }

  take(count: number): { chunks: Uint8Array[]; last: boolean } {
    const chunks: Uint8Array[] = [];
    while (chunks.length < count) {
      chunks.push(this.#next);
      this.#next = chunks.at(-1)?.length === this.#length ? this.#input.read(this.#length) : new Uint8Array();
      if (this.#next.length === 0) return { chunks, last: true };
    }
    return { chunks, last: false };
  }
}

/** Throws `usage` where bytes cannot go. */
export function checkSink(flags: { json: boolean; out?: string | undefined }): void {
  if (flags.out !== undefined || (!flags.json && !isTerminal(1))) return;
  throw new ZvaultError("usage", "this is a stream: bytes, not text", { hint: "--out FILE, or into a pipe" });
}

export type Sink = (part: Uint8Array) => void;

/** `begin`: what was read of the input already. */
export async function encryptStream(
  session: Session,
  shape: Shape,
  o: { input: Input; begin: Uint8Array; version?: number; sink: Sink; quiet: boolean },
): Promise<Head> {
  const source = new Chunks(o.input, limits.transitValue, o.begin);
  const progress = new Progress(o.input, o.quiet);
  let head: Head | undefined;
  for (let from = 0; ;) {
    const { chunks, last } = source.take(together);
    const stream = { ...(head ? { id: head.id } : {}), from, last };
    const version = head?.version ?? o.version;
    const args = { ...shape.args, ...(version === undefined ? {} : { version }), stream };
    try {
      const answer = await session.ask("transit.encrypt", args, { body: [...chunks, ...shape.shared] });
      if (!head) o.sink(printHead((head = { version: answer.result.version, id: answer.result.stream ?? "" })));
      for (const sealed of answer.body) o.sink(sealed);
      answer.release();
    } finally {
      progress.add(chunks);
      wipe(chunks);
    }
    from += chunks.length;
    if (last) return progress.end(head);
  }
}

/** `begin`: what was read of the input already, at least the head. What comes to `sink` counts only when this has returned. */
export async function decryptStream(
  session: Session,
  shape: Shape,
  o: { input: Input; begin: Uint8Array; presence: PresenceFlags; sink: Sink; quiet: boolean },
): Promise<Head> {
  const head = parseHead(o.begin.subarray(0, headLength));
  const source = new Chunks(o.input, limits.transitValue + overhead, o.begin.slice(headLength));
  const progress = new Progress(o.input, o.quiet);
  for (let from = 0; ;) {
    const { chunks, last } = source.take(together);
    const args = { ...shape.args, stream: { ...head, from, last } };
    const what = `Decrypt with ${shape.args.name}`;
    const answer = await session.ask("transit.decrypt", args, { body: [...chunks, ...shape.shared], presence: o.presence, what });
    try {
      for (const plain of answer.body) o.sink(plain);
    } finally {
      answer.release();
    }
    progress.add(chunks);
    from += chunks.length;
    if (last) return progress.end(head);
  }
}

/** One line that is written over, where a person looks at it. */
class Progress {
  readonly #size: number | undefined;
  readonly #shown: boolean;
  #done = 0;

  constructor(input: Input, quiet: boolean) {
    this.#size = input.size;
    this.#shown = !quiet && isTerminal(2);
  }

  add(chunks: readonly Uint8Array[]): void {
    for (const { length } of chunks) this.#done += length;
    if (!this.#shown) return;
    const mebibytes = Math.round(this.#done / 1024 / 1024);
    const share = this.#size === undefined ? "" : ` of ${Math.round(this.#size / 1024 / 1024)}`;
    mention(`\r${mebibytes}${share} MiB\x1b[K`);
  }

  end<T>(result: T): T {
    if (this.#shown) mention("\r\x1b[K");
    return result;
  }
}
