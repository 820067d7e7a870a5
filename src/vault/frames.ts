/** Walks a log's records by their framing, and says where it stops and why. Nothing is decrypted here. */
import { sha256 } from "../crypto/hash.ts";
import { headerLength } from "./header.ts";
import { type Io, readAll } from "./io.ts";
import { type Frame, parseFixed, parseFrame } from "./record.ts";

export type Walk = {
  /** records in order, each following the one before by sequence and chain hash */
  frames: { frame: Frame; chain: Uint8Array }[];
  /** end of the last good record */
  end: number;
  size: number;
  /** set when bytes are left over that are no record */
  bad?: { offset: number; why: string; laterRecord: number | undefined };
};

/** A window over the file: most records are small, so one read serves many. */
class Window {
  readonly #io: Io;
  readonly #fd: number;
  #start = 0;
  #bytes = new Uint8Array(0);

  constructor(io: Io, fd: number) {
    this.#io = io;
    this.#fd = fd;
  }

  at(offset: number, length: number): Uint8Array {
    if (offset < this.#start || offset + length > this.#start + this.#bytes.length) {
      const bytes = new Uint8Array(new ArrayBuffer(Math.max(length, 256 * 1024)));
      this.#bytes = bytes.subarray(0, readAll(this.#io, this.#fd, bytes, offset));
      this.#start = offset;
    }
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + length);
  }
}

/** Walks from the first record on. `header`: the header's bytes, where the chain begins. */
export function walk(io: Io, fd: number, header: Uint8Array, first: number): Walk {
  const size = io.size(fd);
  const window = new Window(io, fd);
  const frames: Walk["frames"] = [];
  let chain = sha256(header);
  let offset = headerLength;
  let sequence = first;
  while (offset < size) {
    const bytes = frameAt(window, offset, size);
    const frame = bytes && parseFrame(bytes, offset);
    const why = !frame
      ? "no whole record stands there"
      : frame.sequence !== sequence
        ? `record ${frame.sequence} stands where ${sequence} belongs`
        : Buffer.compare(frame.prev, chain) !== 0
          ? `record ${frame.sequence} does not follow the one before it`
          : undefined;
    if (why !== undefined) {
      const laterRecord = frame ? offset : findLater(window, offset + 8, size);
      return { frames, end: offset, size, bad: { offset, why, laterRecord } };
    }
    if (!frame || !bytes) break;
    chain = sha256(bytes);
    frames.push({ frame, chain });
    offset += frame.length;
    sequence += 1;
  }
  return { frames, end: offset, size };
}

function frameAt(window: Window, offset: number, size: number): Uint8Array | undefined {
  const fixed = parseFixed(window.at(offset, 96), size - offset);
  return fixed && window.at(offset, fixed.length);
}

/**
 * The length of a bad frame is never believed: every later aligned offset is looked at. Bytes made to look like the beginnings of many long
 * records would each cost a checksum to the end of the file; no torn write looks like that, so it counts as a record before it takes
 * for ever.
 */
function findLater(window: Window, from: number, size: number): number | undefined {
  let worth = 4 * size + 64 * 1024;
  for (let offset = from; offset < size; offset += 8) {
    const bytes = frameAt(window, offset, size);
    if (!bytes) continue;
    worth -= bytes.length;
    if (worth < 0 || parseFrame(bytes, offset)) return offset;
  }
  return undefined;
}
