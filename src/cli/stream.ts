/**
 * Standard output and error, written in the system call: process.stdout would load Node's streams, a fifth of what a short command takes.
 * Everything is written when a command ends, and nothing waits in a buffer.
 */
import { writeSync } from "node:fs";

/** ms between two tries where a reader has left its pipe without room and without blocking */
const pause = 5;

/** All of it. Throws `OutputFailure`: EPIPE where nobody reads any more, ENOSPC on a full disk. */
export function put(fd: 1 | 2, text: string | Uint8Array): void {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") sleep();
      else throw new OutputFailure("the output cannot be written", { cause: error });
    }
  }
}

/** On stderr a person who closed it hears nothing; that is no failure of the command. */
export function mention(text: string): void {
  try {
    put(2, text);
  } catch {
    // nowhere to say it
  }
}

/** Standard output cannot be written; `cause` is what write(2) said. */
export class OutputFailure extends Error {
  override readonly name = "OutputFailure";
  declare readonly cause: NodeJS.ErrnoException;
}

function sleep(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
}
