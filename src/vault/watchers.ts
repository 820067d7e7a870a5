/**
 * Those who wait for a change of a vault (`kv.watch`) or for a line of its audit log (`audit.tail`). One waits at most an hour, and at most 64 at once: a client that died without a
 * word must not stay for ever. Who is woken looks for itself whether the change was about it.
 */
const most = 64;
const longest = 3600_000;

export class Watchers {
  readonly #waiting = new Set<(over: boolean) => void>();

  /** Until the next change, or line, or the seal; true: waited long enough, or there are too many. */
  next(): Promise<boolean> {
    const [oldest] = this.#waiting;
    if (this.#waiting.size >= most) oldest?.(true);
    return new Promise((resolve) => {
      const wake = (over: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve(over);
      };
      const timer = setTimeout(() => wake(true), longest).unref();
      this.#waiting.add(wake);
    });
  }

  wake(): void {
    for (const wake of this.#waiting) wake(false);
  }
}
