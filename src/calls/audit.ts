/** Of the audit log. Conventions as in `calls.ts`. */

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

export type AuditCalls = {
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
