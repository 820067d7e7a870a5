/**
 * Arguments and results of every verb, as they stand in a frame's header. Values and credentials never do: they are the
 * frame's body (`Request.body`, `Request.credential.parts`, `Answer.body`), and the comments here say in which order.
 * Times are RFC 3339 strings in UTC, ids and hashes lower-case hex.
 */
import type { AuditCalls } from "./calls/audit.ts";
import type { KvCalls } from "./calls/kv.ts";
import type { PolicyCalls } from "./calls/policy.ts";
import type { TokenCalls } from "./calls/token.ts";
import type { TransitCalls } from "./calls/transit.ts";
import type { VaultCalls } from "./calls/vault.ts";

/** `args` and `result` of each verb. */
export interface Calls extends VaultCalls, KvCalls, TransitCalls, PolicyCalls, TokenCalls, AuditCalls {}
