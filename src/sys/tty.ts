/** The controlling terminal, opened by name so that redirected streams do not matter, and its echo. */
import { closeSync, constants, openSync } from "node:fs";
import { check, libc } from "./libc.ts";

/** `struct termios` of Linux: four u32 flag words, then the line discipline and the characters; 60 bytes in all. */
const termiosSize = 64;
const localFlags = 3;
const echo = 0o10;
const echoNewline = 0o100;
/** after pending output, and with unread input thrown away: the rest of a pasted secret must not reach the shell */
const flush = 2;

/** Throws ENXIO when the process has no terminal. */
export function openTty(): { fd: number; close(): void } {
  const fd = openSync("/dev/tty", constants.O_RDWR | constants.O_NOCTTY);
  return { fd, close: () => closeSync(fd) };
}

/** As isatty(3); node:tty would load all of node:net for it. */
export function isTerminal(fd: number): boolean {
  return libc().call.tcgetattr(fd, new Uint32Array(termiosSize / 4)) === 0;
}

/** Typed characters are no longer shown; lines, ^C and ^D work on. Throws ENOTTY. `restore` may be called twice. */
export function noEcho(fd: number): { restore(): void } {
  const { call } = libc();
  const before = new Uint32Array(termiosSize / 4);
  check("tcgetattr", call.tcgetattr(fd, before));
  const silent = before.slice();
  silent[localFlags] = (before[localFlags] ?? 0) & ~(echo | echoNewline);
  check("tcsetattr", call.tcsetattr(fd, flush, silent));
  return {
    restore() {
      check("tcsetattr", call.tcsetattr(fd, flush, before));
    },
  };
}
