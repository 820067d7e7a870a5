/** Which secrets are not wiped yet, of all that are made outside of the key work (whose process ends with them). */
import { Secret } from "../../src/crypto/secret.ts";
import type { KeyWork } from "../../src/vault/keywork.ts";
import { perform } from "../../src/vault/keywork.ts";
import { cheapKdf } from "./vault.ts";

/** each with where it was made */
const made = new Map<Secret, Error>();
let inside = 0;

function noted(secret: Secret): Secret {
  if (inside === 0) made.set(secret, new Error("made here"));
  return secret;
}

const { alloc, take, random } = Secret;
const { clone } = Secret.prototype;
Secret.alloc = (length) => noted(alloc.call(Secret, length));
Secret.take = (bytes) => noted(take.call(Secret, bytes));
Secret.random = (length) => noted(random.call(Secret, length));
Secret.prototype.clone = function (this: Secret) {
  return noted(clone.call(this));
};

/** Where those that are alive were made. They are not counted again. */
export function leaks(): string[] {
  const found: string[] = [];
  for (const [secret, at] of made)
    if (!secret.wiped) found.push((at.stack ?? "").split("\n").slice(3, 6).join(" < ").replaceAll(/ +at /g, ""));
  made.clear();
  return found;
}

/** The key work in this process; what it makes is not counted. */
export const work: KeyWork = async (job) => {
  inside += 1;
  try {
    return await perform(job, cheapKdf);
  } finally {
    inside -= 1;
  }
};
