/** What a transit command reads: stdin (`-`), a file (`@FILE`), or typed unseen. In pieces, because it may be larger than memory. */
import { closeSync, fstatSync } from "node:fs";
import { ZvaultError } from "../../errors.ts";
import { limits } from "../../verbs.ts";
import { promptHidden } from "../../run/prompt.ts";
import { openSecretFile } from "../../secret-file.ts";
import { readSome, takeStdin } from "../credential.ts";

export class Input {
  readonly name: string;
  /** bytes, of a file */
  readonly size: number | undefined;
  readonly #fd: number | undefined;
  #typed: Uint8Array | undefined;

  private constructor(name: string, fd: number | undefined, typed?: Uint8Array) {
    this.name = name;
    this.#fd = fd;
    this.#typed = typed;
    const stat = fd === undefined ? undefined : fstatSync(fd);
    this.size = stat?.isFile() ? stat.size : undefined;
  }

  /** `what` is asked for where nothing is given; without it that is a failure. Throws `usage`, `unsafe-file`, `not-found`. */
  static async open(source: string | undefined, what?: string): Promise<Input> {
    if (source === "-") return new Input("stdin", takeStdin());
    if (source?.startsWith("@") && source.length > 1)
      return new Input(source.slice(1), openSecretFile(source.slice(1), { strict: false }));
    if (source !== undefined) {
      throw new ZvaultError("usage", "what is worked on is never an argument: it would stay in the shell's history", {
        hint: "- for stdin, @FILE for a file",
      });
    }
    if (what === undefined) throw new ZvaultError("usage", "there is nothing to read", { hint: "- for stdin, @FILE for a file" });
    return new Input("what was typed", undefined, await promptHidden(`${what} (not shown): `));
  }

  /** The next `length` bytes, fewer only at the end. */
  read(length: number): Uint8Array {
    const room = new Uint8Array(new ArrayBuffer(length));
    let filled = 0;
    if (this.#fd === undefined) {
      const typed = this.#typed ?? new Uint8Array();
      filled = Math.min(length, typed.length);
      room.set(typed.subarray(0, filled));
      this.#typed = typed.slice(filled);
      typed.fill(0);
    } else {
      for (let got = -1; got !== 0 && filled < length; filled += got) got = readSome(this.#fd, room, filled);
    }
    return filled === length ? room : room.subarray(0, filled);
  }

  /** To its end, in parts of a frame. Throws `too-large` above what one request carries. */
  readPieces(): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let total = 0; ;) {
      const piece = this.read(limits.value);
      total += piece.length;
      if (piece.length > 0 || pieces.length === 0) pieces.push(piece);
      if (total > limits.transaction) {
        wipe(pieces);
        throw new ZvaultError("too-large", `${this.name} is larger than ${limits.transaction} bytes`, {
          hint: "sign or authenticate its hash: sha256sum FILE",
        });
      }
      if (piece.length < limits.value) return pieces;
    }
  }

  close(): void {
    this.#typed?.fill(0);
    if (this.#fd !== undefined && this.#fd !== 0) closeSync(this.#fd);
  }
}

export function wipe(parts: readonly Uint8Array[]): void {
  for (const part of parts) part.fill(0);
}

/** Text that somebody wrote with a newline at its end. */
export function withoutNewline(text: Uint8Array): Uint8Array {
  const end = text.at(-1) === 0x0a ? (text.at(-2) === 0x0d ? 2 : 1) : 0;
  return text.subarray(0, text.length - end);
}
