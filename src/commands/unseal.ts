import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../cli/base.ts";
import { maybe, seconds, repeatable } from "../cli/flags.ts";
import { duration, note } from "../cli/output.ts";
import { byCredential, type OpeningFlags } from "../cli/opening.ts";
import type { Session } from "../cli/session.ts";
import type { Calls } from "../calls.ts";
import { waitingLine, waitingOf } from "../cli/waiting.ts";
import { ZvaultError } from "../errors.ts";
import type { Credential } from "../protocol.ts";
import { forgetRequests } from "../run/waiting.ts";

export default class Unseal extends ZvaultCommand {
  static override person = () => true;
  static override summary = "open your vaults";
  static override usage = ["[--for 8h]", "--passphrase [-]", "--share -|@FILE …", "--key-file FILE"];
  static override description = `
Your passphrase opens your identity, and all its vaults follow on first use. A vault that was made with shares, a key file or a
passphrase of its own opens by these. All shares go into one call. It is sealed again by
itself: after 12 h, or 4 h without use, by a passphrase; 2 h or 30 min by a key file; 1 h or 15 min by shares.`;
  static override examples = [
    "zvault unseal",
    "zvault unseal --for 30m",
    "zvault unseal --key-file ci.key",
    "zvault unseal --share @share-1.txt --share @share-3.txt --share @share-5.txt",
    "cat shares.txt | zvault unseal --share -",
  ];
  static override args = { source: maybe("- reads the passphrase from stdin") };
  static override flags = {
    for: Flags.string({ description: "sealed again after this time, at most", helpValue: "TIME" }),
    idle: Flags.string({ description: "sealed again after this time without use", helpValue: "TIME" }),
    passphrase: Flags.boolean({ description: "by passphrase; - reads it from stdin" }),
    share: Flags.string({ description: "by shares: - (one a line) or @FILE; repeatable", helpValue: "-|@FILE", ...repeatable }),
    "key-file": Flags.string({ description: "by a key file", helpValue: "FILE" }),
    "accept-rollback": Flags.boolean({ description: "open a vault that is older than what was last seen" }),
    "expect-head": Flags.string({ description: "refuse any other state of the log", helpValue: "SEQ:HASH" }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Unseal);
    const session = this.session(flags);
    if (args.source !== undefined && args.source !== "-")
      throw new ZvaultError("usage", "only - may follow: the passphrase from stdin");
    const asked: Calls["agent.unseal"]["args"] = {
      ...(flags.for === undefined ? {} : { lifetime: seconds(flags.for, "--for") }),
      ...(flags.idle === undefined ? {} : { idle: seconds(flags.idle, "--idle") }),
      ...(flags["accept-rollback"] ? { acceptRollback: true } : {}),
      ...(flags["expect-head"] === undefined ? {} : { expectHead: flags["expect-head"] }),
    };
    const result = await this.#open(session, asked, flags, args.source);
    const waiting = waitingOf(session);
    forgetRequests(session.places.runtime);
    this.print(
      flags,
      { ...result, waiting },
      () => `unsealed, ${duration(result.lifetime)} at most, ${duration(result.idle)} without use`,
    );
    for (const one of waiting) this.note(flags, waitingLine(one));
    for (const notice of result.notices) note(notice);
    if (!flags.quiet) await warnOfMemory(session);
  }

  async #open(
    session: Session,
    asked: Calls["agent.unseal"]["args"],
    flags: OpeningFlags,
    source: string | undefined,
  ): Promise<Calls["agent.unseal"]["result"]> {
    const vault = session.located() !== undefined;
    const once = async (credential: Credential) => (await session.ask("agent.unseal", asked, { vault, credential })).result;
    return byCredential(session, { flags, source, what: "Unseal" }, once);
  }
}

/** A downgrade of the agent's memory is said at the first unseal, not only in `status`. */
async function warnOfMemory(session: Session): Promise<void> {
  const { memory } = (await session.ask("agent.status", {}, { vault: false })).result;
  if (memory.kind === "unlocked") note(`warning: keys are in memory that may be swapped to disk: ${memory.why}`);
}
