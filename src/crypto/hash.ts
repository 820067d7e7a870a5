/** SHA-256, and hex for what is public: digests, salts, ids. Never for keys, because strings cannot be zeroed. */
import { createHash, hash as hashOnce } from "node:crypto";

/** Of the parts one after the other, without marks between them. 32 bytes. */
export function sha256(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [only] = parts;
  // the one-shot is twice as fast on a record of 300 bytes
  if (only && parts.length === 1) return plain(hashOnce("sha256", only, "buffer"));
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return plain(hash.digest());
}

/** The same in hex: of thousands of records a string each is lighter than an array each. */
export function sha256Hex(bytes: Uint8Array): string {
  return hashOnce("sha256", bytes, "hex");
}

/** SHA-256 of bytes that come piece by piece, asked for at any time. */
export class RunningSha256 {
  readonly #hash = createHash("sha256");

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Of everything that was added until now. */
  get hex(): string {
    return this.#hash.copy().digest("hex");
  }
}

/** Not a Buffer: its `slice` is no copy. */
function plain({ buffer, byteOffset, length }: Buffer<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, length);
}

/** Lower case. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** Takes what `hex` gives and nothing else (no upper case, no odd length). Throws a SyntaxError without the text in it. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text) || text.endsWith("\n")) throw new SyntaxError("not lower-case hex");
  const bytes = new Uint8Array(new ArrayBuffer(text.length / 2));
  bytes.set(Buffer.from(text, "hex"));
  return bytes;
}
