/** Of the agent, the vault as a whole, who can unseal it, and its copies. Conventions as in `calls.ts`. */

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

/** Telling an AI tool from a person: see src/signs/judge.ts. */
export type Verdict = "plain" | "ambiguous" | "sign";

/** How the agent sees whoever asks. `tool`: only with a sign. `signs`: names of what the verdict follows from. */
export type SeenCaller = { verdict: Verdict; tool?: string; signs: string[] };

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

export type VaultCalls = {
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
};
