/**
 * Key files: one line of text, `zvault-key-1 <64 hex> <8 hex>`. 32 random bytes and the first four bytes of their SHA-256, so a file
 * that was cut or mistyped is told from a wrong one. Shared by the client, which makes them, and the key work, which reads them.
 */
import { createHash, randomFillSync } from "node:crypto";
import { ZvaultError } from "./errors.ts";

const label = "zvault-key-1 ";
/** Bytes of a key file, its newline included. */
export const keyFileLength = label.length + 64 + 1 + 8 + 1;

const digits = new TextEncoder().encode("0123456789abcdef");

function checksum(key: Uint8Array): Uint8Array {
  return createHash("sha256").update(label).update(key).digest().subarray(0, 4);
}

function putHex(bytes: Uint8Array, into: Uint8Array, at: number): void {
  for (const [index, byte] of bytes.entries()) {
    into[at + 2 * index] = digits[byte >> 4] ?? 0;
    into[at + 2 * index + 1] = digits[byte & 15] ?? 0;
  }
}

/** A new key file's bytes; the caller writes them with O_EXCL and 0600, and wipes them. */
export function makeKeyFile(): Uint8Array {
  const key = randomFillSync(new Uint8Array(new ArrayBuffer(32)));
  const bytes = new Uint8Array(new ArrayBuffer(keyFileLength));
  bytes.set(new TextEncoder().encode(label), 0);
  putHex(key, bytes, label.length);
  bytes[label.length + 64] = 0x20;
  putHex(checksum(key), bytes, label.length + 65);
  bytes[keyFileLength - 1] = 0x0a;
  key.fill(0);
  return bytes;
}

/** The 32 bytes of the key. Throws `wrong-key` for anything but a whole key file. No string is made of the key. */
export function parseKeyFile(bytes: Uint8Array): Uint8Array {
  const refuse = (why: string): never => {
    throw new ZvaultError("wrong-key", `the key file ${why}`, { hint: "a key file is one line that begins with zvault-key-1" });
  };
  const whole = bytes.length === keyFileLength || (bytes.length === keyFileLength - 1 && bytes.at(-1) !== 0x0a);
  const start = new TextEncoder().encode(label);
  if (start.some((byte, index) => bytes[index] !== byte)) refuse("is not a zvault key file");
  if (!whole || bytes[label.length + 64] !== 0x20) refuse("has the wrong length (cut short?)");
  const key = fromHexBytes(bytes.subarray(label.length, label.length + 64));
  const sum = fromHexBytes(bytes.subarray(label.length + 65, label.length + 73));
  if (!key || !sum) return refuse("has a character that is no hex digit");
  if (Buffer.compare(checksum(key), sum) !== 0) refuse("is mistyped or damaged (its checksum does not fit)");
  return key;
}

function fromHexBytes(text: Uint8Array): Uint8Array | undefined {
  const bytes = new Uint8Array(new ArrayBuffer(text.length / 2));
  for (let index = 0; index < bytes.length; index++) {
    const high = digits.indexOf(text[2 * index] ?? 0);
    const low = digits.indexOf(text[2 * index + 1] ?? 0);
    if (high < 0 || low < 0) return undefined;
    bytes[index] = high * 16 + low;
  }
  return bytes;
}
