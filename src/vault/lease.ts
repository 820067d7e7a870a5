/** How long keys may stay: until a time that nothing extends, and only while they are used. Milliseconds of a clock that counts suspend. */
export type LeaseTerms = { lifetime: number; idle: number };

export const defaultLease: LeaseTerms = { lifetime: 12 * 3600_000, idle: 4 * 3600_000 };
export const longestLease = 7 * 24 * 3600_000;

export class Lease {
  readonly terms: LeaseTerms;
  readonly #uptime: () => number;
  readonly #end: number;
  #lastUse: number;

  constructor(terms: LeaseTerms, uptime: () => number) {
    this.terms = terms;
    this.#uptime = uptime;
    this.#lastUse = uptime();
    this.#end = this.#lastUse + terms.lifetime;
  }

  use(): void {
    this.#lastUse = this.#uptime();
  }

  get idleLeft(): number {
    return Math.max(0, this.#lastUse + this.terms.idle - this.#uptime());
  }

  get absoluteLeft(): number {
    return Math.max(0, this.#end - this.#uptime());
  }

  get left(): number {
    return Math.min(this.idleLeft, this.absoluteLeft);
  }
}
