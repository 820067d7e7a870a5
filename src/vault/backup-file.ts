/**
 * The file of `backup create`: ciphertext only.
 *
 * "zvbackup" ‖ length (4 bytes) ‖ JSON {v, id, time, secrets, files: [[name, length], …]} ‖ the files ‖ SHA-256 of all before.
 */
import { sha256 } from "../crypto/hash.ts";
import { ZvaultError } from "../errors.ts";
import type { CopyFile } from "./copy-io.ts";
import { isNewer, newerFormat } from "./format-version.ts";
import { isMoment } from "./moment.ts";

const magic = new TextEncoder().encode("zvbackup");
export const fileLimit = 1024 * 1024 * 1024;
const nameShape = /^(keys|vault|audit\/\d{6}\.jsonl)$/;

export type Head = { v: 1; id: string; time: string; secrets: number; files: [string, number][] };

export function printBackup(head: Head, files: readonly CopyFile[]): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, json.length);
  const body = Buffer.concat([magic, length, json, ...files.map((file) => file.bytes)]);
  return Buffer.concat([body, sha256(body)]);
}

/** Throws `damaged`: cut, changed, or none of ours. */
export function parseBackup(bytes: Uint8Array, path: string): { head: Head; files: CopyFile[] } {
  const refuse = (why: string): never => {
    throw new ZvaultError("damaged", `${path} ${why}`);
  };
  if (bytes.length < 44 || magic.some((byte, at) => bytes[at] !== byte)) refuse("is not a zvault backup");
  if (Buffer.compare(sha256(bytes.subarray(0, -32)), bytes.subarray(-32)) !== 0) refuse("is damaged (its checksum does not fit)");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8);
  if (12 + length > bytes.length - 32) refuse("is damaged (header)");
  const head = parseHead(bytes.subarray(12, 12 + length), path) ?? refuse("is damaged (header)");
  let at = 12 + length;
  const files = head.files.map(([name, size]) => {
    if (at + size > bytes.length - 32) refuse("is damaged (files)");
    at += size;
    return { name, bytes: bytes.subarray(at - size, at) };
  });
  return { head, files };
}

/** Anybody can make a checksum fit: what stands in the head is checked field by field. */
function parseHead(json: Uint8Array, path: string): Head | undefined {
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder().decode(json));
  } catch {
    return undefined;
  }
  const { v, id, time, secrets, files } = (found ?? {}) as Record<string, unknown>;
  if (isNewer(v)) throw newerFormat(path, v);
  const texts = typeof id === "string" && /^[0-9a-f]{32}$/.test(id) && isMoment(time);
  if (v !== 1 || !texts || !Number.isSafeInteger(secrets) || !Array.isArray(files)) return undefined;
  const names = files.map((one: unknown) => {
    const [name, size] = Array.isArray(one) ? (one as unknown[]) : [];
    const fits = typeof name === "string" && nameShape.test(name) && Number.isSafeInteger(size) && (size as number) >= 0;
    return fits ? name : undefined;
  });
  if (names.includes(undefined) || new Set(names).size !== names.length) return undefined;
  return { v, id, time, secrets: secrets as number, files: files as Head["files"] };
}
