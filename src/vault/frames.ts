/**
 * Walks a log's records by their framing, and says where it stops and why. Nothing is decrypted here. A record whose hash is what the next
 * one names as its predecessor is whole: its checksum is only computed where that fails, and for the last one.
 */
import { Buffer } from "node:buffer";
import { sha256Hex } from "../crypto/hash.ts";
import { ZvaultError } from "../errors.ts";
import { headerLength } from "./header.ts";
import { type Io, readAll } from "./io.ts";
import { type Frame, parseFixed, parseFrame, parsePlace, prevAt } from "./record.ts";

/** One record: where it lies, and the chain hash up to and with it, in hex. */
export type Step = {
  offset: number;
  length: number;
  type: number;
  sequence: number;
  chain: string;
  /** its checksum was computed, not only its hash found in the next one */
  checked?: true;
};

export type Walk = {
  /** records in order, each following the one before by sequence and chain hash */
  steps: Step[];
  /** end of the last good record */
  end: number;
  size: number;
  /** set when bytes are left over that are no record */
  bad?: { offset: number; why: string; laterRecord: number | undefined };
};

/** A window over the file: most records are small, so one read serves many. What stands in it is good until it is asked again. */
class Window {
  readonly #io: Io;
  readonly #fd: number;
  room = new Uint8Array(new ArrayBuffer(windowSize));
  /** the same memory; its `subarray` is the slower one, its `toString` has no equal */
  text = Buffer.from(this.room.buffer);
  /** of what was read */
  view = new DataView(this.room.buffer, 0, 0);
  #start = 0;

  constructor(io: Io, fd: number) {
    this.#io = io;
    this.#fd = fd;
  }

  /** Index in `room` of the byte at `offset`; `length` bytes stand there, or as many as the file has. */
  reach(offset: number, length: number): number {
    if (offset < this.#start || offset + length > this.#start + this.view.byteLength) {
      if (length > this.room.length) {
        // each new room is work for the garbage collector: checkpoints grow little by little
        this.room = new Uint8Array(new ArrayBuffer(2 * length));
        this.text = Buffer.from(this.room.buffer);
      }
      this.view = new DataView(this.room.buffer, 0, readAll(this.#io, this.#fd, this.room, offset));
      this.#start = offset;
    }
    return offset - this.#start;
  }
}

const windowSize = 512 * 1024;

/** Walks from the first record on. `header`: the header's bytes, where the chain begins. */
export function walk(io: Io, fd: number, header: Uint8Array, first: number): Walk {
  const size = io.size(fd);
  const window = new Window(io, fd);
  const steps: Step[] = [];
  let chain = sha256Hex(header);
  let offset = headerLength;
  let sequence = first;
  const stop = (why: string): Walk => {
    let bad = { offset, why };
    // nobody vouches for the last one any more: it may be what is wrong, and then the one before it
    for (let last = steps.at(-1); last && !checkedAt(window, last.offset, size); last = steps.at(-1)) {
      steps.pop();
      bad = { offset: last.offset, why: "no whole record stands there" };
    }
    return { steps, end: bad.offset, size, bad: { ...bad, laterRecord: later(bad.offset) } };
  };
  const later = (at: number): number | undefined => (checkedAt(window, at, size) ? at : findLater(window, at + 8, size));
  while (offset < size) {
    const found = recordAt(window, offset, size);
    if (!found) return stop("no whole record stands there");
    const { at, length } = found;
    const place = parsePlace(window.view, at);
    if (place.sequence !== sequence || window.text.toString("hex", at + prevAt.start, at + prevAt.end) !== chain) {
      if (!checkedAt(window, offset, size)) return stop("no whole record stands there");
      if (place.sequence !== sequence) return stop(`record ${place.sequence} stands where ${sequence} belongs`);
      return stop(`record ${sequence} does not follow the one before it`);
    }
    chain = sha256Hex(window.room.subarray(at, at + length));
    steps.push({ offset, length, type: place.type, sequence, chain });
    offset += length;
    sequence += 1;
  }
  const last = steps.at(-1);
  if (last && !checkedAt(window, last.offset, size)) return stop("no whole record stands there");
  if (last) last.checked = true;
  return { steps, end: offset, size };
}

/** The record of a step, whole. Throws `damaged` when it is not one any more. */
export function frameOf(io: Io, fd: number, path: string, { offset, length, sequence, checked }: Step): Frame {
  const bytes = new Uint8Array(new ArrayBuffer(length));
  const frame = readAll(io, fd, bytes, offset) === length ? parseFrame(bytes, offset, checked) : undefined;
  if (!frame || frame.sequence !== sequence)
    throw new ZvaultError("damaged", `${path}: record ${sequence} at byte ${offset} is not what was written`);
  return frame;
}

/** Where in the window a record stands whole, by its framing. */
function recordAt(window: Window, offset: number, size: number): { at: number; length: number } | undefined {
  const start = window.reach(offset, 96);
  const fixed = parseFixed(window.view, start, size - offset);
  // the file may have become shorter meanwhile
  if (!fixed) return undefined;
  const at = window.reach(offset, fixed.length);
  return at + fixed.length <= window.view.byteLength ? { at, length: fixed.length } : undefined;
}

function checkedAt(window: Window, offset: number, size: number): boolean {
  const found = recordAt(window, offset, size);
  return found !== undefined && parseFrame(window.room.subarray(found.at, found.at + found.length), offset) !== undefined;
}

/**
 * The length of a bad frame is never believed: every later aligned offset is looked at. Bytes made to look like the beginnings of many long
 * records would each cost a checksum to the end of the file; no torn write looks like that, so it counts as a record before it takes
 * for ever.
 */
function findLater(window: Window, from: number, size: number): number | undefined {
  let worth = 4 * size + 64 * 1024;
  for (let offset = from; offset < size; offset += 8) {
    const found = recordAt(window, offset, size);
    if (!found) continue;
    worth -= found.length;
    if (worth < 0 || checkedAt(window, offset, size)) return offset;
  }
  return undefined;
}
