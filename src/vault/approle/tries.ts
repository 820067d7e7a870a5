/**
 * Wrong logins are answered late: 1, 2, 4 … s for each (listener, user, role_id), known or unknown alike. A right one is never made to wait
 * and ends the count: whoever guesses locks nobody out.
 */
import { ZvaultError } from "../../errors.ts";
import { waitAfter } from "../unseal-log.ts";

/** Role_ids that somebody made up must not fill the memory. */
const most = 1000;

export class Tries {
  readonly #sleep: (milliseconds: number) => Promise<void>;
  readonly #failures = new Map<string, number>();

  constructor(sleep: (milliseconds: number) => Promise<void>) {
    this.#sleep = sleep;
  }

  /** Throws what `act` throws; `denied` only after the wait. */
  async tried<T>(key: string, act: () => T): Promise<T> {
    try {
      const done = act();
      this.#failures.delete(key);
      return done;
    } catch (failure) {
      if (failure instanceof ZvaultError && failure.code === "denied") {
        const count = (this.#failures.get(key) ?? 0) + 1;
        this.#failures.delete(key);
        this.#failures.set(key, count);
        const [oldest] = this.#failures.keys();
        if (this.#failures.size > most && oldest !== undefined) this.#failures.delete(oldest);
        await this.#sleep(1000 * waitAfter(count));
      }
      throw failure;
    }
  }
}
