/** A public key as age writes it: `age1…`, Bech32 (BIP 173) of the 32 bytes, as C2SP age.md says. */
const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const prefix = "age";

function polymod(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [bit, factor] of [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].entries()) {
      if ((top >>> bit) & 1) sum ^= factor;
    }
  }
  return sum >>> 0;
}

export function printRecipient(publicKey: Uint8Array): string {
  const data: number[] = [];
  let bits = 0;
  let held = 0;
  for (const byte of publicKey) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      data.push((held >>> bits) & 31);
    }
  }
  if (bits > 0) data.push((held << (5 - bits)) & 31);
  const codes = Array.from(prefix, (letter) => letter.charCodeAt(0));
  const expanded = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
  const sum = polymod([...expanded, ...data, 0, 0, 0, 0, 0, 0]) ^ 1;
  const check = Array.from({ length: 6 }, (_, at) => (sum >>> (5 * (5 - at))) & 31);
  return `${prefix}1${[...data, ...check].map((value) => letters[value]).join("")}`;
}
