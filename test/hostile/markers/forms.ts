/** Where a marker could show, and in which spellings it is looked for. */
import { randomBytes } from "node:crypto";

/** Letters and digits that stand nowhere by chance. */
export function newCore(): string {
  return `Zq${randomBytes(24)
    .toString("base64")
    .replaceAll(/[^A-Za-z0-9]/g, "x")
    .slice(0, 22)}`;
}

/** What is left of base64 when nobody knows where in the text it began. */
function base64At(bytes: Uint8Array, shift: number, encoding: "base64" | "base64url"): Buffer {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString(encoding)
    .replaceAll("=", "");
  const whole = text.length - (text.length % 4);
  // letters that hold bits of what stands before or behind are left out
  return Buffer.from(text.slice(shift === 0 ? 0 : 4, whole - 1));
}

export type Form = { name: string; bytes: Buffer };

export function formsOf(secret: Uint8Array): Form[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString("hex");
  const escaped = [...bytes].map((one) => `\\u${one.toString(16).padStart(4, "0")}`).join("");
  const forms: Form[] = [
    { name: "raw", bytes },
    { name: "hex", bytes: Buffer.from(hex) },
    { name: "HEX", bytes: Buffer.from(hex.toUpperCase()) },
    { name: "utf-16", bytes: Buffer.from(bytes.toString("latin1"), "utf16le") },
    { name: "json", bytes: Buffer.from(JSON.stringify(bytes.toString("utf8")).slice(1, -1)) },
    { name: "json, all escaped", bytes: Buffer.from(escaped) },
    { name: "bytes as numbers", bytes: Buffer.from([...bytes].join(",")) },
    { name: "reversed", bytes: Buffer.from(bytes.toReversed()) },
  ];
  for (const shift of [0, 1, 2]) {
    forms.push({ name: `base64 at ${shift}`, bytes: base64At(bytes, shift, "base64") });
    forms.push({ name: `base64url at ${shift}`, bytes: base64At(bytes, shift, "base64url") });
  }
  return forms;
}

/** Names of the forms that stand in `where`, each once. */
export function formsIn(where: Uint8Array, forms: readonly Form[]): string[] {
  const all = Buffer.from(where.buffer, where.byteOffset, where.byteLength);
  return [...new Set(forms.filter(({ bytes }) => all.includes(bytes)).map(({ name }) => name))];
}
