/** Values made inside the agent: nobody has to see them. Encoded byte by byte in locked memory, so no string of one exists. */
import { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";

const alphabets = {
  hex: "0123456789abcdef",
  base64: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
  alnum: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
} as const;

/** `length`: random bytes for hex and base64, characters for alnum; without meaning for uuid. Throws `usage`. */
export function generate(kind: string, length: number): Secret {
  switch (kind) {
    case "hex":
      return encode(length, 2 * length, (bytes, at) =>
        alphabets.hex.charCodeAt(((bytes[at >> 1] ?? 0) >> (at % 2 === 0 ? 4 : 0)) & 15),
      );
    case "base64":
      return encode(length, 4 * Math.ceil(length / 3), (bytes, at) => base64Letter(bytes, at, length));
    case "alnum":
      return alnum(length);
    case "uuid":
      return uuid();
    default:
      throw new ZvaultError("usage", `cannot generate ${JSON.stringify(kind.slice(0, 20))}`, {
        hint: "hex:32, base64:32, alnum:24 or uuid",
      });
  }
}

function encode(bytes: number, characters: number, letter: (bytes: Uint8Array, at: number) => number): Secret {
  const raw = Secret.random(bytes);
  const text = Secret.alloc(characters);
  raw.use((from) => {
    text.use((into) => {
      for (let at = 0; at < characters; at++) into[at] = letter(from, at);
    });
  });
  raw.wipe();
  return text;
}

function base64Letter(bytes: Uint8Array, at: number, length: number): number {
  const bit = (at % 4) * 6;
  const byte = Math.floor(at / 4) * 3 + (bit >> 3);
  if (byte >= length) return "=".charCodeAt(0);
  const pair = ((bytes[byte] ?? 0) << 8) | (byte + 1 < length ? (bytes[byte + 1] ?? 0) : 0);
  return alphabets.base64.charCodeAt((pair >> (10 - (bit & 7))) & 63);
}

/** Bytes that would favour some letters are thrown away. */
function alnum(length: number): Secret {
  const text = Secret.alloc(length);
  const bound = 256 - (256 % alphabets.alnum.length);
  for (let at = 0; at < length;) {
    const one = Secret.random(1);
    const value = one.use((bytes) => bytes[0] ?? 255);
    one.wipe();
    if (value >= bound) continue;
    text.use((into) => {
      into[at] = alphabets.alnum.charCodeAt(value % alphabets.alnum.length);
    });
    at += 1;
  }
  return text;
}

/** Version 4, RFC 9562 §5.4. */
function uuid(): Secret {
  const digits = generate("hex", 16);
  const text = Secret.alloc(36);
  digits.use((from) => {
    text.use((into) => {
      let at = 0;
      for (const [index, digit] of from.entries()) {
        if (index === 8 || index === 12 || index === 16 || index === 20) into[at++] = "-".charCodeAt(0);
        const variant = alphabets.hex.indexOf(String.fromCharCode(digit)) & 3;
        into[at++] = index === 12 ? "4".charCodeAt(0) : index === 16 ? "89ab".charCodeAt(variant) : digit;
      }
    });
  });
  digits.wipe();
  return text;
}
