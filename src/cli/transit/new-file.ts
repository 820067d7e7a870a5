/**
 * A file that is written piece by piece and is there only when it is whole, 0600. Until then it has no name: whoever kills the command leaves
 * nothing of it behind. Only where a file system has no such files it lies beside its place under a name of ours.
 */
import { randomUUID } from "node:crypto";
import { closeSync, constants, fsyncSync, lstatSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { ZvaultError } from "../../errors.ts";
import { nameFile, openUnnamed } from "../../sys/unnamed.ts";
import { fileError, notRegular } from "../../file-error.ts";
import { placeFor } from "../place.ts";

export class NewFile {
  readonly path: string;
  readonly #beside: string;
  readonly #fd: number;
  readonly #replace: boolean;
  #named: boolean;
  bytes = 0;

  /** Throws `would-ask` for one that is there, unless `replace`, and `not-found` without a folder. */
  constructor(out: string, o: { replace: boolean }) {
    this.path = placeFor(out, false);
    this.#replace = o.replace;
    this.#check();
    this.#beside = `${dirname(this.path)}/.zvault-${randomUUID()}`;
    try {
      const unnamed = openUnnamed(dirname(this.path));
      const made = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      this.#fd = unnamed ?? openSync(this.#beside, made, 0o600);
      this.#named = unnamed === undefined;
    } catch (error) {
      throw fileError(error, this.path);
    }
  }

  #check(): void {
    const old = lstatSync(this.path, { throwIfNoEntry: false });
    if (old && !old.isFile()) throw notRegular(this.path);
    if (old && !this.#replace)
      throw new ZvaultError("would-ask", `${this.path} exists already`, { hint: "--yes writes over it", names: [this.path] });
  }

  write(part: Uint8Array): void {
    try {
      for (let done = 0; done < part.length;) done += writeSync(this.#fd, part, done, part.length - done);
      this.bytes += part.length;
    } catch (error) {
      throw fileError(error, this.path);
    }
  }

  /** Synced, and at its place. */
  finish(): void {
    try {
      fsyncSync(this.#fd);
      this.#check();
      if (!this.#named) nameFile(this.#fd, this.#beside);
      this.#named = true;
      renameSync(this.#beside, this.path);
      const folder = openSync(dirname(this.path), constants.O_RDONLY | constants.O_DIRECTORY);
      fsyncSync(folder);
      closeSync(folder);
    } catch (error) {
      throw fileError(error, this.path);
    }
  }

  /** Nothing of it stays, unless it was finished. */
  close(): void {
    closeSync(this.#fd);
    if (this.#named) rmSync(this.#beside, { force: true });
  }
}
