/** The controlling terminal, opened by name so that redirected streams do not matter; echo, window size, foreground group. */
import { closeSync, constants, openSync } from "node:fs";
import { check, libc } from "./libc.ts";
import { readModes } from "./modes.ts";

export type WindowSize = { rows: number; columns: number };

const localFlags = 3;
const echo = 0o10;
const echoNewline = 0o100;
/** after pending output, and with unread input thrown away: the rest of a pasted secret must not reach the shell */
const flush = 2;
const getSize = 0x5413n;
const putSize = 0x5414n;

/** Throws ENXIO when the process has no terminal. */
export function openTty(): { fd: number; close(): void } {
  const fd = openSync("/dev/tty", constants.O_RDWR | constants.O_NOCTTY);
  return { fd, close: () => closeSync(fd) };
}

/** As isatty(3); node:tty would load all of node:net for it. */
export function isTerminal(fd: number): boolean {
  return libc().call.tcgetattr(fd, new Uint32Array(16)) === 0;
}

/** Typed characters are no longer shown; lines, ^C and ^D work on. Throws ENOTTY. `restore` may be called twice. */
export function noEcho(fd: number): { restore(): void } {
  const { call } = libc();
  const before = readModes(fd);
  const silent = before.slice();
  silent[localFlags] = (before[localFlags] ?? 0) & ~(echo | echoNewline);
  check("tcsetattr", call.tcsetattr(fd, flush, silent));
  return {
    restore() {
      check("tcsetattr", call.tcsetattr(fd, flush, before));
    },
  };
}

/** Throws ENOTTY, EIO. A terminal that does not know has 0 rows and 0 columns. */
export function windowSize(fd: number): WindowSize {
  const raw = new Uint16Array(new ArrayBuffer(8));
  check("ioctl", libc().call.ioctl(fd, getSize, raw));
  return { rows: raw[0] ?? 0, columns: raw[1] ?? 0 };
}

/** A changed size sends SIGWINCH to the foreground group of the terminal. */
export function setWindowSize(fd: number, size: WindowSize): void {
  const raw = new Uint16Array(new ArrayBuffer(8));
  raw.set([size.rows, size.columns]);
  check("ioctl", libc().call.ioctl(fd, putSize, raw));
}

/** The group that the terminal's signals go to; undefined: it is not our controlling terminal (nor the master of a pty). */
export function foregroundGroup(fd: number): number | undefined {
  const group = libc().call.tcgetpgrp(fd);
  return group === -1 ? undefined : group;
}
