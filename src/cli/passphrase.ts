/** A new passphrase: typed twice, unseen, and judged. A weak one is warned about, never refused: it is the owner's. */
import { ZvaultError } from "../errors.ts";
import type { Credential } from "../protocol.ts";
import { promptHidden } from "../run/prompt.ts";
import { readStdin, withoutNewline } from "./credential.ts";
import { note } from "./output.ts";

const tries = 3;

/** `source`: "-" for stdin, undefined for the terminal. Throws `usage` for an empty one. */
export async function newPassphrase(source: string | undefined): Promise<Credential> {
  const bytes = source === undefined ? await typedTwice() : fromStdin(source);
  if (bytes.length === 0) throw new ZvaultError("usage", "an empty passphrase protects nothing", { hint: "nothing was changed" });
  const why = weakness(bytes);
  if (why !== undefined)
    note(`warning: this passphrase is weak: ${why}. Five or six random words are easy to type and hard to guess`);
  return { kind: "passphrase", parts: [bytes] };
}

/** An existing passphrase from stdin, without the line end. Throws `usage` for anything but "-". */
export function fromStdin(source: string): Uint8Array {
  if (source !== "-") throw new ZvaultError("usage", "a passphrase is typed, or read from stdin with -; never an argument");
  return withoutNewline(readStdin());
}

async function typedTwice(): Promise<Uint8Array> {
  for (let left = tries; left > 0; left--) {
    const first = await promptHidden("New passphrase: ");
    const second = await promptHidden("Again:          ");
    const same = Buffer.compare(first, second) === 0;
    second.fill(0);
    if (same) return first;
    first.fill(0);
    note("the two differ");
  }
  throw new ZvaultError("wrong-passphrase", "the passphrase was not typed twice the same", { hint: "nothing was changed" });
}

/** Why it is weak, or undefined. Length and kinds of bytes only: a list of leaked passphrases would be larger than zvault. */
export function weakness(bytes: Uint8Array): string | undefined {
  if (bytes.length < 8) return `${bytes.length} characters`;
  const different = new Set(bytes).size;
  if (different < 5) return "few different characters";
  const kinds = [0x30, 0x41, 0x61].filter((from) =>
    bytes.some((byte) => byte >= from && byte < from + (from === 0x30 ? 10 : 26)),
  ).length;
  const other = bytes.some((byte) => byte > 0x7f || !isLetterOrDigit(byte)) ? 1 : 0;
  if (bytes.length < 12 && kinds + other < 3) return "short, and of one kind of character";
  return bytes.length < 16 && kinds + other < 2 ? "one kind of character" : undefined;
}

function isLetterOrDigit(byte: number): boolean {
  return (byte >= 0x30 && byte < 0x3a) || (byte >= 0x41 && byte < 0x5b) || (byte >= 0x61 && byte < 0x7b);
}
