/** A peer of the agent that says what it likes, byte by byte. */
import net from "node:net";
import { build } from "../../src/build.ts";
import { type AnswerHeader, parseAnswer, printHead, type RequestHeader } from "../../src/frame.ts";
import { FrameReader, plainRoom } from "../../src/frame-reader.ts";
import type { Places } from "../../src/locate.ts";

export function goodHeader(places: Places, more: Partial<RequestHeader> = {}): RequestHeader {
  const env = { uid: process.geteuid?.() ?? 0, home: "/", config: places.config, state: places.state };
  return { v: 1, build, verb: "agent.status", args: {}, env, body: [], ...more };
}

/** Magic, length, and any text as header. */
export function rawHead(json: string, length = Buffer.byteLength(json)): Buffer {
  const head = Buffer.alloc(8);
  head.write("zv1\n");
  head.writeUInt32BE(length, 4);
  return Buffer.concat([head, Buffer.from(json)]);
}

export class Peer {
  readonly socket: net.Socket;
  readonly answers: AnswerHeader[] = [];
  /** resolves when the agent has closed the connection */
  readonly closed: Promise<void>;
  readonly #reader = new FrameReader<AnswerHeader>(parseAnswer, plainRoom);
  #news = (): void => {};

  constructor(places: Places) {
    this.socket = net.connect({ path: `${places.runtime}/agent.sock`, allowHalfOpen: true });
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk: Buffer) => {
      this.answers.push(...this.#reader.push(chunk).map((frame) => frame.header));
      this.#news();
    });
    this.closed = new Promise((resolve) => {
      this.socket.on("end", resolve);
      this.socket.on("close", () => resolve());
    });
  }

  send(...parts: (Uint8Array | RequestHeader)[]): this {
    for (const part of parts) this.socket.write(part instanceof Uint8Array ? part : printHead(part));
    return this;
  }

  /** Waits until there are that many answers, or the agent has closed. */
  async take(count: number): Promise<AnswerHeader[]> {
    while (this.answers.length < count) {
      const more = new Promise<string>((resolve) => (this.#news = () => resolve("more")));
      if ((await Promise.race([more, this.closed.then(() => "closed")])) === "closed") break;
    }
    return this.answers;
  }

  close(): void {
    this.socket.destroy();
  }
}
