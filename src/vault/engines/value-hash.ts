/** Whether a value is stored in the vault, and where, without showing one: HMACs under a key of their own are compared. */
import { setImmediate as turn } from "node:timers/promises";
import type { Calls } from "../../calls.ts";
import { equal } from "../../crypto/equal.ts";
import { hex } from "../../crypto/hash.ts";
import { hmac } from "../../crypto/kdf.ts";
import type { Secret } from "../../crypto/secret.ts";
import { ZvaultError } from "../../errors.ts";
import { isReserved } from "../../path.ts";
import type { Receipt } from "../audit.ts";
import type { Vault } from "../vault.ts";
import { checkSize } from "./kv.ts";

type Hash = Calls["audit.hash"]["result"];

/** Values between two turns of the event loop. */
const atOnce = 200;

/** Every version that still has its value is opened, one at a time. Throws `protocol` unless there is one value. */
export async function hashValue(vault: Vault, _receipt: Receipt, values: readonly Secret[]): Promise<Hash> {
  const [value] = values;
  if (!value || values.length !== 1) throw new ZvaultError("protocol", "one value is looked for at a time");
  checkSize(value, "the value");
  const key = vault.keyring.valueKey();
  try {
    return await lookFor(vault, key, hashOf(key, value));
  } finally {
    key.wipe();
  }
}

async function lookFor(vault: Vault, key: Secret, wanted: Uint8Array): Promise<Hash> {
  const seen: Hash["seen"] = [];
  const records = new Set<number>();
  let looked = 0;
  for (const secret of vault.state.secrets.values()) {
    if (isReserved(secret.path)) continue;
    for (const { number, state, fields } of secret.versions) {
      for (const [field, ref] of fields) {
        looked += 1;
        if (looked % atOnce === 0) await turn();
        vault.checkOpen();
        const stored = vault.barrier.read(ref);
        const same = equal(hashOf(key, stored), wanted);
        stored.wipe();
        if (!same) continue;
        seen.push({ path: secret.path, version: number, field, state });
        records.add(ref.sequence);
      }
    }
  }
  return { hmac: hex(wanted), records: records.size, seen };
}

function hashOf(key: Secret, value: Secret): Uint8Array {
  return value.use((bytes) => hmac(key, bytes));
}
