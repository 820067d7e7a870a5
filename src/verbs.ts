/**
 * The one table of verbs. Gate, client, command line, documents and tests read it; there is no other list.
 *
 * `shows`   the answer's body holds a value or a credential: needs presence (docs/design.md, "Presence").
 * `governs` changes who may do what, or what is believed: needs presence.
 * `audit`   "read": one synced line before the answer; "poll": as read, and those that one caller
 *           repeats within a minute are counted; "change": synced intent, then outcome; "own": the handler records by
 *           itself because no key exists before it runs (unseal, init, adopt, restore); "none": no secret, no change, no path.
 * `state`   "open": the vault must be unsealed; "once": so it must, or the request's credential opens it for this request alone;
 *           "any": works sealed.
 * `paths`   which argument holds the vault paths that policy decides on; or the path itself, NAME standing for the argument `name`;
 *           "policy": `sys/policies/` and the name; "role": `auth/approle/role/` and the role; "none": policy decides on `sys/` and the verb (`sys/audit/tail`).
 */
export const capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo", "use"] as const;
export type Capability = (typeof capabilities)[number];

export type Verb = {
  /** Capabilities needed on every path; all of them. Empty: no path is touched. */
  readonly needs: readonly Capability[];
  readonly presence: "shows" | "governs" | "no";
  readonly audit: "read" | "poll" | "change" | "own" | "none";
  readonly state: "open" | "once" | "any";
  readonly paths: "path" | "paths" | "entries" | "refs" | "prefix" | "policy" | "role" | "none" | `${"transit" | "auth"}/${string}`;
};

function verb(
  needs: readonly Capability[],
  presence: Verb["presence"],
  audit: Verb["audit"],
  state: Verb["state"],
  paths: Verb["paths"],
): Verb {
  return { needs, presence, audit, state, paths };
}

