import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { sure } from "../../cli/confirm.ts";
import { name, presenceFlags, presenceOf, yesFlag } from "../../cli/flags.ts";

export default class TransitTrim extends ZvaultCommand {
  static override person = () => true;
  static override summary = "old versions of a transit key go, for good";
  static override description =
    "\nOnly versions below the minimum to decrypt (`transit config --min-decrypt`). What they encrypted cannot be opened any more, but with a backup made before.";
  static override examples = ["zvault transit trim cards --before 3"];
  static override args = { name: name("the key") };
  static override flags = {
    before: Flags.integer({ description: "the first version that stays", helpValue: "N", min: 1, required: true }),
    ...presenceFlags,
    ...yesFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitTrim);
    const session = this.session(flags);
    session.vault();
    const what = `Take away all versions of ${args.name} before ${flags.before}`;
    await sure(`${what}, for good?`, { yes: flags.yes, usually: false, no: "nothing was taken away" });
    const asked = { name: args.name, before: flags.before };
    const { result } = await session.ask("transit.trim", asked, { presence: presenceOf(flags), what });
    this.print(
      flags,
      result,
      () => `${result.name}: versions from ${result.versions[0]?.version ?? 0} to ${result.latest} are left`,
    );
  }
}
