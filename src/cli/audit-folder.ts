/** A folder of audit segments, wherever it was moved: read as a stranger's, checked with the public key alone. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type AuditPublicKey, checkSigned, parseAuditKey, type SegmentText, type SignedReport } from "../audit-signature.ts";
import { ZvaultError } from "../errors.ts";
import { readRegular } from "../sys/regular.ts";
import { fileError } from "../file-error.ts";

/** A segment ends at 256 KiB, and a line of a large import may be 20,000 paths of 512 bytes. */
const largest = 64 * 1024 * 1024;

/** Throws `usage`, `not-found`, `unsafe-file`. */
export function checkFolder(keyFile: string, folder: string): SignedReport {
  const key: AuditPublicKey = parseAuditKey(read(keyFile, 1024));
  return checkSigned(segmentsIn(folder), key);
}

function segmentsIn(folder: string): SegmentText[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw fileError(error, folder);
  }
  const found = names.filter((one) => /^\d{6}\.jsonl$/.test(one)).toSorted();
  if (found.length === 0)
    throw new ZvaultError("not-found", `there is no audit segment in ${folder}`, { hint: "files named 000001.jsonl and so on" });
  return found.map((one) => ({ segment: Number(one.slice(0, 6)), text: read(join(folder, one), largest) }));
}

function read(path: string, most: number): string {
  const found = readRegular(path, most);
  if (!found)
    throw new ZvaultError("unsafe-file", `${path} is no regular file of at most ${most} bytes that can be read`, { names: [path] });
  return found.bytes.toString("latin1");
}
