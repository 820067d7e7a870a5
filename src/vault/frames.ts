/**
 * Walks a log's records by their framing, and says where it stops and why. Nothing is decrypted here. A record whose hash is what the next
 * one names as its predecessor is whole: its checksum is only computed where that fails, and for the last one.
 */
import { sha256 } from "../crypto/hash.ts";
import { ZvaultError } from "../errors.ts";
import { headerLength } from "./header.ts";
import { type Io, readAll } from "./io.ts";
import { type Frame, parseFixed, parseFrame, parsePlace } from "./record.ts";

/** One record: where it lies, and the chain hash up to and with it. */
export type Step = { offset: number; length: number; type: number; sequence: number; chain: Uint8Array };

export type Walk = {
  /** records in order, each following the one before by sequence and chain hash */
  steps: Step[];
  /** end of the last good record */
  end: number;
  size: number;
  /** set when bytes are left over that are no record */
  bad?: { offset: number; why: string; laterRecord: number | undefined };
};

/** A window over the file: most records are small, so one read serves many. What it gives is good until it is asked again. */
class Window {
  readonly #io: Io;
  readonly #fd: number;
  #room = new Uint8Array(new ArrayBuffer(windowSize));
  #start = 0;
  #length = 0;

  constructor(io: Io, fd: number) {
    this.#io = io;
    this.#fd = fd;
  }

  at(offset: number, length: number): Uint8Array {
    if (offset < this.#start || offset + length > this.#start + this.#length) {
      if (length > this.#room.length) this.#room = new Uint8Array(new ArrayBuffer(length + windowSize));
      this.#length = readAll(this.#io, this.#fd, this.#room, offset);
      this.#start = offset;
    }
    return this.#room.subarray(offset - this.#start, Math.min(this.#length, offset - this.#start + length));
  }
}

const windowSize = 512 * 1024;

/** Walks from the first record on. `header`: the header's bytes, where the chain begins. */
export function walk(io: Io, fd: number, header: Uint8Array, first: number): Walk {
  const size = io.size(fd);
  const window = new Window(io, fd);
  const steps: Step[] = [];
  let chain = sha256(header);
  let offset = headerLength;
  let sequence = first;
  const stop = (why: string): Walk => {
    const last = steps.at(-1);
    // the one before may be what is wrong
    if (last && !checkedAt(window, last.offset, size)) {
      steps.pop();
      return {
        steps,
        end: last.offset,
        size,
        bad: { offset: last.offset, why: "no whole record stands there", laterRecord: later(last.offset) },
      };
    }
    return { steps, end: offset, size, bad: { offset, why, laterRecord: later(offset) } };
  };
  const later = (at: number): number | undefined => (checkedAt(window, at, size) ? at : findLater(window, at + 8, size));
  while (offset < size) {
    const bytes = bytesAt(window, offset, size);
    if (!bytes) return stop("no whole record stands there");
    const place = parsePlace(bytes);
    if (place.sequence !== sequence || Buffer.compare(place.prev, chain) !== 0) {
      if (!parseFrame(bytes, offset)) return stop("no whole record stands there");
      if (place.sequence !== sequence) return stop(`record ${place.sequence} stands where ${sequence} belongs`);
      return stop(`record ${sequence} does not follow the one before it`);
    }
    chain = sha256(bytes);
    steps.push({ offset, length: bytes.length, type: place.type, sequence, chain });
    offset += bytes.length;
    sequence += 1;
  }
  const last = steps.at(-1);
  if (last && !checkedAt(window, last.offset, size)) return stop("no whole record stands there");
  return { steps, end: offset, size };
}

/** The record of a step, whole. Throws `damaged` when it is not one any more. */
export function frameOf(io: Io, fd: number, path: string, { offset, length, sequence }: Step): Frame {
  const bytes = new Uint8Array(new ArrayBuffer(length));
  const frame = readAll(io, fd, bytes, offset) === length ? parseFrame(bytes, offset) : undefined;
  if (!frame || frame.sequence !== sequence)
    throw new ZvaultError("damaged", `${path}: record ${sequence} at byte ${offset} is not what was written`);
  return frame;
}

function bytesAt(window: Window, offset: number, size: number): Uint8Array | undefined {
  const fixed = parseFixed(window.at(offset, 96), size - offset);
  return fixed && window.at(offset, fixed.length);
}

function checkedAt(window: Window, offset: number, size: number): boolean {
  const bytes = bytesAt(window, offset, size);
  return bytes !== undefined && parseFrame(bytes, offset) !== undefined;
}

/**
 * The length of a bad frame is never believed: every later aligned offset is looked at. Bytes made to look like the beginnings of many long
 * records would each cost a checksum to the end of the file; no torn write looks like that, so it counts as a record before it takes
 * for ever.
 */
function findLater(window: Window, from: number, size: number): number | undefined {
  let worth = 4 * size + 64 * 1024;
  for (let offset = from; offset < size; offset += 8) {
    const bytes = bytesAt(window, offset, size);
    if (!bytes) continue;
    worth -= bytes.length;
    if (worth < 0 || parseFrame(bytes, offset)) return offset;
  }
  return undefined;
}
