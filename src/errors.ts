/**
 * The one error class of zvault, with a closed list of codes. A message is lower case, has no full stop, names the place,
 * and never holds a value, a key or a credential. The exit code follows from the code (docs/design.md, "Exit codes").
 */

/** Exit code of every error code. `run` turns all of them into 125 (see `run/exit.ts`). */
export const exitCodes = {
  no: 1, // the answer is "no": differences, unhealthy, findings
  unresolved: 1, // references without a value
  usage: 2, // bad flags, bad names, bad limits
  "would-ask": 2, // a question without a terminal and without --yes
  "too-large": 2, // over a stated limit
  sealed: 3,
  denied: 4, // policy or rule
  "ai-tool": 4, // a person's, and a sign of an AI tool was seen
  "presence-needed": 4, // a person (or --key-file) must prove presence
  "dangerous-name": 4, // LD_PRELOAD and friends
  "not-adopted": 4, // a vault folder that came with the project
  copied: 4, // a vault folder that is a copy of a known one
  "not-bound": 4, // folder or reference not allowed for this vault
  "unsafe-file": 4, // symlink, FIFO, other owner, wrong mode
  "not-found": 5,
  "no-vault": 5,
  damaged: 6,
  "bad-ciphertext": 6, // what transit was given does not open; the vault itself is whole
  "rolled-back": 6,
  forked: 6,
  "old-keys": 6,
  "newer-format": 6, // written by a later zvault; whole, as far as anybody can tell
  gone: 6, // the vault folder is gone; a mirror may be there
  "audit-failed": 7, // no audit record, no answer
  "disk-full": 7,
  "read-only": 7,
  io: 7,
  "wrong-passphrase": 8,
  "wrong-share": 8,
  "wrong-key": 8,
  changed: 9, // check-and-set failed, or a file changed meanwhile
  "not-recorded": 10, // done, but the outcome could not be recorded
  internal: 70,
  "no-runtime": 71, // no runtime directory, socket path too long
  "agent-start": 71,
  "other-build": 71,
  "other-home": 71,
  "vault-busy": 71, // another process holds the vault
  protocol: 71, // a frame that is no frame
  interrupted: 130,
} as const;

export type ErrorCode = keyof typeof exitCodes;

export type ErrorInit = {
  /** What the reader types or does next, one line. */
  hint?: string;
  /** Names (variables, paths, files) the error is about; never values. */
  names?: readonly string[];
  cause?: unknown;
};

export class ZvaultError extends Error {
  override readonly name = "ZvaultError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly names: readonly string[];

  constructor(code: ErrorCode, message: string, init: ErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    this.hint = init.hint;
    this.names = init.names ?? [];
  }

  get exitCode(): number {
    return exitCodes[this.code];
  }
}

/** True for an error code of the closed list; used where a code comes over the wire. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(exitCodes, text);
}

/** What was typed, in quotes, for a message: cut, and what could pass for another letter, or move a cursor, as a number. */
export function quoted(text: string): string {
  const escape = (one: string): string => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`;
  return JSON.stringify(text.slice(0, 80)).replace(/[^\x20-\x7e]/gu, escape);
}
