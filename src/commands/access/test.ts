import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { maybe, repeatable } from "../../cli/flags.ts";
import { byCredential } from "../../cli/opening.ts";
import { ZvaultError } from "../../errors.ts";

export default class AccessTest extends ZvaultCommand {
  static override person = () => true;
  static override summary = "prove that shares, a key file or a passphrase open this vault";
  static override usage = ["", "--passphrase [-]", "--share -|@FILE …", "--key-file FILE"];
  static override description = `
Opens nothing and changes nothing, sealed or unsealed: for a rehearsal, and for key files in a drawer. All shares go into one
call. A wrong one is answered slowly and noted, as by unseal. Exit code 0: it opens this vault; 8: it does not.`;
  static override examples = [
    "zvault access test --key-file ci.key",
    "zvault access test --share @share-1.txt --share @share-3.txt --share @share-5.txt",
    "zvault access test --passphrase",
  ];
  static override args = { source: maybe("- reads the passphrase from stdin") };
  static override flags = {
    passphrase: Flags.boolean({ description: "a passphrase, typed unseen; - reads it from stdin" }),
    share: Flags.string({ description: "shares: - (one a line) or @FILE; repeatable", helpValue: "-|@FILE", ...repeatable }),
    "key-file": Flags.string({ description: "a key file", helpValue: "FILE" }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(AccessTest);
    if (args.source !== undefined && args.source !== "-")
      throw new ZvaultError("usage", "only - may follow: the passphrase from stdin");
    const session = this.session(flags);
    session.vault();
    const asked = { flags, source: args.source, what: "Test" };
    const { result } = await byCredential(session, asked, (credential) => session.ask("access.test", {}, { credential }));
    const { slot, sealed } = result;
    const label = slot.label === "" || slot.label === slot.kind ? "" : ` ${slot.label}`;
    const of = slot.threshold === undefined ? "" : `, ${slot.threshold} of ${slot.shares ?? "?"}`;
    this.print(
      flags,
      result,
      () =>
        `this opens the vault: ${slot.kind}${label} (${slot.id.slice(0, 8)}${of}); it ${sealed ? "stays sealed" : "was unsealed before"}`,
    );
  }
}
