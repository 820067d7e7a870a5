/**
 * One connection to the agent. Its process is looked at before anything is sent: the socket lies in a folder that is ours alone
 * (runtime-folder.ts), and the kernel says that our own user listens. One request at a time.
 */
import net from "node:net";
import { ZvaultError } from "./errors.ts";
import { type AnswerHeader, parseAnswer, printHead, type RequestHeader } from "./frame.ts";
import { type Frame, FrameReader, plainRoom } from "./frame-reader.ts";
import { checkPeer, type Connection, Lost, type Meanwhile } from "./connection.ts";
import { checkRuntimeFolder, socketPath } from "./runtime-folder.ts";

/** undefined: nobody listens. Throws `no-runtime`, and `unsafe-file` when somebody else does. */
export async function dial(runtime: string): Promise<Link | undefined> {
  const path = socketPath(runtime);
  if (!checkRuntimeFolder(runtime)) return undefined;
  const link = new Link(path);
  return (await link.opened) ? link : undefined;
}

export class Link implements Connection {
  /** False: nobody listens. */
  readonly opened: Promise<boolean>;
  /** the agent's process */
  pid = 0;
  readonly #socket: net.Socket;
  readonly #buffer = new Uint8Array(new ArrayBuffer(65_536));
  readonly #reader = new FrameReader<AnswerHeader>(parseAnswer, plainRoom);
  #waiting: { resolve(frame: Frame<AnswerHeader>): void; reject(failure: unknown): void } | undefined;
  #begun: Meanwhile | undefined;
  /** why there will be no further answer; "" = the other side closed */
  #dead: unknown;

  constructor(path: string) {
    const onread = { buffer: this.#buffer, callback: (count: number) => this.#read(this.#buffer.subarray(0, count)) };
    this.#socket = net.connect({ path, onread });
    this.opened = new Promise((resolve, reject) => {
      this.#socket.once("connect", () => {
        try {
          this.#checkPeer();
          resolve(true);
        } catch (failure) {
          this.close();
          reject(failure);
        }
      });
      this.#socket.on("error", ({ code }: NodeJS.ErrnoException) => {
        if (code === "ENOENT" || code === "ECONNREFUSED") return resolve(false);
        reject(new ZvaultError("agent-start", `the agent's socket ${path} cannot be used (${code})`));
      });
    });
    this.opened.catch(() => {}); // whoever dials hears of it
    this.#socket.on("close", () => this.#end(undefined));
  }

  #checkPeer(): void {
    const { fd } = (this.#socket as unknown as { _handle: { fd: number } })._handle;
    this.pid = checkPeer(fd);
  }

  /** Sends one request and waits for its answer, as long as it takes. Rejects with `Lost` when the agent goes away before it answers. */
  async ask(header: RequestHeader, parts: readonly Uint8Array[], meanwhile?: Meanwhile): Promise<Frame<AnswerHeader>> {
    const head = printHead(header);
    const answer = new Promise<Frame<AnswerHeader>>((resolve, reject) => {
      if (this.#dead !== undefined) return reject(this.#dead);
      this.#waiting = { resolve, reject };
    });
    this.#socket.ref();
    try {
      if (this.#dead === undefined) this.#write([head, ...parts]);
      meanwhile?.sent?.();
      this.#begun = meanwhile;
      return await answer;
    } finally {
      this.#waiting = undefined;
      this.#socket.unref(); // a connection at rest keeps no process alive
    }
  }

  /** No more copies than the kernel's: the parts are handed over as they are. */
  #write(parts: Uint8Array[]): void {
    this.#socket.cork();
    for (const part of parts) if (part.length > 0) this.#socket.write(part);
    this.#socket.uncork();
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Uint8Array): boolean {
    this.#begun?.begun();
    this.#begun = undefined;
    try {
      for (const frame of this.#reader.push(bytes)) {
        if (this.#waiting) this.#waiting.resolve(frame);
        else {
          frame.wipe();
          throw new ZvaultError("protocol", "the agent answered what nobody asked");
        }
        this.#waiting = undefined;
      }
    } catch (failure) {
      this.#end(failure);
      this.close();
    } finally {
      bytes.fill(0);
    }
    return true;
  }

  #end(failure: unknown): void {
    this.#dead ??= failure ?? new Lost();
    this.#reader.abort();
    this.#waiting?.reject(this.#dead);
    this.#waiting = undefined;
  }
}
