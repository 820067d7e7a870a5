/** CRC-32C (Castagnoli, RFC 3720 B.4), eight bytes a step. Finds accidents on disk; it is no protection against anyone. */

const polynomial = 0x82f63b78; // reflected
const tables = makeTables();

/** Unsigned 32 bits. `seed`: the CRC of what came before, so that crc32c(b, crc32c(a)) is the CRC of a ‖ b. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  let at = 0;
  const steps = bytes.length - (bytes.length % 8);
  const t = tables;
  while (at < steps) {
    const low = crc ^ (byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24));
    crc =
      entry(t, 7, low & 255) ^
      entry(t, 6, (low >>> 8) & 255) ^
      entry(t, 5, (low >>> 16) & 255) ^
      entry(t, 4, low >>> 24) ^
      entry(t, 3, byte(bytes, at + 4)) ^
      entry(t, 2, byte(bytes, at + 5)) ^
      entry(t, 1, byte(bytes, at + 6)) ^
      entry(t, 0, byte(bytes, at + 7));
    at += 8;
  }
  for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ entry(t, 0, (crc ^ byte(bytes, at)) & 255);
  return ~crc >>> 0;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

/** CRC of byte `value` followed by `zeros` zero bytes. */
function entry(t: Uint32Array, zeros: number, value: number): number {
  return t[zeros * 256 + value] as number;
}

function makeTables(): Uint32Array {
  const t = new Uint32Array(8 * 256);
  for (let value = 0; value < 256; value += 1) {
    let crc = value;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    t[value] = crc;
  }
  for (let at = 256; at < t.length; at += 1) {
    const before = t[at - 256] as number;
    t[at] = (before >>> 8) ^ (t[before & 255] as number);
  }
  return t;
}
