/**
 * Arguments and results of every verb, as they stand in a frame's header. Values and credentials never do: they are the
 * frame's body (`Request.body`, `Request.credential.parts`, `Answer.body`), and the comments here say in which order.
 * Times are RFC 3339 strings in UTC, ids and hashes lower-case hex.
 */
import type { Capability } from "./verbs.ts";

export type SecretClass = "secret" | "setting";
export type Audience = "local" | "env" | "everyone";
export type SlotKind = "identity" | "shares" | "key-file" | "passphrase" | "recipient";

export type SlotInfo = {
  id: string;
  kind: SlotKind;
  label: string;
  created: string;
  /** shares only */
  threshold?: number;
  shares?: number;
  fingerprint?: string;
  /** false: read from a sealed vault's file, authenticated by nothing */
  verified: boolean;
};

export type VersionInfo = {
  number: number;
  id: string;
  parent: string | null;
  time: string;
  author: string;
  state: "live" | "deleted" | "destroyed";
  fields: string[];
  bytes: number;
};

/** Telling an AI tool from a person: see src/signs/judge.ts. */
export type Verdict = "plain" | "ambiguous" | "sign";

/** How the agent sees whoever asks. `tool`: only with a sign. `signs`: names of what the verdict follows from. */
export type SeenCaller = { verdict: Verdict; tool?: string; signs: string[] };

export type SecretInfo = {
  path: string;
  class: SecretClass;
  audience: Audience;
  description: string;
  /** number of the current version; 0 when none is live */
  version: number;
  versions: number;
  created: string;
  updated: string;
  createdBy: string;
  deleted: boolean;
  exposed: boolean;
};

/** `rules`: how many. `written`: when a person wrote it; null: as every vault has it. `fixed`: nobody can. */
export type PolicyInfo = { name: string; rules: number; builtIn: boolean; fixed: boolean; written: string | null };

/**
 * Why policies of one layer grant something or not. `why`: granted · deny: the rule denies · missing: it grants not all of it · no-rule.
 * `rule`: the pattern that decides; `before`: the next one that matches too, and by what the first is the more specific one.
 */
export type PolicyReason = {
  /** the policies that were asked: the caller's or those named, or `local-ai` of an AI tool */
  asked: string[];
  allowed: boolean;
  why: "granted" | "deny" | "missing" | "no-rule";
  /** those that have the rule */
  policies: string[];
  rule: string | null;
  capabilities: string[];
  missing: string[];
  before: {
    rule: string;
    by: "exact" | "later-wildcard" | "no-glob" | "fewer-plus" | "longer" | "lexicographic" | "folder";
  } | null;
};

export type PutOptions = {
  class?: SecretClass;
  audience?: Audience;
  description?: string;
};

/** One entry of an import: body[i] belongs to entries[i]. */
export type ImportEntry = PutOptions & {
  path: string;
  /** the value is an expression over references (`${zvault:NAME}`), resolved at `run` */
  expand?: boolean;
};

export type Reference = { path: string; field?: string; version?: number };

/** With the hosts that texts of committed files would send it to. */
export type SentReference = Reference & { hosts?: string[] };

export type HardeningFact = { name: string; ok: boolean; detail: string };

export type OpenVault = {
  id: string;
  dir: string;
  by: SlotKind;
  since: string;
  secrets: number;
  idleLeft: number;
  absoluteLeft: number;
};

export type AgentStatus = {
  pid: number;
  build: string;
  since: string;
  identityOpen: boolean;
  hardening: HardeningFact[];
  memory: { kind: "memfd_secret" | "mlock" | "unlocked"; locked: number; why: string };
  vaults: OpenVault[];
  /** whoever asked for this status */
  caller: SeenCaller;
};

export type VaultStatus = {
  id: string;
  dir: string;
  sealed: boolean;
  /** bytes of the log */
  size: number;
  generation: number;
  slots: SlotInfo[];
  known: boolean;
  /** present when unsealed */
  open?: {
    secrets: number;
    /** how many carry the exposed mark */
    exposed: number;
    records: number;
    audit: { records: number; ok: boolean };
    head: { sequence: number; chain: string };
    mirror: { path: string; time: string | null };
    notices: string[];
    projects: ProjectInfo[];
  };
};

