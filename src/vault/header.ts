/**
 * The first 128 bytes of a log, the same for all of a generation's life (docs/format.md, "Header"). Pure: the client reads it too, to
 * name the vault it found.
 *
 *  0  8  magic "zvault\0" 0x01          48  8  generation, from 1
 *  8  4  format, 1                      56  8  sequence of the first record
 * 12  4  length of the header, 128      64 60  zero
 * 16 16  vault id                      124  4  CRC32C of bytes 0–123
 * 32 16  lineage id
 */
import { crc32c } from "../crypto/crc32c.ts";
import { fromHex, hex } from "../crypto/hash.ts";
import { ZvaultError } from "../errors.ts";
import { format, isNewer, newerFormat } from "./format-version.ts";

export type Header = { id: string; lineage: string; generation: number; first: number };

export const headerLength = 128;
const magic = [0x7a, 0x76, 0x61, 0x75, 0x6c, 0x74, 0, 1];

export function printHeader(header: Header): Uint8Array {
  const bytes = new Uint8Array(headerLength);
  const view = new DataView(bytes.buffer);
  bytes.set(magic, 0);
  view.setUint32(8, 1);
  view.setUint32(12, headerLength);
  bytes.set(fromHex(header.id), 16);
  bytes.set(fromHex(header.lineage), 32);
  view.setBigUint64(48, BigInt(header.generation));
  view.setBigUint64(56, BigInt(header.first));
  view.setUint32(124, crc32c(bytes.subarray(0, 124)));
  return bytes;
}

/** Throws `damaged`: not a vault, or changed; and `newer-format`. */
export function parseHeader(bytes: Uint8Array, path: string): Header {
  const refuse = (why: string): never => {
    throw new ZvaultError("damaged", `${path} ${why}`, {
      hint: "`zvault backup restore` takes the newest copy; `zvault backup list` shows all",
    });
  };
  if (bytes.length < headerLength) refuse("is too short for a vault");
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerLength);
  if (magic.some((byte, index) => bytes[index] !== byte)) refuse("is not a vault");
  const found = view.getUint32(8);
  if (isNewer(found) && view.getUint32(124) === crc32c(bytes.subarray(0, 124))) throw newerFormat(path, found);
  if (found !== format) refuse("has a damaged header (format)");
  if (view.getUint32(12) !== headerLength) refuse("has a damaged header");
  if (view.getUint32(124) !== crc32c(bytes.subarray(0, 124))) refuse("has a damaged header (checksum)");
  const generation = view.getBigUint64(48);
  const first = view.getBigUint64(56);
  if (generation < 1n || first < 1n || generation > 2n ** 48n || first > 2n ** 48n) refuse("has a damaged header (numbers)");
  return {
    id: hex(bytes.subarray(16, 32)),
    lineage: hex(bytes.subarray(32, 48)),
    generation: Number(generation),
    first: Number(first),
  };
}
