/**
 * Frames out of a stream of bytes, however it was cut. Pure: bytes go in, whole frames come out. What is behind a header is copied
 * straight into rooms that the owner of the reader gives (locked memory in the agent), of at most 1 MiB each and only when their first byte is
 * there, so that a length somebody claims costs nothing.
 */
import { fixedLength, frameLimits, parseFixed, parseHeaderJson } from "./frame.ts";

/** Memory for parts; `wipe` zeroes it and gives it back. */
export type Room = { readonly bytes: Uint8Array<ArrayBuffer>; wipe(): void };

/** Memory of the V8 process, in an ArrayBuffer of its own, for clients: short-lived processes. */
export function plainRoom(length: number): Room {
  const bytes = new Uint8Array(new ArrayBuffer(length));
  return { bytes, wipe: () => void bytes.fill(0) };
}

export type Frame<H> = {
  header: H;
  body: Uint8Array[];
  credential: Uint8Array[];
  /** Zeroes body and credential. */
  wipe(): void;
};

type Lengths = { body: number[]; credential?: { parts: number[] } };

export class FrameReader<H extends Lengths> {
  readonly #parse: (value: Record<string, unknown>) => H;
  readonly #room: (length: number) => Room;
  readonly #fixed = new Uint8Array(new ArrayBuffer(fixedLength));
  #fixedDone = 0;
  #head: Growing | undefined;
  #payload: Payload | undefined;
  #header: H | undefined;
  #dead = false;

  constructor(parse: (value: Record<string, unknown>) => H, room: (length: number) => Room) {
    this.#parse = parse;
    this.#room = room;
  }

  /** True between two frames. */
  get idle(): boolean {
    return this.#fixedDone === 0;
  }

  /** The frames that end in `bytes`. Throws `protocol` or `other-build`; then the stream has no next frame, and nothing more is taken. */
  push(bytes: Uint8Array): Frame<H>[] {
    const done: Frame<H>[] = [];
    let rest = bytes;
    try {
      while (rest.length > 0 && !this.#dead) {
        rest = rest.subarray(this.#take(rest));
        const frame = this.#finish();
        if (frame) done.push(frame);
      }
      return done;
    } catch (failure) {
      for (const frame of done) frame.wipe();
      this.abort();
      throw failure;
    }
  }

  /** Zeroes what has come of an unfinished frame. */
  abort(): void {
    this.#dead = true;
    this.#payload?.wipe();
    this.#payload = undefined;
  }

  /** How many of `bytes` were used, at least one. */
  #take(bytes: Uint8Array): number {
    if (this.#payload) return this.#payload.fill(bytes);
    if (this.#head) {
      const used = this.#head.fill(bytes);
      if (this.#head.full) this.#begin(this.#head.bytes);
      return used;
    }
    const part = bytes.subarray(0, fixedLength - this.#fixedDone);
    this.#fixed.set(part, this.#fixedDone);
    this.#fixedDone += part.length;
    if (this.#fixedDone === fixedLength) {
      this.#head = new Growing(parseFixed(this.#fixed));
      if (this.#head.full) this.#begin(this.#head.bytes);
    }
    return part.length;
  }

  #begin(json: Uint8Array): void {
    const header = this.#parse(parseHeaderJson(json));
    this.#header = header;
    this.#payload = new Payload([...header.body, ...(header.credential?.parts ?? [])], this.#room);
  }

  #finish(): Frame<H> | undefined {
    const header = this.#header;
    const payload = this.#payload;
    if (!header || !payload?.full) return undefined;
    this.#fixedDone = 0;
    this.#head = undefined;
    this.#header = undefined;
    this.#payload = undefined;
    const split = header.body.length;
    return { header, body: payload.parts.slice(0, split), credential: payload.parts.slice(split), wipe: () => payload.wipe() };
  }
}

/** The header's bytes; memory grows with what arrives. */
class Growing {
  bytes: Uint8Array<ArrayBuffer>;
  readonly #length: number;
  #done = 0;

  constructor(length: number) {
    this.#length = length;
    this.bytes = new Uint8Array(new ArrayBuffer(Math.min(length, 65_536)));
  }

  get full(): boolean {
    return this.#done === this.#length;
  }

  fill(from: Uint8Array): number {
    const part = from.subarray(0, this.#length - this.#done);
    if (this.#done + part.length > this.bytes.length) {
      const wider = new Uint8Array(new ArrayBuffer(Math.min(this.#length, 2 * (this.#done + part.length))));
      wider.set(this.bytes.subarray(0, this.#done));
      this.bytes = wider;
    }
    this.bytes.set(part, this.#done);
    this.#done += part.length;
    return part.length;
  }
}

/** The parts, several small ones in one room. */
class Payload {
  readonly parts: Uint8Array[] = [];
  readonly #lengths: readonly number[];
  readonly #room: (length: number) => Room;
  readonly #rooms: Room[] = [];
  /** the part being filled, and how far; the next free byte of the last room */
  #current: Uint8Array | undefined;
  #done = 0;
  #free = new Uint8Array(0);

  constructor(lengths: readonly number[], room: (length: number) => Room) {
    this.#lengths = lengths;
    this.#room = room;
    this.#skipEmpty();
  }

  get full(): boolean {
    return this.parts.length === this.#lengths.length && this.#current === undefined;
  }

  /** At most one part is filled a call. */
  fill(from: Uint8Array): number {
    const current = (this.#current ??= this.#next());
    const part = from.subarray(0, current.length - this.#done);
    current.set(part, this.#done);
    this.#done += part.length;
    if (this.#done === current.length) {
      this.#current = undefined;
      this.#skipEmpty();
    }
    return part.length;
  }

  wipe(): void {
    for (const room of this.#rooms) room.wipe();
    this.#current = undefined;
  }

  #next(): Uint8Array {
    const length = this.#lengths[this.parts.length] ?? 0;
    if (length > this.#free.length) {
      const room = this.#room(this.#window());
      this.#rooms.push(room);
      this.#free = room.bytes;
    }
    const part = this.#free.subarray(0, length);
    this.#free = this.#free.subarray(length);
    this.#done = 0;
    this.parts.push(part);
    return part;
  }

  #skipEmpty(): void {
    while (this.#lengths[this.parts.length] === 0) this.parts.push(new Uint8Array(0));
  }

  /** Bytes of this part and those after it, as long as they fit one room. */
  #window(): number {
    let total = 0;
    for (let index = this.parts.length; index < this.#lengths.length; index += 1) {
      const next = total + (this.#lengths[index] ?? 0);
      if (next > frameLimits.part) break;
      total = next;
    }
    return total;
  }
}