export type ProjectInfo = {
  project: string;
  /** relative to the folder that holds `.zvault/`; "." for that folder itself */
  folder: string;
  /** what a person allowed for this folder: PATH, or PATH@HOST, where a text of its files may send the value */
  refs: string[];
  /** dangerous names a person allowed */
  dangerous: string[];
};

export type VerifyReport = {
  ok: boolean;
  records: number;
  generations: number;
  audit: { records: number; ok: boolean; problem?: string; from: number };
  slots: number;
  problems: string[];
  notices?: string[];
};

export type CopiedAudit = { records: number; ok: boolean; problem?: string };

export type AuditLine = Record<string, unknown>;

/** Which lines of the audit log; all that is given must fit. */
export type AuditFilter = {
  /** `kv.get`, or all of an engine: `kv` */
  verb?: string;
  /** a path, and everything below it */
  under?: string;
  /** of the caller: its whole path, or its last part */
  program?: string;
  outcome?: "done" | "failed" | "interrupted" | "denied";
  /** RFC 3339 */
  since?: string;
  /** the id that joins the lines of one request */
  request?: string;
};

export type TransitType = "aes256-gcm96" | "chacha20-poly1305" | "ed25519" | "ecdsa-p256" | "hmac";

export type TransitInfo = {
  name: string;
  type: TransitType;
  /** every request needs a context, and has a key of its own by it */
  derived: boolean;
  deletable: boolean;
  created: string;
  latest: number;
  minDecrypt: number;
  /** 0: any version that decrypts may be named */
  minEncrypt: number;
  /** `uses`: encryptions reserved, in blocks; `publicKey`: PEM */
  versions: { version: number; created: string; uses: number; publicKey?: string }[];
};

/**
 * The body of a transit request: items, each its value, then with `aad` its associated data, then with `context` its context. In a
 * stream: the chunks, then once what they share.
 */
export type TransitShape = { name: string; aad?: boolean; context?: boolean };

/** Chunks `from`, `from` + 1, … of a stream; `last`: the last of them ends it. The first request has no id, its answer has. */
export type TransitStream = { id?: string; from: number; last: boolean };

/** How far a look through the audit log went: records `from` to `last`, without those of `missing` segments that were moved away. */
export type AuditSpan = { from: number; last: number; missing: number };

/** Requests of one program for one verb. `tool`: it was an AI tool. */
export type AuditUse = {
  program: string;
  uid: number;
  tool?: string;
  verb: string;
  requests: number;
  denied: number;
  first: string;
  last: string;
};

export type AuditStats = AuditSpan & {
  verbs: { verb: string; requests: number; denied: number; failed: number }[];
  /** `paths`: of how many it was given a value */
  programs: (Omit<AuditUse, "verb"> & { paths: number })[];
  /** a program was given the value of a path for the first time, and others had been before; the last 200 */
  fresh: { time: string; path: string; verb: string; program: string; uid: number; tool?: string }[];
  /** five refusals and more of one program, each fifth within a minute; the last 200 */
  bursts: { from: string; to: string; denied: number; program: string; uid: number; tool?: string }[];
};

/**
 * A path that somebody was given the value of, or gave a value to. `state` of its value: "rotate": still the one that was seen;
 * "changed": a newer one; "gone"; "setting": no secret.
 */
export type AuditOpening = {
  path: string;
  verbs: string[];
  requests: number;
  last: string;
  state: "rotate" | "changed" | "gone" | "setting";
};

/**
 * Tokens and secret_ids that somebody has or had made for them, and that still count; the role, if it is there; slots that open the vault. Of
 * tokens and secret_ids only what the caller may list.
 */
export type AuditAlive = {
  tokens: { accessor: string; name: string; expires: string | null }[];
  secretIds: { role: string; accessor: string; expires: string | null; usesLeft: number }[];
  roles: string[];
  slots: string[];
};

/** `args` and `result` of each verb. */
/** A token as it may be shown: never its text. */
export type TokenInfo = {
  accessor: string;
  name: string;
  policies: string[];
  /** RFC 3339 */
  created: string;
  /** RFC 3339; null: never */
  expires: string | null;
  /** seconds; 0: not periodic */
  period: number;
  /** 0: any number */
  usesLeft: number;
  renewable: boolean;
  orphan: boolean;
  /** its rights stay whole where an AI tool asks */
  forTool: boolean;
  /** "owner", "token", "generate-root" or "approle:ROLE" */
  origin: string;
  live: boolean;
};

