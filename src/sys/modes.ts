/**
 * The modes of a terminal: `struct termios` of Linux, four u32 flag words (input, output, control, local), then one byte of line
 * discipline and the characters; 60 bytes in all.
 */
import { check, libc } from "./libc.ts";

export type Modes = Uint32Array;

const size = 64;
const output = 1;
const local = 3;
const flags = { processOutput: 1, signals: 1, echo: 0o10, echoControl: 0o1000 };
/** BRKINT ICRNL IXON; OPOST ONLCR; CREAD; ISIG ICANON ECHO ECHOE ECHOK ECHOCTL ECHOKE IEXTEN */
const cooked = [0o2402, 0o5, 0o200, 0o105073];
/** of the characters, from this byte on */
const characters = 17;
const characterCount = 32;
const places = { interrupt: 0, quit: 1, suspend: 10, literal: 15 };
const now = 0;

/** Of a pty's master: those of its slave. Throws ENOTTY, EIO after a hang-up. */
export function readModes(fd: number): Modes {
  const modes = new Uint32Array(new ArrayBuffer(size));
  check("tcgetattr", libc().call.tcgetattr(fd, modes));
  return modes;
}

/** At once; what was typed stays. From the background it stops the process (SIGTTOU). Throws ENOTTY, EIO. */
export function writeModes(fd: number, modes: Modes): void {
  check("tcsetattr", libc().call.tcsetattr(fd, now, modes));
}

/** Every byte as it is, both ways. `signals`: but Ctrl-C, Ctrl-\ and Ctrl-Z still send theirs. */
export function rawModes(from: Modes, signals: boolean): Modes {
  const modes = from.slice();
  libc().call.cfmakeraw(modes);
  if (signals) modes[local] = (modes[local] ?? 0) | flags.signals;
  return modes;
}

/** Lines, echo and signals as every fresh terminal has them; characters, speed and the rest as in `from`. */
export function cookedModes(from: Modes): Modes {
  const modes = from.slice();
  for (const [at, bits] of cooked.entries()) modes[at] = (modes[at] ?? 0) | bits;
  return modes;
}

/** The program's output as it is: "\n" stays "\n". */
export function withoutOutputProcessing(from: Modes): Modes {
  const modes = from.slice();
  modes[output] = (modes[output] ?? 0) & ~flags.processOutput;
  return modes;
}

export function sameModes(a: Modes, b: Modes): boolean {
  return sttyText(a) === sttyText(b);
}

export type Keys = {
  /** whether the next three send signals */
  signals: boolean;
  /** whether ^C and the like are shown as such */
  shown: boolean;
  /** bytes; 0: nothing does it. `literal`: takes the next byte as it is */
  interrupt: number;
  quit: number;
  suspend: number;
  literal: number;
};

/** Ctrl-C, Ctrl-\, Ctrl-Z and Ctrl-V, as the terminal is set. */
export function keysOf(modes: Modes): Keys {
  const word = modes[local] ?? 0;
  const bytes = new Uint8Array(modes.buffer, modes.byteOffset, size);
  const key = (at: number) => bytes[characters + at] ?? 0;
  return {
    signals: (word & flags.signals) !== 0,
    shown: (word & flags.echo) !== 0 && (word & flags.echoControl) !== 0,
    interrupt: key(places.interrupt),
    quit: key(places.quit),
    suspend: key(places.suspend),
    literal: key(places.literal),
  };
}

/** As `stty -g` prints them and `stty` takes them: four flag words and 32 characters, hex, with colons. */
export function sttyText(modes: Modes): string {
  const bytes = new Uint8Array(modes.buffer, modes.byteOffset, size);
  const words = [...modes.subarray(0, 4), ...bytes.subarray(characters, characters + characterCount)];
  return words.map((word) => word.toString(16)).join(":");
}
