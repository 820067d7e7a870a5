/** Values that leave the vault as text, for `export` and `eject`: with presence, and with the state of those that are gone. */
import type { Calls } from "../calls.ts";
import type { SentReference } from "../calls/kv.ts";
import { printReference } from "../envfile/reference.ts";
import type { Value } from "../run/values.ts";
import type { PresenceFlags } from "./presence.ts";
import type { Session } from "./session.ts";

export type Held = Value & { state: Calls["kv.export"]["result"]["values"][number]["state"]; version: number };

export type Ask = {
  session: Session;
  /** as the vault names it */
  folder: string;
  presence: PresenceFlags;
  /** what a person reads before the prompt */
  what: string;
};

/** By the canonical text of the reference. `at`: as it was then. The caller wipes the bytes. */
export async function heldValues(
  ask: Ask,
  refs: readonly SentReference[],
  more: Pick<Calls["kv.export"]["args"], "at" | "until"> = {},
): Promise<Map<string, Held>> {
  const found = new Map<string, Held>();
  if (refs.length === 0 && more.until === undefined) return found;
  const args = { folder: ask.folder, refs: [...refs], ...more };
  const answer = await ask.session.ask("kv.export", args, { presence: ask.presence, what: ask.what });
  try {
    for (const [at, ref] of refs.entries()) {
      const about = answer.result.values[at];
      if (about) found.set(printReference(ref), { ...about, bytes: (answer.body[at] ?? new Uint8Array()).slice() });
    }
    return found;
  } finally {
    answer.release();
  }
}

export function wipeValues(values: Iterable<Value>): void {
  for (const one of values) one.bytes.fill(0);
}
