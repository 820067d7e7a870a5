/**
 * The connection of the command line: like `Link`, but it waits in the system call. A command has nothing else to do until it has its
 * answer, and a signal still ends it. node:net would take 5 ms to load.
 */
import { closeSync, readSync, writeSync } from "node:fs";
import { ZvaultError } from "./errors.ts";
import { type AnswerHeader, fixedLength, parseAnswer, printHead, type RequestHeader } from "./frame.ts";
import { type Frame, FrameReader, plainRoom } from "./frame-reader.ts";
import { checkPeer, type Connection, type Dial, Lost, type Meanwhile } from "./connection.ts";
import { checkRuntimeFolder, socketPath } from "./runtime-folder.ts";
import { connectTo } from "./sys/socket.ts";

/** `dialNow` as a `Dial`. */
export const dialDirect: Dial = async (runtime) => dialNow(runtime);

/** undefined: nobody listens. Throws `no-runtime`, and `unsafe-file` when somebody else does. */
export function dialNow(runtime: string): Connection | undefined {
  const path = socketPath(runtime);
  if (!checkRuntimeFolder(runtime)) return undefined;
  try {
    return new DirectLink(connectTo(path));
  } catch (failure) {
    if (failure instanceof ZvaultError) throw failure;
    const { code } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ECONNREFUSED") return undefined;
    throw new ZvaultError("agent-start", `the agent's socket ${path} cannot be used (${code})`);
  }
}

class DirectLink implements Connection {
  readonly pid: number;
  readonly #buffer = new Uint8Array(new ArrayBuffer(65_536));
  readonly #reader = new FrameReader<AnswerHeader>(parseAnswer, plainRoom);
  #fd: number | undefined;

  constructor(fd: number) {
    this.#fd = fd;
    try {
      this.pid = checkPeer(fd);
    } catch (failure) {
      this.close();
      throw failure;
    }
  }

  /** Throws `Lost` when the agent goes away before it answers. */
  async ask(header: RequestHeader, parts: readonly Uint8Array[], meanwhile?: Meanwhile): Promise<Frame<AnswerHeader>> {
    for (const part of [printHead(header), ...parts]) this.#send(part);
    meanwhile?.sent?.();
    // the first bytes of an answer are the same in all
    let most = meanwhile ? fixedLength : undefined;
    for (;;) {
      const count = this.#receive(most);
      if (count === 0) throw this.#lost();
      if (most !== undefined) meanwhile?.begun();
      most = undefined;
      const bytes = this.#buffer.subarray(0, count);
      const frame = this.#reader.push(bytes)[0];
      bytes.fill(0);
      if (frame) return frame;
    }
  }

  #send(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#open(), bytes, done);
    } catch {
      // the agent may have said why it hung up
    }
  }

  #receive(most = this.#buffer.length): number {
    try {
      return readSync(this.#open(), this.#buffer, 0, most, null);
    } catch {
      return 0;
    }
  }

  #open(): number {
    if (this.#fd === undefined) throw new Lost();
    return this.#fd;
  }

  #lost(): Lost {
    this.#reader.abort();
    this.close();
    return new Lost();
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
