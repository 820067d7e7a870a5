/**
 * When an agent seals and when it ends: at its deadlines (a suspend counts), at a signal, after `seal`, when it fails, and when it has
 * nothing open and nobody to talk to. Every way ends with the keys wiped and the process gone.
 */
import { wipeAll } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import type { VaultDoor } from "../vault/door.ts";
import { sleepMeter } from "./clock.ts";
import type { Listener } from "./listener.ts";
import type { AgentLog } from "./log.ts";

/** ms */
const startGrace = 2000;
const poll = 5000;
const lameTime = 50;
const patience = 5000;
const longestTimer = 2 ** 31 - 1;

export class Lifecycle {
  readonly #door: VaultDoor;
  readonly #log: AgentLog;
  readonly #clock: () => Date;
  /** ms without connection and without anything open after which the agent goes */
  readonly #grace: number;
  readonly #slept = sleepMeter();
  #listener: Listener | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  #ending = false;

  constructor(door: VaultDoor, log: AgentLog, clock: () => Date, grace = 1000) {
    this.#door = door;
    this.#log = log;
    this.#clock = clock;
    this.#grace = grace;
  }

  begin(listener: Listener): void {
    this.#listener = listener;
    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) process.on(signal, () => this.end(signal, 0));
    setInterval(() => this.#look(), poll);
    this.quiet(startGrace); // whoever started it is about to connect
  }

  /** Before each request: nothing may be served with keys whose time is over. Throws `agent-start` when the agent is on its way out. */
  async before(): Promise<void> {
    if (this.#ending) throw new ZvaultError("agent-start", "the agent is ending", { hint: "try again" });
    clearTimeout(this.#idle);
    const due = this.#door.nextDeadline();
    if (due !== undefined && due <= this.#clock().getTime()) await this.#tick();
  }

  after(verb: string, ok: boolean): void {
    if (verb === "agent.seal" && ok) this.end("seal", 0);
    else this.#arm();
    this.quiet();
  }

  /** Somebody left, or something was sealed: perhaps there is nothing to stay for. */
  quiet(grace = this.#grace): void {
    clearTimeout(this.#idle);
    if (this.#needed()) return;
    this.#idle = setTimeout(() => {
      if (!this.#needed()) this.end("nothing open", 0);
    }, grace);
  }

  #needed(): boolean {
    return this.#ending || this.#door.openCount() > 0 || (this.#listener?.connections ?? 0) > 0;
  }

  #arm(): void {
    clearTimeout(this.#deadline);
    const due = this.#door.nextDeadline();
    if (due === undefined) return;
    const wait = Math.min(Math.max(due - this.#clock().getTime(), 0) + 10, longestTimer);
    this.#deadline = setTimeout(() => this.#due(), wait);
  }

  #due(): void {
    this.#tick().catch((failure: unknown) => this.fail("tick", failure));
  }

  async #tick(): Promise<void> {
    await this.#door.tick();
    this.#arm();
    this.quiet();
  }

  /** Timers stand still while the machine sleeps. */
  #look(): void {
    if (this.#ending) return;
    const slept = this.#slept();
    if (slept > 1) {
      this.#log.write(`the machine slept for ${Math.round(slept)} s`);
      this.#due();
    }
    if (this.#listener?.reachable === false) this.end("the socket was taken away", 0);
  }

  /** Seals, lets answers out, and ends the process. Who is already connected is told to come again. */
  end(reason: string, code: number): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#log.write(`ending: ${reason}`);
    this.#finish(reason, code).catch((failure: unknown) => this.fail("end", failure));
  }

  async #finish(reason: string, code: number): Promise<void> {
    setTimeout(() => this.#exit(70), patience);
    try {
      this.#listener?.hide();
      await this.#door.seal(reason);
    } catch (failure) {
      this.#log.failure("seal", failure);
    }
    // whoever connected just before the socket was hidden gets an answer, not a dead line
    const end = Date.now() + 1000;
    do await new Promise((resolve) => setTimeout(resolve, lameTime));
    while (this.#listener?.busy && Date.now() < end);
    this.#exit(code);
  }

  /** Something broke that must not break. */
  fail(where: string, failure: unknown): never {
    wipeAll();
    this.#log.failure(where, failure);
    process.exit(70);
  }

  #exit(code: number): never {
    wipeAll();
    process.exit(code);
  }
}
