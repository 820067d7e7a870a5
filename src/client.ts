/**
 * The Door over the socket. It connects to the agent, or starts one, and asks; refusals are thrown as the ZvaultError that the gate
 * threw. Loaded in the hot lane of `run`: nothing heavy in here.
 */
import type { Calls } from "./calls.ts";
import { build as ownBuild } from "./build.ts";
import { ZvaultError } from "./errors.ts";
import { type AnswerHeader, type RequestHeader, sealHint } from "./frame.ts";
import type { Frame } from "./frame-reader.ts";
import { type Connection, type Dial, Lost, type Meanwhile } from "./connection.ts";
import { homeOf, type Places } from "./locate.ts";
import { isGone, processStat } from "./process-stat.ts";
import type { Answer, Credential, VaultRef } from "./protocol.ts";
import { marksOf } from "./signs/marks.ts";
import type { Command } from "./start-agent.ts";
import { tokenIn } from "./token-file.ts";
import { type VerbName, verbs } from "./verbs.ts";

export type ConnectOptions = {
  places: Places;
  /** start an agent when none runs; else `sealed` is thrown */
  start: boolean;
  /** how to connect, if not by the event loop */
  dial?: Dial;
  /** another build, or another way to start an agent: for tests */
  build?: string;
  command?: Command;
};

export type AskOptions = {
  vault?: VaultRef;
  body?: Uint8Array[];
  credential?: Credential;
  meanwhile?: Meanwhile;
};

/** ms */
const patience = 20_000;
const pause = 20;

export async function connect(o: ConnectOptions): Promise<Client> {
  return new Client(o, await reach(o));
}

async function reach(o: ConnectOptions): Promise<Connection> {
  const end = now() + patience;
  const dial = o.dial ?? (await import("./link.ts")).dial;
  do {
    const link = await dial(o.places.runtime);
    if (link) return link;
    if (!o.start) throw new ZvaultError("sealed", "the vault is sealed", { hint: "run `zvault unseal`" });
    // loaded only now: most commands find an agent
    const { startAgent } = await import("./start-agent.ts");
    // "held": another agent begins, or ends; its socket is there soon, or its lock free
    if ((await startAgent(o.places, o.build ?? ownBuild, o.command)) === "held") await sleep(pause);
  } while (now() < end);
  throw new ZvaultError("agent-start", `an agent runs, but nobody answers on its socket in ${o.places.runtime}`, {
    hint: "end the process `zvault --agent` and try again",
  });
}

