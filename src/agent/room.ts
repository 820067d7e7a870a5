/**
 * How much of requests that are not answered yet an agent holds: of all connections together. Beyond it the one that holds most is cut, so
 * that a peer that sends and sends costs others nothing.
 */

/** Bytes: a few of the largest requests there are. */
const most = 256 * 1024 * 1024;

export class Room {
  static readonly #all = new Set<Room>();
  static #total = 0;
  readonly #cut: () => void;
  #held = 0;

  /** `cut`: ends the connection; it calls `release` when it is closed. */
  constructor(cut: () => void) {
    this.#cut = cut;
  }

  hold(bytes: number): void {
    this.#held += bytes;
    Room.#total += bytes;
    Room.#all.add(this);
    if (Room.#total <= most) return;
    const largest = [...Room.#all].reduce((one, other) => (other.#held > one.#held ? other : one));
    largest.release();
    largest.#cut();
  }

  release(): void {
    Room.#total -= this.#held;
    this.#held = 0;
    Room.#all.delete(this);
  }
}
