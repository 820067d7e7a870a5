/** One command's talk with the agent: the vault at hand, questions, and the proof of presence when the agent wants one. */
import { parseHead } from "../envfile/head.ts";
import type { Calls } from "../calls.ts";
import type { SeenCaller } from "../calls/vault.ts";
import { connect, type Client } from "../client.ts";
import { dialDirect } from "../direct-link.ts";
import { ZvaultError } from "../errors.ts";
import { homeOf, locateVault, placesOf, type Located, type Places } from "../locate.ts";
import type { Answer, Credential, VaultRef } from "../protocol.ts";
import { shield } from "../run/exec.ts";
import { findFiles } from "../run/files.ts";
import type { VerbName } from "../verbs.ts";
import { wipe } from "./credential.ts";
import { note } from "./output.ts";
import { askFor, presenceFromFlags, type PresenceFlags } from "./presence.ts";

export type SessionOptions = {
  /** from --vault */
  vault?: string | undefined;
  /** false: an agent that does not run is not started; `client` is then undefined */
  start?: boolean;
};

export type AskOptions = {
  body?: Uint8Array[];
  credential?: Credential | undefined;
  /** flags that prove presence; undefined: this verb is never asked again with a proof */
  presence?: PresenceFlags;
  /** what a person reads before the prompt, "Show DATABASE_URL" */
  what?: string;
  /** false: not about the vault at hand */
  vault?: boolean;
};

const tries = 3;

export class Session {
  readonly places: Places;
  readonly #options: SessionOptions;
  #client: Client | undefined;
  #seen: SeenCaller | undefined;
  #dir: string | undefined;
  /** null: not looked for yet */
  #located: Located | undefined | null = null;

  constructor(options: SessionOptions = {}) {
    this.places = placesOf(process.env);
    this.#options = options;
  }

  /** The vault at hand, undefined if there is none. Throws as `locateVault`. */
  located(): Located | undefined {
    if (this.#located === null) {
      const dir = this.#dir ?? this.#options.vault ?? process.env["ZVAULT_DIR"];
      const headId = dir === undefined ? headVault() : undefined;
      const home = homeOf(process.env);
      this.#located = locateVault({
        cwd: process.cwd(),
        places: this.places,
        ...(dir === undefined || dir === "" ? {} : { dir }),
        ...(headId === undefined ? {} : { headId }),
        ...(home === "" ? {} : { home }),
      });
    }
    return this.#located;
  }

  /** Throws `no-vault`. */
  vault(): Located {
    const found = this.located();
    if (!found) throw new ZvaultError("no-vault", "there is no vault here", { hint: "zvault import .env   or   zvault init" });
    return found;
  }

  /** From now on the vault in `dir`: it was just made. */
  at(dir: string): void {
    this.#dir = dir;
    this.#located = null;
  }

  /** After a vault was made, adopted or restored where one is looked for. */
  forget(): void {
    this.#located = null;
  }

  /** undefined only with `start: false` and no agent. */
  async client(): Promise<Client | undefined> {
    if (this.#client) return this.#client;
    try {
      this.#client = await connect({ places: this.places, start: this.#options.start ?? true, dial: dialDirect });
    } catch (error) {
      const none = error instanceof ZvaultError && error.code === "sealed";
      if (!none) throw error;
    }
    await this.#shielded(this.#client);
    return this.#client;
  }

  /**
   * From here on no other program of this user looks into this process: a credential or a value may come. Not before the agent has
   * looked, which it does before it answers anything.
   */
  async #shielded(client: Client | undefined): Promise<void> {
    const answer = await client?.ask("agent.status", {}, { meanwhile: { begun: shield } }).catch(() => undefined);
    this.#seen = answer?.result.caller;
  }

  /** How the agent sees this process: as a person's, or as an AI tool's. */
  async seen(): Promise<SeenCaller> {
    await this.client();
    // an agent of another build may not say
    return this.#seen ?? { verdict: "ambiguous", signs: [] };
  }

  async ask<V extends VerbName>(verb: V, args: Calls[V]["args"], o: AskOptions = {}): Promise<Answer<V>> {
    const client = await this.client();
    if (!client) throw new ZvaultError("sealed", "no agent is running", { hint: "zvault unseal" });
    const vault = o.vault === false ? undefined : refOf(this.vault());
    const once = (credential: Credential | undefined) =>
      client.ask(verb, args, {
        ...(vault === undefined ? {} : { vault }),
        ...(o.body === undefined ? {} : { body: o.body }),
        ...(credential === undefined ? {} : { credential }),
      });
    const given = o.credential ?? (o.presence === undefined ? undefined : await presenceFromFlags(o.presence));
    if (given || o.presence === undefined) {
      try {
        return await once(given);
      } finally {
        wipe(given);
      }
    }
    return this.#prove(once, o.what ?? verb);
  }

  /** Asks without a proof first: one that was given in this terminal a moment ago still counts. */
  async #prove<T>(once: (credential: Credential | undefined) => Promise<T>, what: string): Promise<T> {
    try {
      return await once(undefined);
    } catch (error) {
      if (!(error instanceof ZvaultError) || error.code !== "presence-needed") throw error;
      return this.#type(once, what, error);
    }
  }

  async #type<T>(once: (credential: Credential) => Promise<T>, what: string, refusal: ZvaultError): Promise<T> {
    const { slots } = (await this.ask("vault.status", {})).result;
    for (let left = tries; ; left--) {
      const credential = await askFor(slots, what).catch((error: unknown) => {
        // no terminal: the refusal says more than "would have to ask", and has its exit code
        throw error instanceof ZvaultError && error.code === "would-ask" ? withoutTerminal(refusal) : error;
      });
      try {
        return await once(credential);
      } catch (error) {
        const again = error instanceof ZvaultError && (error.code === "wrong-passphrase" || error.code === "wrong-share");
        if (!again || left === 1) throw error;
        note(error.message);
      } finally {
        wipe(credential);
      }
    }
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}

function withoutTerminal(refusal: ZvaultError): ZvaultError {
  return new ZvaultError("presence-needed", refusal.message, {
    hint: "there is no terminal to ask on: add --key-file FILE, or type it in your own terminal",
    names: refusal.names,
  });
}

export function refOf(found: Located): VaultRef {
  return { id: found.id, dir: found.dir, dev: found.dev, ino: found.ino };
}

/** The vault that the nearest `.env.zvault` names; a file that cannot be read is no hint. */
export function headVault(): string | undefined {
  try {
    for (const file of findFiles({ cwd: process.cwd(), home: process.env["HOME"] })) {
      const head = parseHead(new TextDecoder().decode(file.bytes.subarray(0, 4096)));
      if (head) return head.vault;
    }
  } catch (error) {
    if (!(error instanceof ZvaultError)) throw error;
  }
  return undefined;
}
