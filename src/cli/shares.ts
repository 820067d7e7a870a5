/**
 * Giving out shares: one by one on the terminal itself, or into files that exist, empty, before anything is changed; a share that
 * cannot be handed over would be lost.
 */
import { closeSync, rmSync, writeSync } from "node:fs";
import { ZvaultError } from "../errors.ts";
import { promptLine } from "../run/prompt.ts";
import { openTty } from "../sys/tty.ts";
import { createPrivate, fillFile, makePrivateFolder } from "./files.ts";

export type Handout = {
  /** Gives out the shares and wipes them. Returns the files written, none for a terminal. */
  give(shares: readonly Uint8Array[]): Promise<string[]>;
  /** Nothing was made: takes away what was prepared. */
  cancel(): void;
};

/** `out`: folder, undefined for the terminal. Throws `would-ask` without either, or if a file exists. */
export function prepareHandout(count: number, out: string | undefined): Handout {
  return out === undefined ? onTerminal() : intoFiles(count, out);
}

function intoFiles(count: number, folder: string): Handout {
  makePrivateFolder(folder);
  const open = new Map<string, number>();
  const cancel = () => {
    for (const [path, fd] of open) {
      closeSync(fd);
      rmSync(path, { force: true });
    }
    open.clear();
  };
  try {
    for (let at = 1; at <= count; at++) {
      const path = `${folder}/share-${at}.txt`;
      open.set(path, createPrivate(path));
    }
  } catch (error) {
    cancel();
    throw error;
  }
  return {
    cancel,
    give(shares) {
      const written: string[] = [];
      for (const [index, [path, fd]] of [...open].entries()) {
        const share = shares[index] ?? new Uint8Array();
        const line = new Uint8Array(new ArrayBuffer(share.length + 1));
        line.set(share);
        line[share.length] = 0x0a;
        open.delete(path);
        fillFile(fd, line, path);
        line.fill(0);
        share.fill(0);
        written.push(path);
      }
      return Promise.resolve(written);
    },
  };
}

function onTerminal(): Handout {
  try {
    openTty().close();
  } catch (error) {
    throw new ZvaultError("would-ask", "there is no terminal to show the shares on", {
      hint: "--out DIR writes them to files",
      cause: error,
    });
  }
  return {
    cancel() {},
    async give(shares) {
      for (const [index, share] of shares.entries()) {
        const terminal = openTty();
        try {
          writeSync(terminal.fd, `Share ${index + 1} of ${shares.length}, for one person to keep:\n\n`);
          writeSync(terminal.fd, share);
          writeSync(terminal.fd, "\n\n");
        } finally {
          terminal.close();
        }
        share.fill(0);
        await promptLine(
          index + 1 < shares.length ? "Enter takes it off the screen and shows the next: " : "Enter takes it off the screen: ",
        );
        const again = openTty();
        // the screen and what was scrolled off it
        writeSync(again.fd, "\x1b[H\x1b[2J\x1b[3J");
        again.close();
      }
      return [];
    },
  };
}
