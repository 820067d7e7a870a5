/** Of transit keys. Conventions as in `calls.ts`. */

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

export type TransitCalls = {
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
};
