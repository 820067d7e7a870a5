/** A token or secret_id on its way out: shown once, to a terminal, a new file or, when asked for, a pipe. */
import * as Flags from "@oclif/core/flags";
import { existsSync } from "node:fs";
import { ZvaultError } from "../errors.ts";
import type { Answer } from "../protocol.ts";
import type { VerbName } from "../verbs.ts";
import { yesFlag } from "./flags.ts";
import { note } from "./output.ts";
import { checkShow, show, type ShowFlags } from "./value.ts";

export const handOutFlags = {
  out: Flags.string({ description: "write it to a new file (0600), as ZVAULT_TOKEN_FILE takes it", helpValue: "FILE" }),
  reveal: Flags.boolean({ description: "write it to a pipe, byte for byte" }),
  ...yesFlag,
};

/** Before anything is made: it could not be shown afterwards. Throws `denied`, and `usage` for a file that is there. */
export function checkHandOut(flags: ShowFlags): void {
  checkShow(flags);
  if (flags.out !== undefined && !flags.yes && existsSync(flags.out))
    throw new ZvaultError("usage", `${flags.out} exists already`, { hint: "--yes writes over it" });
}

/** `about` goes to stderr, or into the JSON beside it. */
export function handOut<V extends VerbName>(flags: ShowFlags, answer: Answer<V>, about: object, lines: readonly string[]): void {
  try {
    const bytes = answer.body[0] ?? new Uint8Array();
    show(flags, bytes, about);
    if (!flags.json) for (const line of lines) note(line);
  } finally {
    answer.release();
  }
}
