/**
 * Group commit: whoever has written asks for a sync; one that is under way covers only what was written before it began, so all
 * who come meanwhile share the next one. A failed sync poisons it for good: what the kernel dropped cannot be asked for again.
 */
export class GroupSync {
  readonly #sync: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failure: unknown;

  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** Resolves once everything written before this call is on disk. Rejects, now and ever after, when a sync failed. */
  wait(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (!this.#running) return this.#start();
    this.#next ??= this.#running.then(() => this.#start());
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const running = this.#sync()
      .catch((failure: unknown) => {
        this.#failure = failure;
        throw failure;
      })
      .finally(() => {
        if (this.#running === running) this.#running = undefined;
      });
    this.#running = running;
    return running;
  }
}
