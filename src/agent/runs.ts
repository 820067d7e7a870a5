/**
 * The runs that were given values and still live. The plain lane becomes its program, so a process is remembered, not a program: pid and
 * start time stay through an exec, and what it started has it among its ancestors.
 */
import { processStat } from "../process-stat.ts";

type Run = { pid: number; startTime: string; image: string };

/** More than these at once, and the oldest are forgotten; before that, those that are gone. */
const most = 4096;
const sweepAt = 256;

export class Runs {
  readonly #runs = new Map<string, Run>();
  #sweep = sweepAt;

  /** The process was given values. */
  note(pid: number, startTime: string): void {
    const stat = processStat(pid);
    if (stat?.startTime !== startTime) return;
    const key = `${pid} ${startTime}`;
    this.#runs.delete(key);
    this.#runs.set(key, { pid, startTime, image: stat.image });
    if (this.#runs.size < this.#sweep) return;
    for (const [other, run] of this.#runs) if (processStat(run.pid)?.startTime !== run.startTime) this.#runs.delete(other);
    for (const other of this.#runs.keys()) if (this.#runs.size > most) this.#runs.delete(other);
    this.#sweep = Math.max(sweepAt, this.#runs.size * 2);
  }

  get size(): number {
    return this.#runs.size;
  }

  /** The process, or one above it, is a run or what a run became. */
  holds(self: Run, ancestors: readonly { pid: number; startTime: string }[]): boolean {
    const own = this.#runs.get(`${self.pid} ${self.startTime}`);
    // itself: only if it has become another program since. One that is closed to us has not: an exec opens it again
    if (own && own.image !== self.image && !closed(self.image)) return true;
    return ancestors.some((one) => this.#runs.has(`${one.pid} ${one.startTime}`));
  }
}

function closed(image: string): boolean {
  return image === "1:0";
}
