/** What the program writes into a pipe or a pty, through the mask, to one of our descriptors. Reads no faster than it can write. */
import { write } from "node:fs";
import { Buffer } from "node:buffer";
import { Socket, type SocketConstructorOpts } from "node:net";
import { ReadStream } from "node:tty";
import type { MaskSet } from "./mask/borders.ts";
import { MaskStream, patience } from "./mask/stream.ts";

/** A program that writes NUL this early writes no text: masking would only spoil it. */
const looksBinary = 8192;
/** A background process may keep the pipe open for ever: after the program's end we wait this long for more, in ms. */
const linger = 200;
const busy = 2;
/** Bytes read at once; a pipe of that size makes few turns between the program and us. */
export const pipeRoom = 262_144;
/** One is read into while the others wait to be written. */
const buffers = 4;
/** A pty holds less (12 KiB) when its program ends: what comes after that many bytes was written since, by somebody else. */
const leftInPty = 65_536;

/** What happens to a binary stream: it passes as it is, or is cut off where an AI tool reads. */
export type Nul = "pass" | "refuse";
/** `problem` of a stream that was cut off. */
export const binary = "binary";

export class Pump {
  /** what went wrong with the output, other than a reader that had enough */
  problem: string | undefined;
  readonly #stream: MaskStream;
  readonly #fd: number;
  readonly #nul: Nul;
  readonly #source: Socket;
  readonly #ended: Promise<void>;
  readonly #pty: boolean;
  /** bytes that may still come after the program's end */
  #left = Infinity;
  #seen = 0;
  #binary = false;
  #writing: Promise<void> = Promise.resolve();
  /** chunks that are not written yet; each has a buffer of its own */
  #pending = 0;
  #last = 0;
  #timer: NodeJS.Timeout | undefined;
  /** the output takes no more; what was held back at the end of the source is still written */
  #refused = false;

  /**
   * `source`: closed at the end. `pty`: it is a master, and what comes is never taken for binary. `ended`: nothing comes any more.
   * `nul`: what becomes of a binary stream.
   */
  constructor(source: number, target: number, set: MaskSet, o: { pty?: boolean; ended?: () => void; nul?: Nul } = {}) {
    this.#fd = target;
    this.#pty = o.pty === true;
    this.#nul = o.nul ?? "pass";
    this.#stream = new MaskStream(set, this.#pty);
    const ring = Array.from({ length: buffers }, () => Buffer.from(new ArrayBuffer(pipeRoom)));
    let next = 0;
    const buffer = () => ring[next++ % buffers] ?? Buffer.alloc(0);
    const callback = (count: number, into: Uint8Array) => this.#take(into.subarray(0, count));
    const options: SocketConstructorOpts = { readable: true, writable: false, onread: { buffer, callback } };
    this.#source = this.#pty ? new ReadStream(source, options) : new Socket({ fd: source, ...options });
    this.#ended = new Promise((done) => {
      this.#source.once("close", () => {
        o.ended?.();
        done();
      });
      this.#source.once("end", () => this.#source.destroy());
      this.#source.on("error", () => this.#source.destroy());
    });
    this.#source.resume();
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#stream.counts;
  }

  /** Nothing more is read: the program's next write fails. */
  stop(): void {
    this.#source.destroy();
  }

  /** After the program's end: whatever still comes, then the rest that was held back. */
  async finish(): Promise<void> {
    this.#last = performance.now();
    if (this.#pty) this.#left = leftInPty;
    const watch = setInterval(() => {
      if (this.#pending === 0 && performance.now() - this.#last >= linger) this.#source.destroy();
    }, linger / 4);
    await this.#ended;
    clearInterval(watch);
    clearTimeout(this.#timer);
    this.#write(this.#stream.flush());
    await this.#writing;
  }

  /** Returns whether to go on reading at once; a buffer belongs to its write until that is done. */
  #take(bytes: Uint8Array): boolean {
    this.#last = performance.now();
    clearTimeout(this.#timer);
    this.#left -= bytes.length;
    if (this.#left < 0) this.#source.destroy();
    this.#notice(bytes);
    if (this.#binary && this.#nul === "refuse") {
      this.problem = binary;
      this.#source.destroy();
      return false;
    }
    if (this.#binary) {
      this.#write(this.#stream.flush());
      this.#write(bytes);
    } else {
      this.#write(this.#stream.push(bytes));
      if (this.#stream.waiting) this.#timer = setTimeout(() => this.#write(this.#stream.release(patience)), patience);
    }
    this.#pending++;
    this.#writing = this.#writing.then(() => {
      this.#pending--;
      if (!this.#source.destroyed) this.#source.resume();
    });
    return this.#pending < buffers - 1;
  }

  #notice(bytes: Uint8Array): void {
    if (this.#binary || this.#pty || this.#seen >= looksBinary) return;
    this.#binary = bytes.subarray(0, looksBinary - this.#seen).includes(0);
    this.#seen += bytes.length;
  }

  #write(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#writing = this.#writing.then(() => this.#writeAll(bytes));
  }

  /** On a thread, so that signals are still handled while the reader is slow. */
  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length && !this.#refused;) {
      const result = await new Promise<number | string>((settle) => {
        write(this.#fd, bytes, done, bytes.length - done, null, (error, count) => settle(error ? (error.code ?? "EIO") : count));
      });
      if (typeof result === "number") done += result;
      else if (result === "EAGAIN") await new Promise((wake) => setTimeout(wake, busy));
      else {
        // the program learns it as it would without us: its next write finds a closed pipe
        this.#refused = true;
        // EIO: the terminal was hung up
        if (result !== "EPIPE" && !(this.#pty && result === "EIO")) this.problem = result;
        this.#source.destroy();
      }
    }
    this.#last = performance.now();
  }
}
