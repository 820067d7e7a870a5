/**
 * Shamir's scheme over GF(2^8), by shamir-secret-sharing. A part is y₁ … yₙ ‖ x: one byte longer than the secret, x last. The
 * library checks nothing on the way back: parts of different secrets combine to noise, so a key check value must tell.
 */
import { combine as join, split as cut } from "shamir-secret-sharing";
import { Secret } from "./secret.ts";

/**
 * V8 keeps typed arrays of up to 64 bytes in its heap and moves them about, leaving copies. The scheme works byte by byte, so what is
 * shorter is filled up with zeros for the library and cut again: its arrays can then be zeroed for good.
 */
const smallest = 65;

/** 2 ≤ k ≤ n ≤ 255. Throws a RangeError for other numbers and for an empty secret. */
export async function split(secret: Secret, n: number, k: number): Promise<Secret[]> {
  if (!Number.isInteger(n) || !Number.isInteger(k) || k < 2 || k > n || n > 255)
    throw new RangeError("2 ≤ k ≤ n ≤ 255 does not hold");
  if (secret.length === 0) throw new RangeError("an empty secret cannot be split");
  using filled = Secret.alloc(Math.max(smallest, secret.length));
  secret.use((bytes) => filled.use((own) => own.set(bytes)));
  const parts = await cut(
    filled.use((bytes) => bytes),
    n,
    k,
  );
  return parts.map((part) => {
    const own = Secret.alloc(secret.length + 1);
    own.use((bytes) => {
      bytes.set(part.subarray(0, secret.length));
      bytes.set(part.subarray(-1), secret.length);
    });
    part.fill(0);
    return own;
  });
}

/** Throws a RangeError for fewer than 2 parts, unequal lengths, no bytes, x = 0 or one x twice. */
export async function combine(parts: Secret[]): Promise<Secret> {
  const [first] = parts;
  if (!first || parts.length < 2) throw new RangeError("at least 2 parts are needed");
  if (first.length < 2) throw new RangeError("a part has at least 2 bytes");
  if (parts.some((part) => part.length !== first.length)) throw new RangeError("the parts are of different lengths");
  const seen = new Set<number>();
  for (const part of parts) {
    const x = part.use((bytes) => bytes.at(-1)) ?? 0;
    if (x === 0) throw new RangeError("a part has no number");
    if (seen.has(x)) throw new RangeError("a part is given twice");
    seen.add(x);
  }
  const length = first.length - 1;
  const filled = parts.map((part) => {
    const own = Secret.alloc(Math.max(smallest, length) + 1);
    part.use((bytes) => own.use((to) => to.set(bytes.subarray(0, length))));
    part.use((bytes) => own.use((to) => to.set(bytes.subarray(length), to.length - 1)));
    return own;
  });
  try {
    const whole = await join(filled.map((part) => part.use((bytes) => bytes)));
    const secret = Secret.take(whole.subarray(0, length));
    whole.fill(0);
    return secret;
  } finally {
    for (const part of filled) part.wipe();
  }
}
