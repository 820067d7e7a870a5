/** A file that is written piece by piece and has its name only when it is whole: 0600, beside its place until then. */
import { closeSync, constants, fsyncSync, lstatSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { randomUUID } from "node:crypto";
import { ZvaultError } from "../../errors.ts";
import { fileError, notRegular } from "../errors.ts";
import { placeFor } from "../place.ts";

export class NewFile {
  readonly path: string;
  readonly #temporary: string;
  readonly #fd: number;
  readonly #replace: boolean;
  bytes = 0;

  /** Throws `would-ask` for one that is there, unless `replace`, and `not-found` without a folder. */
  constructor(out: string, o: { replace: boolean }) {
    this.path = placeFor(out, false);
    this.#replace = o.replace;
    this.#check();
    this.#temporary = `${dirname(this.path)}/.zvault-${randomUUID()}`;
    try {
      this.#fd = openSync(this.#temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
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
      renameSync(this.#temporary, this.path);
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
    rmSync(this.#temporary, { force: true });
  }
}
