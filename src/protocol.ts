/**
 * The contract between whoever asks and whoever answers. `Door` is an interface, not a transport: the gate implements it in
 * process, the client carries it over the socket, and one suite of checks runs against both (test/door/).
 */
import type { Calls } from "./calls.ts";
import type { Verdict } from "./calls/vault.ts";
import type { VerbName } from "./verbs.ts";

/** Which vault a request means. The agent compares device and inode with what it has open itself. */
export type VaultRef = {
  /** 32 hex digits from the file's header */
  id: string;
  /** real path of the `.zvault` folder */
  dir: string;
  /** device and inode of `.zvault/vault`, decimal */
  dev: string;
  ino: string;
};

export type CredentialKind = "passphrase" | "shares" | "key-file" | "token";

/** What a person or a script gives to unseal, as a proof of presence, or to ask with the rights of a token. The bytes never enter a JSON header. */
export type Credential = {
  kind: CredentialKind;
  /** passphrase: 1 part; key-file: 1 part (the file's bytes); shares: one part a share text; token: 1 part, its text */
  parts: Uint8Array[];
};

export type Request<V extends VerbName = VerbName> = {
  verb: V;
  args: Calls[V]["args"];
  vault?: VaultRef;
  body?: Uint8Array[];
  credential?: Credential;
};

export type Answer<V extends VerbName = VerbName> = {
  result: Calls[V]["result"];
  body: Uint8Array[];
  /** Wipes the bytes of `body`. To be called by whoever asked, once it is done with them. */
  release(): void;
};

/** Who asks, as the listener found out by itself; nothing of it comes from the request. */
export type Caller = {
  uid: number;
  /** 0: gone or unknown */
  pid: number;
  /** clock ticks since boot, field 22 of /proc/<pid>/stat; guards against a reused pid */
  startTime: string;
  /** real path of the program, "" if unknown */
  program: string;
  /** session id and the start time of its leader: one terminal session */
  session: string;
  listener: "process" | "socket";
  /** whether it is an AI tool that asks: src/signs/judge.ts */
  verdict: Verdict;
  /** what the tool is called; only with verdict "sign" */
  tool?: string;
  /** names of what the verdict follows from */
  signs: readonly string[];
  /** started by a `zvault run` that lives, or become of one: it is shown no value */
  inRun?: boolean;
};

/** Refusals are thrown as ZvaultError, in process and over the socket alike. */
export type Door = {
  ask<V extends VerbName>(request: Request<V>, caller: Caller): Promise<Answer<V>>;
};
