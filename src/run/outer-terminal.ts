/**
 * The terminal we were started in, while a program runs in a terminal of ours. While we have it, it is raw, and what is typed is the
 * program's. Not so in the background, nor while other programs of a pipeline may want to ask something on it: then it stays as it is.
 */
import { closeSync } from "node:fs";
import { cookedModes, keysOf, rawModes, readModes, sameModes, writeModes, type Keys, type Modes } from "../sys/modes.ts";
import { hasPeers, inForeground } from "../sys/stat.ts";
import { foregroundGroup, openTty, windowSize, type WindowSize } from "../sys/tty.ts";
import { TerminalWatch } from "./terminal-watch.ts";

export class OuterTerminal {
  readonly #fd: number;
  readonly #own: boolean;
  readonly #display: number;
  /** stdin is no terminal: Ctrl-C is for the other programs of the pipeline too */
  readonly #pipeline: boolean;
  #saved: Modes | undefined;
  #watch: TerminalWatch | undefined;

  /** `display`: the standard stream that is a terminal; its size is what the program sees. */
  constructor(o: { stdin: boolean; display: number }) {
    this.#display = o.display;
    this.#pipeline = !o.stdin;
    // one that is not our controlling terminal cannot be opened by name
    const foreign = o.stdin && foregroundGroup(0) === undefined;
    const opened = foreign ? undefined : tryOpen();
    this.#own = opened !== undefined;
    this.#fd = opened ?? (o.stdin ? 0 : -1);
  }

  /** -1 where there is nobody to type. */
  get fd(): number {
    return this.#fd;
  }

  get taken(): boolean {
    return this.#saved !== undefined;
  }

  get size(): WindowSize {
    return windowSize(this.#display);
  }

  get modes(): Modes {
    return this.#saved ?? readModes(this.#fd < 0 ? this.#display : this.#fd);
  }

  /** What a program's terminal begins with: started in the background, ours is just now set as the shell's line editor wants it. */
  get firstModes(): Modes {
    const background = this.#fd >= 0 && foregroundGroup(this.#fd) !== undefined && !inForeground();
    return background ? cookedModes(this.modes) : this.modes;
  }

  /** Whether what Ctrl-C and the like send may come from the terminal: then it was sent to the whole pipeline. */
  get sendsSignals(): boolean {
    if (this.#fd < 0 || !inForeground()) return false;
    try {
      return keysOf(readModes(this.#fd)).signals;
    } catch {
      return false;
    }
  }

  get keys(): Keys {
    return keysOf(this.modes);
  }

  /** Makes it ours if that disturbs nobody. `wanted`: the program has asked for keys, so nobody else of the pipeline does. */
  take(wanted: () => boolean): boolean {
    if (this.#fd < 0) return false;
    const foreign = foregroundGroup(this.#fd) === undefined;
    if (!foreign && !inForeground()) {
      this.#saved = undefined;
      return false;
    }
    if (this.#pipeline && !this.taken && !wanted() && hasPeers()) return false;
    try {
      // a shell that continues us has put its own modes there
      const before = readModes(this.#fd);
      const raw = rawModes(this.#saved ?? before, this.#pipeline);
      if (this.#saved !== undefined && sameModes(before, raw)) return true;
      this.#saved = before;
      this.#watch ??= TerminalWatch.start(this.#fd);
      writeModes(this.#fd, rawModes(before, this.#pipeline));
      this.#watch?.taken(before, readModes(this.#fd));
      return true;
    } catch {
      // hung up
      this.#saved = undefined;
      return false;
    }
  }

  /** As it was before `take`. */
  leave(): void {
    const saved = this.#saved;
    if (saved === undefined) return;
    this.#saved = undefined;
    try {
      writeModes(this.#fd, saved);
    } catch {
      // hung up
    }
    this.#watch?.left();
  }

  close(): void {
    this.leave();
    this.#watch?.end();
    try {
      if (this.#own) closeSync(this.#fd);
    } catch {
      // the keyboard's stream could not open the terminal once more, and has closed this one
    }
  }
}

function tryOpen(): number | undefined {
  try {
    return openTty().fd;
  } catch {
    return undefined;
  }
}
