/**
 * Presence: the proof that a person, or a script with a key file, is behind a request. The agent checks it; here it is only gathered, by
 * --key-file and --share, else unseen on the terminal itself.
 */
import { ZvaultError } from "../errors.ts";
import type { SlotInfo } from "../calls/vault.ts";
import type { Credential } from "../protocol.ts";
import { promptHidden } from "../run/prompt.ts";
import { readKeyFile } from "../secret-file.ts";
import { readShares } from "./credential.ts";

/** As flags give it; empty: ask on the terminal when the agent wants a proof. */
export type PresenceFlags = { keyFile?: string | undefined; shares?: readonly string[] | undefined };

/** undefined when no flag gives one. */
export async function presenceFromFlags(flags: PresenceFlags): Promise<Credential | undefined> {
  if (flags.keyFile !== undefined && (flags.shares?.length ?? 0) > 0) {
    throw new ZvaultError("usage", "--key-file and --share are two proofs; one is enough");
  }
  if (flags.keyFile !== undefined) return readKeyFile(flags.keyFile);
  if ((flags.shares?.length ?? 0) > 0) return readShares(flags.shares ?? []);
  return undefined;
}

/** A passphrase that is typed unseen. The caller wipes it. */
export async function askPassphrase(prompt: string): Promise<Credential> {
  const bytes = await promptHidden(prompt);
  if (bytes.length === 0) throw new ZvaultError("interrupted", "no passphrase was typed", { hint: "nothing was changed" });
  return { kind: "passphrase", parts: [bytes] };
}

/** Asks for what one of the slots takes: a passphrase before shares; a key file cannot be typed. */
export async function askFor(slots: readonly SlotInfo[], what: string): Promise<Credential> {
  const kinds = new Set(slots.map((slot) => slot.kind));
  if (kinds.size === 0 || kinds.has("identity") || kinds.has("passphrase")) return askPassphrase(`${what}. Passphrase: `);
  const shares = slots.find((slot) => slot.kind === "shares");
  if (shares) return askShares(shares.threshold ?? 2, what);
  throw new ZvaultError("presence-needed", "only a key file opens this vault", { hint: "--key-file FILE" });
}

async function askShares(threshold: number, what: string): Promise<Credential> {
  const parts: Uint8Array[] = [];
  try {
    for (let at = 1; at <= threshold; at++) {
      const bytes = await promptHidden(`${at === 1 ? `${what}. ` : ""}Share ${at} of ${threshold}: `);
      if (bytes.length === 0) throw new ZvaultError("interrupted", "no share was typed", { hint: "nothing was changed" });
      parts.push(bytes);
    }
  } catch (error) {
    for (const part of parts) part.fill(0);
    throw error;
  }
  return { kind: "shares", parts };
}