/** Seconds; absent: as `token create` has it without an option. */
export type TokenTerms = {
  ttl?: number;
  maxTtl?: number;
  explicitMaxTtl?: number;
  period?: number;
  uses?: number;
  renewable?: boolean;
  forTool?: boolean;
};

export type RoleInfo = {
  name: string;
  roleId: string;
  policies: string[];
  /** of the tokens that a login gives */
  token: TokenTerms;
  secretIdTtl: number;
  secretIdUses: number;
  /** how many there are */
  secretIds: number;
  created: string;
};

export type Calls = {
  "agent.status": { args: Record<string, never>; result: AgentStatus };
  /**
   * Opens the identity (credential kind "passphrase" without a vault in the frame, or with one that has an identity slot), or one
   * vault by its own slot. `lifetime`, `idle`: seconds.
   */
  "agent.unseal": {
    args: {
      lifetime?: number;
      idle?: number;
      acceptRollback?: boolean;
      /** SEQUENCE:HASH pinned by the person */
      expectHead?: string;
    };
    result: { opened: "identity" | "vault"; vault?: string; notices: string[]; lifetime: number; idle: number };
  };
  "agent.seal": { args: Record<string, never>; result: { vaults: number } };
  /**
   * Makes `.zvault/` in `dir`. Credential: kind "passphrase" for identity (opens or makes it) and for `slot: passphrase`,
   * kind "key-file" for `slot: key-file` (the file's bytes). With `slot: shares`, body of the answer = the N share texts.
   * An existing, open identity always gets its slot too.
   */
  "vault.init": {
    args: {
      dir: string;
      slot: "identity" | "key-file" | "shares" | "passphrase";
      shares?: number;
      threshold?: number;
      label?: string;
    };
    result: { id: string; dir: string; slots: SlotInfo[]; newIdentity: boolean };
  };
  "vault.status": { args: Record<string, never>; result: VaultStatus };
  "vault.adopt": { args: Record<string, never>; result: { id: string; lineage: string; notices: string[] } };
  "vault.verify": { args: Record<string, never>; result: VerifyReport };
  "vault.compact": { args: Record<string, never>; result: { before: number; after: number; generation: number } };
  "vault.rotate": { args: Record<string, never>; result: { term: number } };
  /** With `newShares`, body of the answer = the share texts. */
  "vault.rekey": { args: { newShares?: { shares: number; threshold: number } }; result: { epoch: number } };
  "access.list": { args: Record<string, never>; result: { slots: SlotInfo[] } };
  /**
   * The new slot's credential is body[0] (key-file bytes, or a new passphrase); `shares`: none in, N share texts in the answer's body.
   */
  "access.add": {
    args: { kind: "identity" | "shares" | "key-file" | "passphrase"; label?: string; shares?: number; threshold?: number };
    result: { slot: SlotInfo };
  };
  "access.remove": { args: { slot: string }; result: { removed: SlotInfo; rotate: string[] } };
  /** Which slot the credential opens; the vault is left as it is. `sealed`: it was, and is. */
  "access.test": { args: Record<string, never>; result: { slot: SlotInfo; sealed: boolean } };
  "identity.show": {
    args: Record<string, never>;
    result: { exists: boolean; label: string; fingerprint: string; recipient: string; open: boolean };
  };
  /** The file was read back, and all its records open. `audit`: of the vault's audit log, which it holds as it is. */
  "backup.create": {
    args: { out: string };
    result: { file: string; bytes: number; secrets: number; records: number; audit: CopiedAudit };
  };
  "backup.sync": { args: Record<string, never>; result: { path: string; time: string } };
  "backup.list": { args: Record<string, never>; result: { copies: { path: string; time: string; bytes: number }[] } };
  /** `from`: "mirror" or a file made by `backup.create`; `dir`: the project folder. Credential proves that the copy opens. */
  "backup.restore": {
    args: { dir: string; from: string; id?: string };
    /** `aside`: where the vault that stood there was moved */
    result: { id: string; secrets: number; from: string; time: string; aside: string | null };
  };
  /**
   * What a restore would do; nothing is changed. With a credential the copy is opened in memory, and the vault that stands there is
   * compared with it, if it is the same one.
   */
  "backup.look": {
    args: { dir: string; from: string; id?: string };
    result: {
      id: string;
      time: string;
      from: string;
      bytes: number;
      /** of the copy */
      slots: SlotInfo[];
      /** null: no credential was given. `torn`: bytes of a change that was not finished, which would be cut off */
      opened: {
        slot: SlotInfo;
        secrets: number;
        records: number;
        generation: number;
        audit: CopiedAudit;
        torn: number;
      } | null;
      /** what would be moved aside; `id` null: it cannot be read. `problem`: why it could not be compared */
      there: {
        id: string | null;
        same: boolean;
        unsealed: boolean;
        problem?: string;
        /**
         * `records`: changes after the copy, null of another life of the vault; `lost`: paths whose value the copy does not have; `back`:
         * paths that were taken away since; `access`: what could unseal again
         */
        compared: { records: number | null; lost: string[]; back: string[]; access: SlotInfo[] } | null;
      } | null;
    };
  };
  /** body[i] = value of fields[i]. `cas`: expected current version number, 0 = must not exist. */
  "kv.put": {
    args: PutOptions & { path: string; fields?: string[]; cas?: number; generate?: { kind: string; length: number } };
    result: { version: number; id: string; created: boolean };
  };
  /** answer body[0] = the value. */
  "kv.get": { args: Reference; result: { version: number; class: SecretClass; fields: string[] } };
  "kv.list": { args: { prefix: string; deleted?: boolean }; result: { secrets: SecretInfo[] } };
  "kv.history": { args: { path: string }; result: { secret: SecretInfo; versions: VersionInfo[] } };
  "kv.metadata": { args: PutOptions & { path: string; exposed?: boolean }; result: { secret: SecretInfo } };
  /** The present values were seen where others may have seen them (a git history): marked until the next new one. */
  "kv.expose": { args: { paths: string[] }; result: { marked: string[] } };
  "kv.delete": { args: { path: string }; result: { version: number } };
  "kv.undelete": { args: { path: string; version?: number }; result: { version: number } };
  /** Makes the content of an earlier version (default: the one before) current again; undeletes when deleted. */
  "kv.undo": { args: { path: string; to?: number }; result: { version: number; from: number } };
  /** Without `versions`: all. Result names the copies that still hold the value. */
  "kv.destroy": { args: { path: string; versions?: number[] }; result: { destroyed: number[]; copies: string[] } };
  /**
   * All or nothing, one record. body[i] = value of entries[i]; with `layout`, one more body at the end: the layout of the file.
   * An entry whose value equals the current one makes no new version ("same"). The values are read back from disk and compared
   * before the answer, and the mirror is synced.
   */
  "kv.import": {
    args: {
      project: string;
      folder: string;
      /** bind `project` to `folder` if it is not bound; a different binding is refused */
      bind: boolean;
      entries: ImportEntry[];
      layouts: { path: string }[];
      /** more projects of the same change, as an import of a monorepo has them; entries and layouts are of any of them */
      also?: { project: string; folder: string }[];
      /** PATH@HOST: where texts of the imported files send values; from here on these folders may */
      hosts?: { folder: string; refs: string[] }[];
      /** paths expected to be at these version numbers (0 = absent); refused with "changed" otherwise */
      expect?: Record<string, number>;
    };
    result: {
      created: string[];
      changed: string[];
      same: string[];
      mirror: string;
      project: string;
    };
  };
  /**
   * For `run`: body[i] = value of refs[i]. `folder` relative to the folder that holds `.zvault/`. Refs of projects not bound to
   * the folder are refused unless allowed. `dangerous`: names of the environment that need `allow --dangerous`. `starts`: the AI tool or
   * editor that gets the values, as a person said (`run --allow-ai`); for the record. `notices`, as `agent.unseal` has them: from a vault
   * that was opened for this request, as in the answers of the two verifying verbs.
   */
  "kv.resolve": {
    args: { folder: string; refs: SentReference[]; dangerous?: string[]; starts?: string };
    result: { values: { class: SecretClass; version: number; expand: boolean }[]; caller: SeenCaller; notices?: string[] };
  };
  /**
   * For `run --watch`: without `seen` the numbers of the current versions of refs (0: no value) at once; with it, as soon as one of them
   * is another, or after an hour. A line in the audit log, however long it waits; repeated within a minute, counted. Throws `sealed` when that happens.
   */
  "kv.watch": { args: { folder: string; refs: SentReference[]; seen?: number[] }; result: { versions: number[] } };
  /**
   * For `export` and `eject`: body[i] = value of refs[i], empty unless `state` is "live". `at`: the versions that were current then,
   * RFC 3339. `until`: the agent removes that file at seal; its device and inode as decimal numbers.
   */
  "kv.export": {
    args: { folder: string; refs: SentReference[]; at?: string; until?: { path: string; dev: string; ino: string } };
    result: {
      values: { state: "live" | "deleted" | "destroyed" | "absent"; class: SecretClass; version: number; expand: boolean }[];
    };
  };
  "project.list": { args: Record<string, never>; result: { projects: ProjectInfo[] } };
  "project.allow": { args: { folder: string; refs?: string[]; dangerous?: string[] }; result: ProjectInfo };
  "transit.list": { args: Record<string, never>; result: { keys: TransitInfo[] } };
  "transit.read": { args: { name: string }; result: TransitInfo };
  "transit.create": { args: { name: string; type: TransitType; derived?: boolean }; result: TransitInfo };
  "transit.config": {
    args: { name: string; minDecrypt?: number; minEncrypt?: number; deletable?: boolean };
    result: TransitInfo;
  };
  "transit.rotate": { args: { name: string }; result: TransitInfo };
  /** `before`: the first version that stays. */
  "transit.trim": { args: { name: string; before: number }; result: TransitInfo };
  "transit.delete": { args: { name: string }; result: { versions: number } };
  /**
   * body[i] of the answer = the ciphertext of item i, `vault:vN:<base64>`; of a stream its sealed chunks. `version`: else the newest;
   * what follows the first request of a stream names the one that its answer gave.
   */
  "transit.encrypt": {
    args: TransitShape & { version?: number; stream?: TransitStream };
    result: { version: number; stream?: string };
  };
  /** The other way round. A stream says which version its header names. */
  "transit.decrypt": {
    args: TransitShape & { stream?: TransitStream & { id: string; version: number } };
    result: Record<string, never>;
  };
  /** Ciphertexts in, ciphertexts of the newest version out. */
  "transit.rewrap": { args: TransitShape & { version?: number }; result: { version: number } };
  /** The request's body: associated data and context, if any. Answer body[0] = the new key, body[1] = its ciphertext. */
  "transit.datakey": { args: TransitShape & { version?: number; bits?: number }; result: { version: number } };
  /** body = messages, in as many parts as `pieces` says of each, else one; the answer's body: `vault:vN:<base64>` for each. */
  "transit.sign": { args: { name: string; version?: number; pieces?: number[] }; result: { version: number } };
  "transit.hmac": { args: { name: string; version?: number; pieces?: number[] }; result: { version: number } };
  /** body = signatures or HMACs of all messages, then the messages. */
  "transit.verify": { args: { name: string; pieces?: number[] }; result: { valid: boolean[] } };
  /** answer body[0] = fresh random bytes, that many. */
  "transit.random": { args: { bytes: number }; result: Record<string, never> };
  /** body as for `transit.sign`; hex. */
  "transit.hash": {
    args: { algorithm: "sha2-256" | "sha2-384" | "sha2-512"; pieces?: number[] };
    result: { sums: string[] };
  };
  "policy.list": { args: Record<string, never>; result: { policies: PolicyInfo[] } };
  /** `text`: the rules as HCL. */
  "policy.read": {
    args: { name: string };
    result: PolicyInfo & { text: string; paths: { path: string; capabilities: string[] }[] };
  };
  /** `text`: HCL or JSON, all of the policy. */
  "policy.write": { args: { name: string; text: string }; result: PolicyInfo & { created: boolean } };
  /** `restored`: it is a built-in one, and is now again as every vault has it. */
  "policy.delete": { args: { name: string }; result: { name: string; restored: boolean } };
  /**
   * What policy says, without doing it: all of `needs` on a path, or for LIST of a folder. Of the caller, or of a token with `policies`; `tool`: as if an AI
   * tool asked. Presence is not looked at.
   */
  "policy.test": {
    args: { path: string; needs: Capability[]; list: boolean; policies?: string[]; tool?: boolean };
    result: { allowed: boolean; path: string; needs: Capability[]; list: boolean; reasons: PolicyReason[] };
  };
  /** body[0] = the token's text. Without `policies`: those of the token that asks, else `default` */
  "token.create": { args: TokenTerms & { name?: string; policies?: string[]; orphan?: boolean }; result: TokenInfo };
  /** body[0] = the token's text */
  "token.root": { args: { ttl?: number }; result: TokenInfo };
  /** without an accessor: the token that asks */
  "token.lookup": { args: { accessor?: string }; result: TokenInfo };
  "token.list": { args: Record<string, never>; result: { tokens: TokenInfo[] } };
  "token.renew": { args: { accessor?: string; increment?: number }; result: TokenInfo };
  /** accessors of all that were revoked */
  "token.revoke": { args: { accessor?: string }; result: { revoked: string[] } };
  "approle.list": { args: Record<string, never>; result: { roles: RoleInfo[] } };
  "approle.read": { args: { role: string }; result: RoleInfo };
  "approle.write": {
    args: { role: string; policies: string[]; token?: TokenTerms; secretIdTtl?: number; secretIdUses?: number };
    result: RoleInfo;
  };
  "approle.delete": { args: { role: string }; result: { secretIds: number } };
  /** body[0] = the secret_id's text */
  "approle.secret-id": { args: { role: string }; result: { accessor: string; expires: string | null; usesLeft: number } };
  "approle.secret-ids": {
    args: { role: string };
    result: { secretIds: { accessor: string; created: string; expires: string | null; usesLeft: number }[] };
  };
  "approle.revoke": { args: { role: string; accessor: string }; result: Record<string, never> };
  /** The request's body[0] is the secret_id; the answer's body[0] the token's text */
  "approle.login": { args: { roleId: string }; result: TokenInfo };
  /** `missing`: closed segments, by number, that are not there: moved away, by whoever could. What is in them is not looked at. */
  "audit.verify": {
    args: Record<string, never>;
    result: {
      ok: boolean;
      records: number;
      from: number;
      problem?: string;
      segments: number;
      missing: number[];
      notices?: string[];
    };
  };
  /** The key that signs the ends of segments, made at the first need; `since`: the first segment that has such an end. */
  "audit.key": { args: Record<string, never>; result: { vault: string; public: string; since: number } };
  /**
   * The last `lines` that fit, oldest first. With `after`, the first ones beyond that record; with `wait` too, as soon as there are some, or
   * after an hour with none. Lines that waiting itself makes are then left out: two who wait would wake each other. `last`: the record
   * up to which was looked, `from`: the one from which; `missing`: segments between them that were moved away. Throws `sealed` when
   * that happens.
   */
  "audit.tail": {
    args: AuditFilter & { lines?: number; after?: number; wait?: boolean };
    result: AuditSpan & { lines: AuditLine[] };
  };
  /** body[0] = a value: which versions hold it. `hmac`: HMAC-SHA256 under a key of this vault's own; `records`: of the log. */
  "audit.hash": {
    args: Record<string, never>;
    result: {
      hmac: string;
      records: number;
      seen: { path: string; version: number; field: string; state: "live" | "deleted" | "destroyed" }[];
    };
  };
  /** Who asked for a path or what is below it, by program and verb, the last one first. */
  "audit.uses": { args: { path: string }; result: AuditSpan & { uses: AuditUse[] } };
  /** Requests by verb and program, and what stands out, since a time; what was before is known all the same. */
  "audit.stats": { args: { since?: string }; result: AuditStats };
  /**
   * All that somebody ever opened: exactly one of the arguments. `person`: label or fingerprint of who unsealed, or author of versions;
   * all that was asked for while the vault was unsealed by them counts as theirs. `accessor`: of a token, also of one that is gone, with all
   * that came of it. `role`: all tokens that it gave, also of one that is gone. `alive`: what they can still come in with.
   */
  "audit.offboard": {
    args: { program?: string; uid?: number; person?: string; accessor?: string; role?: string };
    result: AuditSpan & { opened: AuditOpening[]; alive: AuditAlive };
  };
};
