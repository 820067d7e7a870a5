/**
 * Shamir shares as text: `zvault-share:1:<vault id>:<slot>:<index>:<threshold>:<66 hex>:<8 hex>`. A foreign share, one of an earlier
 * set, a typo and a duplicate can be told apart before anything is combined. Only one spelling is accepted.
 */
import { fromHex, hex, sha256 } from "../crypto/hash.ts";
import { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";

export type Share = {
  /** vault id, 32 hex digits */
  vault: string;
  /** first 8 hex digits of the slot's id: shares of an earlier set have another */
  slot: string;
  /** 1–255 */
  index: number;
  threshold: number;
  /** 32 bytes of y ‖ 1 byte of x */
  part: Secret;
};

const shape = /^zvault-share:1:([0-9a-f]{32}):([0-9a-f]{8}):([1-9]\d{0,2}):([1-9]\d{0,2}):([0-9a-f]{66}):([0-9a-f]{8})$/;

function checksum(text: string): string {
  return hex(sha256(new TextEncoder().encode(text)).subarray(0, 4));
}

/** Runs in the key work's process only: the text is a string. */
export function printShare(share: Share): string {
  const body = share.part.use(
    (part) => `zvault-share:1:${share.vault}:${share.slot}:${share.index}:${share.threshold}:${hex(part)}`,
  );
  return `${body}:${checksum(body)}`;
}

/** `place` names the share in messages ("share 2"). Throws `wrong-share`. */
export function parseShare(text: string, place: string): Share {
  const trimmed = text.trim();
  const found = shape.exec(trimmed);
  if (!found) {
    const why = trimmed.startsWith("zvault-share:") ? "is cut short or mistyped" : "is not a zvault share";
    throw new ZvaultError("wrong-share", `${place} ${why}`, { hint: "a share is one line that begins with zvault-share:1:" });
  }
  const [, vault = "", slot = "", index = "", threshold = "", part = "", sum = ""] = found;
  if (checksum(trimmed.slice(0, -9)) !== sum) {
    throw new ZvaultError("wrong-share", `${place} is mistyped (its checksum does not fit)`, { hint: "type it again" });
  }
  return { vault, slot, index: Number(index), threshold: Number(threshold), part: Secret.take(fromHex(part)) };
}

/** Checks that the shares belong together, to this vault and this slot, and are enough. Throws `wrong-share`. */
export function checkShares(shares: readonly Share[], vault: string, slot: string, threshold: number): void {
  const seen = new Map<string, number>();
  for (const [at, share] of shares.entries()) {
    const place = `share ${at + 1}`;
    if (share.vault !== vault) {
      throw new ZvaultError(
        "wrong-share",
        `${place} belongs to another vault (${share.vault.slice(0, 8)}…, this is ${vault.slice(0, 8)}…)`,
        { hint: "give the shares of this vault: each begins with zvault-share:1: and the vault's id" },
      );
    }
    if (share.slot !== slot) {
      throw new ZvaultError("wrong-share", `${place} is of another set of shares of this vault`, {
        hint: "shares of an earlier set do not open it any more",
      });
    }
    const x = share.part.use((part) => String(part[32]));
    // the secret itself stands there: no share was ever made of it, and the scheme refuses it in words that are for nobody
    if (x === "0") throw new ZvaultError("wrong-share", `${place} is none of those that were made`, { hint: "type it again" });
    for (const key of [`index ${share.index}`, `x ${x}`]) {
      const before = seen.get(key);
      if (before !== undefined && before !== at) {
        throw new ZvaultError("wrong-share", `${place} is the same as share ${before + 1}`, { hint: "each share counts once" });
      }
      seen.set(key, at);
    }
  }
  if (shares.length < threshold) {
    throw new ZvaultError("wrong-share", `too few shares: ${shares.length} of the ${threshold} that are needed`, {
      hint: "give all shares in one call",
    });
  }
}
