/** How long keys may stay: until a time that nothing extends, and only while they are used. Milliseconds of a clock that counts suspend. */
import type { SlotKind } from "../calls/vault.ts";
import type { CredentialKind } from "../protocol.ts";

export type LeaseTerms = { lifetime: number; idle: number };

const [minute, hour] = [60_000, 3600_000];

/**
 * By what opened the vault, where nobody says otherwise (`unseal --for`, `--idle`). A passphrase is in its owner's head, who is at work there:
 * a working day. A key file opens it again at any time and without anybody: it need not stay open. Shares are the consent of several
 * people to one piece of work: it ends soon after it.
 */
const leases = {
  passphrase: { lifetime: 12 * hour, idle: 4 * hour },
  "key-file": { lifetime: 2 * hour, idle: 30 * minute },
  shares: { lifetime: hour, idle: 15 * minute },
} as const satisfies Record<string, LeaseTerms>;

/** The identity's is its passphrase's. */
export function leaseBy(kind: SlotKind | CredentialKind): LeaseTerms {
  return kind === "key-file" || kind === "shares" ? leases[kind] : leases.passphrase;
}

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
