/** What is typed, from the outer terminal to the program's; as much is read as the program takes. Passwords come by: wiped after. */
import { closeSync, write } from "node:fs";
import { ReadStream } from "node:tty";
import { keysOf, readModes, type Keys } from "../sys/modes.ts";

const chunkSize = 65_536;
/** a paste is read on only when less than this waits for the program */
const enough = 1024 * 1024;
/** how long to wait for a program that does not read, in ms */
const soon = 2;
const late = 50;

export type KeyboardEvents = {
  /** whether Ctrl-Z would stop a group that its kernel does not (see pty.ts); then it is not passed on */
  stops(): boolean;
  suspend(): void;
  /** a program that reads nothing is to be interrupted: what was typed before is thrown away, as a terminal does */
  interrupt(signal: "SIGINT" | "SIGQUIT"): void;
};

export class Keyboard {
  readonly #master: number;
  readonly #events: KeyboardEvents;
  readonly #stream: ReadStream | undefined;
  readonly #queue: Uint8Array[] = [];
  #waiting = 0;
  #writing = false;
  #pause = soon;
  #open = true;
  #wanted = false;
  #literal = false;

  /** `fd`: the outer terminal, -1 for none; it stays open. `master`: closed by `close`. */
  constructor(fd: number, master: number, events: KeyboardEvents) {
    this.#master = master;
    this.#events = events;
    if (fd < 0) return;
    const buffer = new Uint8Array(new ArrayBuffer(chunkSize));
    const callback = (count: number): boolean => {
      const bytes = buffer.slice(0, count);
      buffer.fill(0, 0, count);
      this.#typed(bytes);
      return this.#wanted && this.#waiting < enough;
    };
    // it opens the terminal once more for itself: our own descriptor is shared and stays blocking
    this.#stream = new ReadStream(fd, { onread: { buffer, callback } } as unknown as { readable: boolean });
    // hung up; SIGHUP and the output tell it too
    this.#stream.on("error", () => this.#stream?.destroy());
    this.#stream.on("end", () => this.#stream?.destroy());
  }

  listen(): void {
    this.#wanted = true;
    if (this.#waiting < enough) this.#stream?.resume();
  }

  pause(): void {
    this.#wanted = false;
    this.#stream?.pause();
  }

  /** Types for the person: in the order of what was typed. */
  send(bytes: Uint8Array): void {
    if (!this.#open || bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#waiting += bytes.length;
    if (!this.#writing) this.#writeNext();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stream?.destroy();
    for (const bytes of this.#queue) bytes.fill(0);
    this.#queue.length = 0;
    if (!this.#writing) closeSync(this.#master);
  }

  #typed(bytes: Uint8Array): void {
    let rest = bytes;
    for (let at = this.#stopKey(rest); at >= 0; at = this.#stopKey(rest)) {
      this.send(rest.subarray(0, at));
      rest = rest.subarray(at + 1);
      this.#events.suspend();
    }
    this.send(rest);
  }

  /** Index of a Ctrl-Z that means "stop"; -1: none. */
  #stopKey(bytes: Uint8Array): number {
    const { signals, suspend, literal } = this.#keys();
    if (!signals || suspend === 0) return -1;
    let at = bytes.indexOf(suspend);
    while (at >= 0 && (at === 0 ? this.#literal : literal !== 0 && bytes[at - 1] === literal)) at = bytes.indexOf(suspend, at + 1);
    if (bytes.length > 0) this.#literal = literal !== 0 && bytes.at(-1) === literal;
    return at >= 0 && this.#events.stops() ? at : -1;
  }

  /** A full queue must not keep Ctrl-C from a program. */
  #interrupted(): boolean {
    const { signals, interrupt, quit } = this.#keys();
    if (!signals) return false;
    for (const [index, bytes] of this.#queue.entries()) {
      const at = bytes.findLastIndex((byte) => byte !== 0 && (byte === interrupt || byte === quit));
      if (at < 0) continue;
      const signal = bytes[at] === quit ? "SIGQUIT" : "SIGINT";
      for (const gone of this.#queue.splice(0, index)) this.#waiting -= gone.length;
      this.#queue[0] = bytes.subarray(at + 1);
      this.#waiting -= at + 1;
      this.#events.interrupt(signal);
      return true;
    }
    return false;
  }

  #keys(): Keys {
    try {
      return keysOf(readModes(this.#master));
    } catch {
      return { signals: false, shown: false, interrupt: 0, quit: 0, suspend: 0, literal: 0 };
    }
  }

  #writeNext(): void {
    const next = this.#open ? this.#queue[0] : undefined;
    this.#writing = next !== undefined;
    if (next) write(this.#master, next, 0, next.length, null, (error, count) => this.#written(next, error?.code, count));
    else if (!this.#open) closeSync(this.#master);
  }

  #written(bytes: Uint8Array, error: string | undefined, count: number): void {
    if (error === "EAGAIN" || (error === undefined && count === 0)) {
      this.#pause = Math.min(late, this.#pause * 2);
      setTimeout(() => this.#writeNext(), this.#interrupted() ? 0 : this.#pause);
      return;
    }
    this.#pause = soon;
    // another error: the program's terminal is gone
    const done = error === undefined ? count : bytes.length;
    bytes.fill(0, 0, done);
    this.#waiting -= done;
    if (done < bytes.length) this.#queue[0] = bytes.subarray(done);
    else this.#queue.shift();
    if (this.#wanted && this.#waiting < enough) this.#stream?.resume();
    this.#writeNext();
  }
}
