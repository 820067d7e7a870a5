/** sign, verify and hmac: `vault:vN:<base64>` of an Ed25519 signature (RFC 8032), an ECDSA P-256 one (DER, SHA-256), or HMAC-SHA256. */
import type { Calls } from "../../../calls.ts";
import { sign as ed25519Sign, verify as ed25519Verify } from "../../../crypto/ed25519.ts";
import { equal } from "../../../crypto/equal.ts";
import { hmacOver } from "../../../crypto/kdf.ts";
import { sign as p256Sign, verify as p256Verify } from "../../../crypto/p256.ts";
import { Secret } from "../../../crypto/secret.ts";
import { ZvaultError } from "../../../errors.ts";
import type { Receipt } from "../../audit.ts";
import type { Vault } from "../../vault.ts";
import { parseBlob, printBlob } from "./blob.ts";
import { withKey } from "./crypt.ts";
import { messagesOf } from "./items.ts";
import { keyAt, type KeyVersion, spkiOfEd25519, type TransitKey, versionToRead, versionToWrite } from "./key.ts";

type Made<V extends keyof Calls> = { result: Calls[V]["result"]; body: Secret[] };

export const signing = {
  sign(vault: Vault, _receipt: Receipt, args: Calls["transit.sign"]["args"], body: readonly Secret[]): Made<"transit.sign"> {
    const key = keyAt(vault, args.name);
    if (key.type !== "ed25519" && key.type !== "ecdsa-p256") throw wrongType(args.name, key, "sign");
    return make(vault, args, key, body);
  },

  hmac(vault: Vault, _receipt: Receipt, args: Calls["transit.hmac"]["args"], body: readonly Secret[]): Made<"transit.hmac"> {
    const key = keyAt(vault, args.name);
    if (key.type !== "hmac") throw wrongType(args.name, key, "make HMACs");
    return make(vault, args, key, body);
  },

  /** Signatures and HMACs alike: as many as there are messages stand first in the body. */
  verify(
    vault: Vault,
    _receipt: Receipt,
    args: Calls["transit.verify"]["args"],
    body: readonly Secret[],
  ): Calls["transit.verify"]["result"] {
    const { name, pieces } = args;
    const key = keyAt(vault, name);
    if (key.type !== "hmac" && key.type !== "ed25519" && key.type !== "ecdsa-p256") throw wrongType(name, key, "verify");
    const count = pieces?.length ?? body.length / 2;
    if (!Number.isInteger(count)) throw new ZvaultError("protocol", "each message needs a signature");
    const marks = body.slice(0, count);
    const messages = messagesOf(pieces, body.slice(count));
    const valid = messages.map((message, at) => {
      const blob = marks[at]?.use((text) => parseBlob(text));
      return blob !== undefined && fits(vault, name, key, versionToRead(name, key, blob.version), message, blob.bytes);
    });
    return { valid };
  },
};

function make(
  vault: Vault,
  { name, version: wanted, pieces }: { name: string; version?: number; pieces?: number[] },
  key: TransitKey,
  body: readonly Secret[],
): { result: { version: number }; body: Secret[] } {
  const version = versionToWrite(name, key, wanted);
  const made = withKey(vault, name, version, (secret) =>
    messagesOf(pieces, body).map((message) => Secret.borrow(printBlob(version.version, markOf(secret, key, message)))),
  );
  return { result: { version: version.version }, body: made };
}

function markOf(secret: Secret, { type }: TransitKey, message: readonly Secret[]): Uint8Array {
  if (type === "ed25519") return whole(message, (bytes) => ed25519Sign(secret, bytes));
  if (type === "ecdsa-p256") return inPieces(message, (pieces) => p256Sign(secret, pieces));
  return hmacOver(secret, (add) => inPieces(message, (pieces) => pieces.forEach(add)));
}

function fits(
  vault: Vault,
  name: string,
  key: TransitKey,
  version: KeyVersion,
  message: readonly Secret[],
  mark: Uint8Array,
): boolean {
  if (key.type === "hmac") return withKey(vault, name, version, (secret) => equal(markOf(secret, key, message), mark));
  const spki = new Uint8Array(Buffer.from(version.public ?? "", "base64"));
  if (key.type === "ecdsa-p256") return inPieces(message, (pieces) => p256Verify(spki, pieces, mark));
  return whole(message, (bytes) => ed25519Verify(spki.subarray(spkiOfEd25519.length), bytes, mark));
}

/** Ed25519 goes over a message twice: it must be in one piece. */
function whole<T>(message: readonly Secret[], act: (bytes: Uint8Array) => T): T {
  const [only] = message;
  if (only && message.length === 1) return only.use(act);
  using joined = Secret.alloc(message.reduce((sum, piece) => sum + piece.length, 0));
  return joined.use((room) => {
    let at = 0;
    for (const piece of message) {
      piece.use((bytes) => room.set(bytes, at));
      at += piece.length;
    }
    return act(room);
  });
}

function inPieces<T>(message: readonly Secret[], act: (pieces: Uint8Array[]) => T): T {
  const into = (at: number, pieces: Uint8Array[]): T => {
    const next = message[at];
    return next ? next.use((bytes) => into(at + 1, [...pieces, bytes])) : act(pieces);
  };
  return into(0, []);
}

function wrongType(name: string, key: TransitKey, what: string): ZvaultError {
  return new ZvaultError("usage", `${name} is of type ${key.type}: it does not ${what}`, { names: [name] });
}
