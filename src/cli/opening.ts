/** What opens a vault, as `unseal` and `access test` take it: passphrase, shares or key file, by flags or typed unseen. */
import type { SlotInfo } from "../calls/vault.ts";
import { ZvaultError } from "../errors.ts";
import type { Credential } from "../protocol.ts";
import { readKeyFile } from "../secret-file.ts";
import { readShares, wipe } from "./credential.ts";
import { note } from "./output.ts";
import { fromStdin } from "./passphrase.ts";
import { askFor, askPassphrase } from "./presence.ts";
import type { Session } from "./session.ts";

const tries = 3;

export type OpeningFlags = { passphrase: boolean; share?: string[] | undefined; "key-file"?: string | undefined };

/** `source`: "-" for a passphrase from stdin. `once` gets a credential, which is wiped after it; what is typed wrong is asked for again. */
export async function byCredential<T>(
  session: Session,
  o: { flags: OpeningFlags; source: string | undefined; what: string },
  once: (credential: Credential) => Promise<T>,
): Promise<T> {
  await session.client();
  const wiped = (credential: Credential) => once(credential).finally(() => wipe(credential));
  const given = await fromFlags(o.flags, o.source);
  if (given) return wiped(given);
  const slots = session.located() ? (await session.ask("vault.status", {})).result.slots : [];
  for (let left = tries; ; left--) {
    try {
      return await wiped(await typed(slots, o.flags.passphrase, o.what));
    } catch (error) {
      const again = error instanceof ZvaultError && (error.code === "wrong-passphrase" || error.code === "wrong-share");
      if (!again || left === 1) throw error;
      note(error.message);
    }
  }
}

async function fromFlags(flags: OpeningFlags, source: string | undefined): Promise<Credential | undefined> {
  const kinds = [flags.passphrase || source !== undefined, flags["key-file"] !== undefined, (flags.share?.length ?? 0) > 0];
  if (kinds.filter(Boolean).length > 1) throw new ZvaultError("usage", "one way is enough: --passphrase, --share or --key-file");
  if (source !== undefined) return { kind: "passphrase", parts: [fromStdin(source)] };
  if (flags["key-file"] !== undefined) return readKeyFile(flags["key-file"]);
  return (flags.share?.length ?? 0) > 0 ? readShares(flags.share ?? []) : undefined;
}

function typed(slots: readonly SlotInfo[], passphrase: boolean, what: string): Promise<Credential> {
  if (!passphrase && slots.length > 0) return askFor(slots, what);
  return askPassphrase(what === "Unseal" ? "Passphrase: " : `${what}. Passphrase: `);
}
