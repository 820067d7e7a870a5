/** `vault:vN:<base64>`, the form in which HashiCorp Vault writes ciphertexts, signatures and HMACs: which version made it, and its bytes. */

/** Standard base64 with its padding; a version without leading zeros. */
const form = /^vault:v([1-9]\d{0,8}):([A-Za-z0-9+/]+={0,2})$/;

export type Blob = { version: number; bytes: Uint8Array };

/** ASCII. */
export function printBlob(version: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
  const text = Buffer.from(`vault:v${version}:${base64}`, "latin1");
  return new Uint8Array(text.buffer, text.byteOffset, text.length);
}

/** undefined for everything that `printBlob` does not give. */
export function parseBlob(text: Uint8Array): Blob | undefined {
  const found = form.exec(Buffer.from(text.buffer, text.byteOffset, text.length).toString("latin1"));
  const base64 = found?.[2];
  if (found === null || base64 === undefined) return undefined;
  const bytes = Buffer.from(base64, "base64");
  // one spelling for each: spare bits in the last character, or padding that does not belong there, are somebody else's
  if (bytes.toString("base64") !== base64) return undefined;
  return { version: Number(found[1]), bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) };
}