/** ms; `performance` would load its module, 3 ms in the hot lane. */
function now(): number {
  return process.uptime() * 1000;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export class Client {
  readonly #options: ConnectOptions;
  #link: Connection;
  #before: Promise<unknown> = Promise.resolve();
  readonly #marks = marksOf(process.env);

  constructor(options: ConnectOptions, link: Connection) {
    this.#options = options;
    this.#link = link;
  }

  /** The agent's process, for messages. */
  get agentPid(): number {
    return this.#link.pid;
  }

  /** Requests of one client are answered in turn. `agent.seal` resolves when the agent's process is gone. */
  ask<V extends VerbName>(verb: V, args: Calls[V]["args"], o: AskOptions = {}): Promise<Answer<V>> {
    const answer = this.#before.then(() => this.#ask(verb, args, o));
    this.#before = answer.catch(() => {});
    return answer;
  }

  close(): void {
    this.#link.close();
  }

  /** With the rights of the token in ZVAULT_TOKEN_FILE, where one is and the vault must be open for the verb. */
  async #ask<V extends VerbName>(verb: V, args: Calls[V]["args"], given: AskOptions): Promise<Answer<V>> {
    const token = given.credential || verbs[verb].state === "any" || verb === "approle.login" ? undefined : tokenIn(process.env);
    if (!token) return this.#askWith(verb, args, given);
    try {
      return await this.#askWith(verb, args, { ...given, credential: token });
    } finally {
      for (const part of token.parts) part.fill(0);
    }
  }

  async #askWith<V extends VerbName>(verb: V, args: Calls[V]["args"], o: AskOptions): Promise<Answer<V>> {
    const header = this.#header(verb, args, o);
    const parts = [...(o.body ?? []), ...(o.credential?.parts ?? [])];
    let frame = await this.#send(header, parts, verb, o.meanwhile);
    // an agent that is on its way out did nothing yet
    for (let again = 0; again < 10 && isEnding(frame); again += 1) {
      this.#link.close();
      await sleep(pause);
      this.#link = await reach(this.#options);
      frame = await this.#send(header, parts, verb, o.meanwhile);
    }
    const { header: answer } = frame;
    if (!answer.ok) {
      const { code, message, hint, names } = answer.error;
      throw new ZvaultError(code, message, { ...(hint === undefined ? {} : { hint }), ...(names ? { names } : {}) });
    }
    if (answer.build !== header.build && verb !== "agent.seal" && verb !== "agent.status") {
      frame.wipe();
      throw new ZvaultError("other-build", `the agent is of build ${answer.build}, this zvault is of build ${header.build}`, {
        hint: sealHint,
      });
    }
    return { result: answer.result as Calls[V]["result"], body: frame.body, release: () => frame.wipe() };
  }

  async #send(
    header: RequestHeader,
    parts: readonly Uint8Array[],
    verb: VerbName,
    meanwhile?: Meanwhile,
  ): Promise<Frame<AnswerHeader>> {
    // when it began is only seen while it lives, and only then is it looked up: it costs a run a third of a millisecond
    const { pid } = this.#link;
    const startTime = verb === "agent.seal" ? (processStat(pid)?.startTime ?? "") : "";
    try {
      const frame = await this.#link.ask(header, parts, meanwhile);
      if (verb === "agent.seal" && frame.header.ok) await this.#gone(pid, startTime);
      return frame;
    } catch (failure) {
      if (!(failure instanceof Lost)) throw failure;
      const harmless = verbs[verb].audit === "none" || verbs[verb].audit === "read";
      if (verb === "agent.seal") {
        await this.#gone(pid, startTime);
        throw new ZvaultError("internal", "the agent ended before it answered; it is gone, and all keys with it");
      }
      if (harmless)
        throw new ZvaultError("agent-start", "the agent went away before it answered; nothing was changed", { hint: "try again" });
      throw new ZvaultError("internal", `the agent went away before it answered; whether ${verb} was done is not known`, {
        hint: "look at `zvault status` before you try again; the agent's log (agent.log in the state folder) may say why",
      });
    }
  }

  #header(verb: VerbName, args: unknown, { vault, body = [], credential }: AskOptions): RequestHeader {
    const { config, state } = this.#options.places;
    return {
      v: 1,
      build: this.#options.build ?? ownBuild,
      verb,
      args: args as Record<string, unknown>,
      ...(vault ? { vault: { id: vault.id, dir: vault.dir, dev: vault.dev, ino: vault.ino } } : {}),
      env: { uid: process.geteuid?.() ?? -1, home: homeOf(process.env) || "/", config, state, marks: this.#marks },
      body: body.map((part) => part.length),
      ...(credential ? { credential: { kind: credential.kind, parts: credential.parts.map((part) => part.length) } } : {}),
    };
  }

  /** Resolves when the process is gone. */
  async #gone(pid: number, startTime: string): Promise<void> {
    this.#link.close();
    for (const end = now() + patience; now() < end; await sleep(5)) if (isGone(pid, startTime)) return;
    throw new ZvaultError("internal", `the agent has sealed, but its process ${pid} still runs`, { hint: `kill -9 ${pid}` });
  }
}

function isEnding({ header }: Frame<AnswerHeader>): boolean {
  return !header.ok && header.error.code === "agent-start";
}
