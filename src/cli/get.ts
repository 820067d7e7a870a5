/** What `get` and `kv get` share: presence, one read, and showing it as the flags allow. */
import * as Flags from "@oclif/core/flags";
import type { Ref } from "../envfile/reference.ts";
import { ZvaultError } from "../errors.ts";
import { presenceFlags, presenceOf, yesFlag } from "./flags.ts";
import type { Session } from "./session.ts";
import { checkShow, show } from "./value.ts";

export const getFlags = {
  reveal: Flags.boolean({ description: "write it to a pipe or file, byte for byte" }),
  out: Flags.string({ description: "write it to a new file (0600)", helpValue: "FILE" }),
  version: Flags.integer({ description: "an earlier version", helpValue: "N", min: 1 }),
  ...presenceFlags,
  ...yesFlag,
};

export type GetFlags = {
  json: boolean;
  reveal: boolean;
  yes: boolean;
  out?: string | undefined;
  version?: number | undefined;
  "key-file"?: string | undefined;
  share?: string[] | undefined;
};

/** `hint`: for a name that is not there. */
export async function getValue(
  session: Session,
  ref: Ref,
  flags: GetFlags,
  typed: string,
  hint: () => Promise<string | undefined>,
): Promise<void> {
  checkShow(flags);
  const wanted = { ...ref, ...(flags.version === undefined ? {} : { version: flags.version }) };
  const asked = session.ask("kv.get", wanted, { presence: presenceOf(flags), what: `Show ${typed}` });
  const answer = await asked.catch(async (error: unknown) => {
    if (!(error instanceof ZvaultError) || error.code !== "not-found") throw error;
    const better = await hint().catch(() => undefined);
    throw better === undefined ? error : new ZvaultError("not-found", error.message, { hint: better, names: error.names });
  });
  try {
    const { version, class: kind } = answer.result;
    show(flags, answer.body[0] ?? new Uint8Array(), { path: ref.path, version, class: kind });
  } finally {
    answer.release();
  }
}
