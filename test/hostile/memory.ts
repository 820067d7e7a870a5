/** Looks through the memory of another process, as root can. */
import * as fs from "node:fs";

/** How often each of `pieces` is in the readable memory of a process. memfd_secret pages cannot be read, not even by root. */
export function count(pid: number, pieces: readonly Uint8Array[]): number[] {
  const fd = fs.openSync(`/proc/${pid}/mem`, "r");
  const found = pieces.map(() => 0);
  for (const line of fs.readFileSync(`/proc/${pid}/maps`, "latin1").split("\n")) {
    const [, from, to, rights] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
    if (from === undefined || to === undefined || !rights?.startsWith("r") || line.includes("[vvar") || line.includes("[vsyscall"))
      continue;
    const bytes = readRange(fd, BigInt(`0x${from}`), BigInt(`0x${to}`));
    for (const [index, piece] of pieces.entries()) {
      for (let at = bytes.indexOf(piece); at !== -1; at = bytes.indexOf(piece, at + 1)) found[index] = (found[index] ?? 0) + 1;
    }
  }
  fs.closeSync(fd);
  return found;
}

function readRange(fd: number, from: bigint, to: bigint): Buffer {
  const step = 4n * 1024n * 1024n;
  const parts: Buffer[] = [];
  for (let at = from; at < to; at += step) {
    const part = Buffer.alloc(Number(to - at < step ? to - at : step));
    try {
      parts.push(part.subarray(0, fs.readSync(fd, part, 0, part.length, at)));
    } catch {
      return Buffer.concat(parts); // EIO: a secret page, or one that is not there
    }
  }
  return Buffer.concat(parts);
}
