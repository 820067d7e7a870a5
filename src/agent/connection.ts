/**
 * One connection: frames → requests → door → answers, one after the other. Bytes are read into one locked buffer that all connections
 * share (a read is handed over at once, so no two are ever in it) and from there into secrets; Node's own 'data' chunks would leave
 * copies in freed memory.
 */
import { randomUUID } from "node:crypto";
import net from "node:net";
import { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import { type AnswerHeader, frameLimits, noFrame, parseRequest, printHead, type RequestHeader, sealHint } from "../frame.ts";
import { type Frame, FrameReader, type Room } from "../frame-reader.ts";
import type { Answer, Door, Request } from "../protocol.ts";
import { isVerb } from "../verbs.ts";
import type { Peer } from "./caller.ts";
import type { AgentLog } from "./log.ts";
import { Room as Share } from "./room.ts";

/** What a connection needs of its agent. */
export type Serving = {
  door: Door;
  build: string;
  places: { config: string; state: string };
  log: AgentLog;
  /** ms from a frame's first byte to its last, and for taking an answer */
  time: number;
  /** Before each request; throws what the request is then answered with. */
  before(): Promise<void>;
  /** After each answer was sent. */
  after(verb: string, ok: boolean): void;
};

/** Served to other builds and homes too: they only report and close. */
const forAll = new Set(["agent.seal", "agent.status"]);

let shared: Secret | undefined;

/** Locked memory for one frame's parts. */
export function secretRoom(length: number): Room {
  const secret = Secret.alloc(length);
  return { bytes: secret.use((bytes) => bytes), wipe: () => secret.wipe() };
}

export class Connection {
  readonly #serving: Serving;
  readonly #peer: Peer;
  readonly #reader = new FrameReader<RequestHeader>(parseRequest, secretRoom);
  readonly #socket: net.Socket;
  readonly #room = new Share(() => this.cut());
  #queue: Frame<RequestHeader>[] = [];
  #busy = false;
  #ended = false;
  #broken = false;
  #timer: NodeJS.Timeout | undefined;
  #sent = (): void => {};

  /** `handle`: of a socket that was accepted and not read from. */
  constructor(handle: unknown, peer: Peer, serving: Serving, closed: () => void) {
    this.#serving = serving;
    this.#peer = peer;
    shared ??= Secret.alloc(65_536);
    const buffer = shared.use((bytes) => bytes);
    const options = {
      handle,
      allowHalfOpen: true,
      onread: { buffer, callback: (count: number) => this.#read(buffer.subarray(0, count)) },
    };
    this.#socket = new net.Socket(options as net.SocketConstructorOpts);
    this.#socket.on("error", () => {}); // 'close' follows
    this.#socket.on("end", () => this.#end());
    this.#socket.on("close", () => {
      clearTimeout(this.#timer);
      this.#ended = true;
      this.#sent();
      this.#reader.abort();
      this.#room.release();
      for (const frame of this.#queue.splice(0)) frame.wipe();
      closed();
    });
  }

  /** A request is being answered or has begun to arrive. */
  get busy(): boolean {
    return this.#busy || !this.#reader.idle;
  }

  cut(): void {
    this.#socket.destroy();
  }

  /** False: enough for now, go on after the next answer. */
  #read(bytes: Uint8Array): boolean {
    try {
      if (this.#broken) return true; // the rest of something that is no frame, so that our answer gets through
      this.#room.hold(bytes.length);
      this.#queue.push(...this.#reader.push(bytes));
      this.#watch();
      this.#work().catch((failure: unknown) => {
        this.#serving.log.failure("connection", failure);
        this.cut();
      });
      return !this.#busy;
    } catch (failure) {
      this.#refuse(failure);
      return true;
    } finally {
      bytes.fill(0);
    }
  }

  /** A frame that has begun has until then to end. */
  #watch(): void {
    if (this.#reader.idle) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else {
      this.#timer ??= setTimeout(() => this.cut(), this.#serving.time);
    }
  }

  #end(): void {
    this.#ended = true;
    if (!this.#busy) this.#socket.end(() => this.cut());
  }

  /** The stream is beyond repair: say so, take what still comes, cut. */
  #refuse(failure: unknown): void {
    this.#broken = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cut(), Math.min(1000, this.#serving.time));
    this.#socket.end(printHead(this.#failed(failure)));
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let frame = this.#queue.shift(); frame; frame = this.#queue.shift()) {
      const { verb } = frame.header;
      let answer: Answer | undefined;
      let ok = false;
      try {
        answer = await this.#ask(frame);
        await this.#send([printHead(this.#done(answer)), ...answer.body]);
        ok = true;
      } catch (failure) {
        await this.#send([printHead(this.#failed(failure))]);
      } finally {
        answer?.release();
        frame.wipe();
        this.#serving.after(verb, ok);
      }
    }
    this.#busy = false;
    if (this.#reader.idle) this.#room.release();
    if (this.#ended) this.#socket.end(() => this.cut());
    else if (!this.#broken) this.#socket.resume();
  }

  async #ask({ header, body, credential }: Frame<RequestHeader>): Promise<Answer> {
    await this.#serving.before();
    const { verb, args, vault, env } = header;
    const { build, places, door } = this.#serving;
    const caller = this.#peer.caller(env.marks);
    if (env.uid !== caller.uid) throw noFrame("it names another user than the one who sent it");
    if (!forAll.has(verb)) {
      if (header.build !== build) {
        const message = `the agent is of build ${build}, this zvault is of build ${header.build}`;
        throw new ZvaultError("other-build", message, { hint: sealHint });
      }
      if (env.config !== places.config || env.state !== places.state) throw otherHome(places);
    }
    if (!isVerb(verb)) throw new ZvaultError("usage", "there is no such verb");
    const request: Request = {
      verb,
      args: args as Request["args"], // the gate checks them
      ...(vault ? { vault } : {}),
      ...(body.length > 0 ? { body } : {}),
      ...(header.credential ? { credential: { kind: header.credential.kind, parts: credential } } : {}),
    };
    const answer = await door.ask(request, caller);
    if (verb === "kv.resolve") this.#peer.ran();
    return answer;
  }

  #done(answer: Answer): AnswerHeader {
    return { v: 1, build: this.#serving.build, ok: true, result: answer.result, body: answer.body.map((part) => part.length) };
  }

  #failed(failure: unknown): AnswerHeader {
    let known = failure;
    if (!(known instanceof ZvaultError)) {
      const id = randomUUID().slice(0, 8);
      this.#serving.log.failure(`internal error ${id}`, failure);
      known = new ZvaultError("internal", `internal error ${id}`, {
        hint: "the agent's log (agent.log in the state folder) says where",
      });
    }
    const { code, message, hint, names } = known as ZvaultError;
    const error = { code, message, ...(hint === undefined ? {} : { hint }), ...(names.length === 0 ? {} : { names: [...names] }) };
    return { v: 1, build: this.#serving.build, ok: false, error, body: [] };
  }

  /** Resolves when the kernel has all of it, or nobody will ever read it: not before may the bytes be wiped. Never rejects. */
  async #send(parts: Uint8Array[]): Promise<void> {
    const socket = this.#socket;
    const full = parts.filter((part) => part.length > 0);
    const last = full.pop();
    if (!last || socket.closed) return;
    const slow = setTimeout(() => this.cut(), this.#serving.time);
    await new Promise<void>((resolve) => {
      this.#sent = resolve; // 'close' calls it
      socket.cork();
      for (const part of full) socket.write(part);
      socket.write(last, (failure) => {
        if (failure) return; // the handle may still be open: 'close' says when it is not
        resolve();
      });
      socket.uncork();
    });
    clearTimeout(slow);
  }
}

function otherHome({ config, state }: { config: string; state: string }): ZvaultError {
  return new ZvaultError("other-home", `the agent that runs serves other folders: ${config} and ${state}`, {
    hint: "run `zvault seal` to end it, or use the HOME and XDG folders it was started with",
    names: [config, state],
  });
}

/** Limits of time for real agents. */
export const servingTime: number = frameLimits.time;
