/**
 * Where values and credentials come from: stdin (`-`), a file (`@FILE`), a key file, a hidden prompt. Never an argument. All of it stays
 * bytes; the reader wipes them when it is done.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { ZvaultError } from "../errors.ts";
import type { Credential } from "../protocol.ts";
import { openSecretFile } from "../secret-file.ts";
import { limits } from "../verbs.ts";
import { fileError } from "../file-error.ts";
import { note } from "./output.ts";

/** Everything from a descriptor, at most `most` bytes. Throws `too-large`. */
function readAll(fd: number, most: number, what: string): Uint8Array {
  let room = new Uint8Array(new ArrayBuffer(Math.min(most + 1, 64 * 1024)));
  let length = 0;
  for (;;) {
    if (length === room.length) {
      if (length > most) {
        room.fill(0);
        throw tooLarge(what, most);
      }
      const more = new Uint8Array(new ArrayBuffer(Math.min(most + 1, room.length * 4)));
      more.set(room);
      room.fill(0);
      room = more;
    }
    const got = readSome(fd, room, length);
    if (got === 0) break;
    length += got;
  }
  if (length > most) {
    room.fill(0);
    throw tooLarge(what, most);
  }
  const bytes = room.slice(0, length);
  room.fill(0);
  return bytes;
}

function tooLarge(what: string, most: number): ZvaultError {
  const hint =
    most === limits.value ? "a value is at most 1 MiB: keep the file elsewhere, and the key to it here" : "is it the right file?";
  return new ZvaultError("too-large", `${what} is larger than ${most} bytes`, { hint, names: [what] });
}

/** As many bytes as there are, from `at` on; 0 at the end. */
export function readSome(fd: number, into: Uint8Array, at: number): number {
  for (;;) {
    try {
      return readSync(fd, into, at, into.length - at, null);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EOF") return 0;
      // a terminal or pipe that another program made non-blocking: there is nothing to wait with but time
      if (code === "EAGAIN") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      else throw fileError(error, "stdin");
    }
  }
}

let stdinTaken = false;

/** Stdin, for one reader. Throws `usage` if two arguments want it. */
export function takeStdin(): 0 {
  if (stdinTaken) throw new ZvaultError("usage", "stdin was read already: only one argument can be -");
  stdinTaken = true;
  return 0;
}

/** Stdin to its end. Throws `usage` if two arguments want it. */
export function readStdin(most: number = limits.value): Uint8Array {
  return readAll(takeStdin(), most, "stdin");
}

/** All of it, as `openSecretFile` opens it. Throws `too-large`, too. */
export function readSecretFile(path: string, o: { strict: boolean; most?: number }): Uint8Array {
  const fd = openSecretFile(path, o);
  try {
    return readAll(fd, o.most ?? limits.value, path);
  } finally {
    closeSync(fd);
  }
}

/** `-` or `@FILE`; undefined for anything else. Byte for byte. */
export function readSource(source: string): Uint8Array | undefined {
  if (source === "-") return readStdin();
  if (source.startsWith("@")) {
    const path = source.slice(1);
    if (path === "") throw new ZvaultError("usage", "@ needs the name of a file behind it", { hint: "@FILE, or - for stdin" });
    const bytes = readSecretFile(path, { strict: false });
    noteIfReadable(path);
    return bytes;
  }
  return undefined;
}

function noteIfReadable(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const { mode } = fstatSync(fd);
  closeSync(fd);
  if ((mode & 0o044) !== 0) note(`note: ${path} can be read by other users of this computer: chmod 600 ${path}`);
}

/** Without the end of line that `echo` puts behind it. */
export function withoutNewline(bytes: Uint8Array): Uint8Array {
  let length = bytes.length;
  if (bytes[length - 1] === 0x0a) length--;
  if (length < bytes.length && bytes[length - 1] === 0x0d) length--;
  const text = bytes.slice(0, length);
  bytes.fill(0);
  return text;
}

/** Share texts from `-` (one a line) and `@FILE`s (one a line), in one call. Throws `usage` without any. */
export function readShares(sources: readonly string[]): Credential {
  const parts: Uint8Array[] = [];
  for (const source of sources) {
    const bytes =
      source === "-" ? readStdin() : source.startsWith("@") ? readSecretFile(source.slice(1), { strict: true }) : undefined;
    if (!bytes)
      throw new ZvaultError("usage", "a share comes from - or @FILE, never as an argument", {
        hint: "--share - or --share @share-1.txt",
      });
    parts.push(...lines(bytes));
    bytes.fill(0);
  }
  if (parts.length === 0)
    throw new ZvaultError("wrong-share", "no share was given", { hint: "one a line, all of them in one call" });
  return { kind: "shares", parts };
}

function lines(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && bytes[at] !== 0x0a) continue;
    const end = at > from && bytes[at - 1] === 0x0d ? at - 1 : at;
    if (end > from && bytes.subarray(from, end).some((byte) => byte !== 0x20 && byte !== 0x09)) found.push(bytes.slice(from, end));
    from = at + 1;
  }
  return found;
}

export function wipe(credential: Credential | undefined): void {
  for (const part of credential?.parts ?? []) part.fill(0);
}
