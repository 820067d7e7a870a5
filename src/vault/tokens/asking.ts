/** A request that comes with a token: whose it is, what it may do, and that its use is spent. */
import { ZvaultError } from "../../errors.ts";
import type { VerbName } from "../../verbs.ts";
import type { Receipt } from "../audit.ts";
import type { Decision } from "../policy/decision.ts";
import type { TokenRights } from "../rights.ts";
import type { Vault } from "../vault.ts";
import { type Found, set, TokenBook } from "./book.ts";
import { used } from "./token.ts";

export function tokenBook(vault: Vault): TokenBook {
  return new TokenBook(vault.state, vault.barrier.header.lineage);
}

/** A layer for each token of the line: every parent must grant what the child wants. */
export function rightsOfLine(line: readonly Found[]): TokenRights {
  return { layers: line.map((one) => one.token.policies), forTool: line[0]?.token.forTool ?? false };
}

/** What a token may always do with itself; no policy is asked. */
export function isOwnAffair(verb: VerbName, args: object): boolean {
  return ["token.lookup", "token.renew", "token.revoke"].includes(verb) && !("accessor" in args);
}

/** True of a request that cannot be answered without a record in the log. */
export function spendsUse({ own }: { own?: Found | undefined }): boolean {
  return own !== undefined && own.token.usesLeft !== 0;
}

/** In the same step as what it is used for; true if it has to be on disk before the answer. The entry may have moved on since it was decided on. */
export function spendUse({ vault, own }: { vault: Vault; own?: Found | undefined }, receipt: Receipt): boolean {
  const token = own && tokenBook(vault).get(own.key);
  if (!own || !token || token.usesLeft === 0) return false;
  vault.append(receipt, [set(own.key, used(token))], []);
  return true;
}

/** One text for all that can be wrong with it. */
export function invalidToken(): ZvaultError {
  return new ZvaultError("denied", "this token is not known, or it is over, used up or revoked", {
    hint: "another one: `zvault token create`, `zvault approle login`",
  });
}

export function notGranted(verb: VerbName, { policies, path }: Decision): ZvaultError {
  const where = path === undefined ? "" : ` on ${path}`;
  return new ZvaultError("denied", `the token's policies (${policies.join(", ")}) do not grant ${verb}${where}`, {
    hint: "`zvault policy test` says what decides",
  });
}
