/** random and hash: no key is in it, so what they need is a Receipt only. */
import { createHash } from "node:crypto";
import type { Calls } from "../../../calls.ts";
import { Secret } from "../../../crypto/secret.ts";
import type { Receipt } from "../../audit.ts";
import { messagesOf } from "./items.ts";

const algorithms = { "sha2-256": "sha256", "sha2-384": "sha384", "sha2-512": "sha512" } as const;

export const hashing = {
  random(_receipt: Receipt, args: Calls["transit.random"]["args"]): Secret {
    return Secret.random(args.bytes);
  },

  hash(_receipt: Receipt, args: Calls["transit.hash"]["args"], body: readonly Secret[]): Calls["transit.hash"]["result"] {
    const sums = messagesOf(args.pieces, body).map((message) => {
      const work = createHash(algorithms[args.algorithm]);
      for (const piece of message) piece.use((bytes) => work.update(bytes));
      return work.digest("hex");
    });
    return { sums };
  },
};