export const verbs = {
  // the agent
  "agent.status": verb([], "no", "none", "any", "none"),
  "agent.unseal": verb([], "no", "own", "any", "none"),
  "agent.seal": verb([], "no", "own", "any", "none"),
  // the vault as a whole
  "vault.init": verb([], "no", "own", "any", "none"),
  "vault.status": verb([], "no", "none", "any", "none"),
  "vault.adopt": verb([], "governs", "own", "any", "none"),
  "vault.verify": verb([], "no", "own", "any", "none"),
  "vault.compact": verb(["sudo"], "governs", "change", "open", "none"),
  "vault.rotate": verb(["sudo"], "governs", "change", "open", "none"),
  "vault.rekey": verb(["sudo"], "governs", "change", "open", "none"),
  // who can unseal
  "access.list": verb(["list"], "no", "read", "open", "none"),
  "access.add": verb(["sudo"], "governs", "change", "open", "none"),
  "access.remove": verb(["sudo"], "governs", "change", "open", "none"),
  "access.test": verb([], "no", "own", "any", "none"),
  "identity.show": verb([], "no", "none", "any", "none"),
  // copies (ciphertext only)
  "backup.create": verb(["list"], "no", "read", "open", "none"),
  "backup.sync": verb(["list"], "no", "read", "open", "none"),
  "backup.list": verb([], "no", "none", "any", "none"),
  "backup.look": verb([], "no", "none", "any", "none"),
  "backup.restore": verb([], "governs", "own", "any", "none"),
  // key-value engine
  "kv.put": verb(["create", "update"], "no", "change", "open", "path"),
  "kv.get": verb(["read"], "shows", "read", "open", "path"),
  "kv.list": verb(["list"], "no", "read", "open", "prefix"),
  "kv.history": verb(["list"], "no", "read", "open", "path"),
  "kv.metadata": verb(["update"], "no", "change", "open", "path"),
  "kv.expose": verb(["update"], "no", "change", "open", "paths"),
  "kv.delete": verb(["delete"], "no", "change", "open", "path"),
  "kv.undelete": verb(["update"], "no", "change", "open", "path"),
  "kv.undo": verb(["update"], "no", "change", "open", "path"),
  "kv.destroy": verb(["sudo"], "governs", "change", "open", "path"),
  // import and run
  "kv.import": verb(["create", "update"], "no", "change", "open", "entries"),
  "kv.resolve": verb(["use"], "no", "read", "once", "refs"),
  "kv.watch": verb(["use"], "no", "poll", "open", "refs"),
  "kv.export": verb(["read"], "shows", "read", "open", "refs"),
  "project.list": verb(["list"], "no", "read", "open", "none"),
  "project.allow": verb(["sudo"], "governs", "change", "open", "refs"),
  // transit: keys that work in here and never leave; paths as HashiCorp Vault has them
  "transit.list": verb(["list"], "no", "read", "open", "transit/keys"),
  "transit.read": verb(["list"], "no", "read", "open", "transit/keys/NAME"),
  "transit.create": verb(["create", "update"], "governs", "change", "open", "transit/keys/NAME"),
  "transit.config": verb(["update"], "governs", "change", "open", "transit/keys/NAME/config"),
  "transit.rotate": verb(["update"], "governs", "change", "open", "transit/keys/NAME/rotate"),
  "transit.trim": verb(["update"], "governs", "change", "open", "transit/keys/NAME/trim"),
  "transit.delete": verb(["delete"], "governs", "change", "open", "transit/keys/NAME"),
  "transit.encrypt": verb(["update"], "no", "read", "open", "transit/encrypt/NAME"),
  "transit.decrypt": verb(["update"], "shows", "read", "open", "transit/decrypt/NAME"),
  "transit.rewrap": verb(["update"], "no", "read", "open", "transit/rewrap/NAME"),
  "transit.datakey": verb(["update"], "shows", "read", "open", "transit/datakey/NAME"),
  "transit.sign": verb(["update"], "no", "read", "open", "transit/sign/NAME"),
  "transit.verify": verb(["update"], "no", "read", "open", "transit/verify/NAME"),
  "transit.hmac": verb(["update"], "no", "read", "open", "transit/hmac/NAME"),
  "transit.random": verb(["update"], "no", "read", "open", "transit/random"),
  "transit.hash": verb(["update"], "no", "read", "open", "transit/hash"),
  // who may do what
  "policy.list": verb(["list"], "no", "read", "open", "none"),
  "policy.read": verb(["list"], "no", "read", "open", "policy"),
  "policy.write": verb(["sudo"], "governs", "change", "open", "policy"),
  "policy.delete": verb(["sudo"], "governs", "change", "open", "policy"),
  "policy.test": verb(["list"], "no", "read", "open", "none"),
  // tokens and roles
  "token.create": verb(["create"], "shows", "change", "open", "auth/token/create"),
  "token.root": verb(["sudo"], "shows", "change", "open", "auth/token/root"),
  "token.lookup": verb(["list"], "no", "read", "open", "auth/token/lookup"),
  "token.list": verb(["list"], "no", "read", "open", "auth/token/accessors"),
  "token.renew": verb(["update"], "governs", "change", "open", "auth/token/renew"),
  "token.revoke": verb(["update"], "governs", "change", "open", "auth/token/revoke"),
  "approle.list": verb(["list"], "no", "read", "open", "auth/approle/role"),
  "approle.read": verb(["list"], "no", "read", "open", "role"),
  "approle.write": verb(["create", "update"], "governs", "change", "open", "role"),
  "approle.delete": verb(["delete"], "governs", "change", "open", "role"),
  "approle.secret-id": verb(["update"], "shows", "change", "open", "role"),
  "approle.secret-ids": verb(["list"], "no", "read", "open", "role"),
  "approle.revoke": verb(["update"], "governs", "change", "open", "role"),
  "approle.login": verb([], "no", "change", "open", "auth/approle/login"),
  // the record
  "audit.verify": verb([], "no", "own", "any", "none"),
  "audit.key": verb(["list"], "no", "change", "open", "none"),
  "audit.tail": verb(["list"], "no", "read", "open", "none"),
  "audit.hash": verb(["read"], "shows", "read", "open", "none"),
  "audit.uses": verb(["list"], "no", "read", "open", "path"),
  "audit.stats": verb(["list"], "no", "read", "open", "none"),
  "audit.offboard": verb(["list"], "no", "read", "open", "none"),
} as const satisfies Record<string, Verb>;

export type VerbName = keyof typeof verbs;

/** True for a name in the table; used where a verb comes over the wire. */
export function isVerb(name: string): name is VerbName {
  return Object.hasOwn(verbs, name);
}

/** Limits that hold for every verb; bytes unless said otherwise. */
export const limits = {
  value: 1024 * 1024,
  path: 512,
  segment: 128,
  segments: 16,
  entries: 20_000,
  transaction: 64 * 1024 * 1024,
  fields: 64,
  description: 1024,
  hosts: 64, // that one reference of a request is sent to
  host: 512,
  auditTail: 1000, // lines of one `audit.tail`
  transitValue: 512 * 1024, // one value, or one chunk of a stream: its ciphertext in base64 is a body part of at most 1 MiB
  transitItems: 1000, // of a batch
  transitAad: 4096, // associated data, context
  transitKeys: 1000,
  transitVersions: 1000, // that a key keeps
  name: 64, // of a policy
  policies: 256,
  policyText: 64 * 1024, // characters
  policyRules: 256, // of one policy
} as const;
