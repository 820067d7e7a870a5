/**
 * A terminal that a program only writes to: its stderr, while stdout goes elsewhere (`run … | less`). Colours and progress bars live; the
 * keyboard, Ctrl-C and the modes stay with the terminal that all programs of the pipeline share.
 */
import { closeSync, constants, openSync } from "node:fs";
import { readModes, withoutOutputProcessing } from "../sys/modes.ts";
import { openPty } from "../sys/pty.ts";
import { setWindowSize, windowSize } from "../sys/tty.ts";

/** `ends`: what it writes is read from the first; to be used as those of a pipe. `resize`: after a SIGWINCH. */
export type OutputPty = { ends: [read: number, write: number]; resize(): void };

/** `display`: the terminal that it stands for, which does the work of turning "\n" into "\r\n". undefined: there are no ptys here. */
export function outputPty(display: number): OutputPty | undefined {
  let master: number | undefined;
  try {
    const pty = openPty(withoutOutputProcessing(readModes(display)), windowSize(display));
    const read = (master = pty.master);
    const write = openSync(pty.path, constants.O_RDWR | constants.O_NOCTTY);
    return { ends: [read, write], resize: () => setWindowSize(read, windowSize(display)) };
  } catch {
    if (master !== undefined) closeSync(master);
    return undefined;
  }
}
