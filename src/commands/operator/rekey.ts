import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { presenceFlags, presenceOf, shareFlags, sharesOf } from "../../cli/flags.ts";
import { count } from "../../cli/output.ts";
import { prepareHandout } from "../../cli/shares.ts";

export default class OperatorRekey extends ZvaultCommand {
  static override person = () => true;
  static override summary = "a new root key, sealed to all who have access";
  static override usage = ["", "--new-shares N --threshold K [--out DIR]"];
  static override description = "\nWith --new-shares the old shares open nothing any more.";
  static override examples = ["zvault operator rekey", "zvault operator rekey --new-shares 5 --threshold 3 --out shares"];
  static override flags = {
    "new-shares": Flags.integer({ description: "give out new shares", helpValue: "N", min: 2, max: 255 }),
    ...shareFlags,
    ...presenceFlags,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(OperatorRekey);
    const newShares = sharesOf(flags["new-shares"], flags.threshold);
    const session = this.session(flags);
    session.vault();
    const handout = newShares ? prepareHandout(newShares.shares, flags.out) : undefined;
    try {
      const { result, body } = await session.ask("vault.rekey", newShares ? { newShares } : {}, {
        presence: presenceOf(flags),
        what: "New root key",
      });
      const written = handout ? await handout.give(body) : [];
      this.print(flags, { ...result, shares: written }, () => [
        `new root key, epoch ${result.epoch}`,
        ...(newShares ? [`${count(newShares.shares, "new share")}, ${newShares.threshold} open it; the old ones do not`] : []),
      ]);
    } catch (error) {
      handout?.cancel();
      throw error;
    }
  }
}
