/**
 * Proof that a person is there: a credential checked by the agent. A passphrase is remembered for five minutes, for that program in
 * that terminal session; a key file counts for the one request only. Wrong ones are answered ever more slowly.
 */
import type { Caller, Credential } from "../protocol.ts";
import { ZvaultError } from "../errors.ts";
import type { Holdings } from "./holdings.ts";
import { waitAfter } from "./unseal-log.ts";
import type { Vault } from "./vault.ts";

const remembered = 5 * 60_000;

export class Presence {
  readonly #holdings: Holdings;
  readonly #until = new Map<string, number>();
  #failures = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(holdings: Holdings) {
    this.#holdings = holdings;
  }

  /** What proved it. undefined: nothing did. Throws `wrong-…` for a wrong credential, after a wait. */
  async prove(vault: Vault, credential: Credential | undefined, caller: Caller): Promise<string | undefined> {
    if (caller.verdict === "sign") return undefined;
    const key = `${vault.id} ${caller.uid} ${caller.session} ${caller.program}`;
    const { uptime } = this.#holdings.world;
    if (!credential) return (this.#until.get(key) ?? -1) > uptime() && caller.session !== "" ? "remembered" : undefined;
    await this.tried(() => this.#holdings.proves(vault, credential));
    if (credential.kind === "passphrase") this.#until.set(key, uptime() + remembered);
    return credential.kind;
  }

  /**
   * One try after the other, a wrong one answered late: 1, 2, 4 … s. A right one is never refused for earlier failures. `wrong` notes it
   * before the wait: whoever asked may hang up in it, and the agent end.
   */
  tried<T>(act: () => Promise<T>, wrong: (failure: ZvaultError) => void = () => {}): Promise<T> {
    const mine = this.#turn.then(async () => {
      try {
        const done = await act();
        this.#failures = 0;
        return done;
      } catch (failure) {
        if (failure instanceof ZvaultError && failure.code.startsWith("wrong-")) {
          this.#failures += 1;
          wrong(failure);
          await this.#holdings.world.sleep(waitAfter(this.#failures) * 1000);
        }
        throw failure;
      }
    });
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  forget(): void {
    this.#until.clear();
  }
}
