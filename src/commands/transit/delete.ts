import { ZvaultCommand } from "../../cli/base.ts";
import { sure } from "../../cli/confirm.ts";
import { name, presenceFlags, presenceOf, yesFlag } from "../../cli/flags.ts";

export default class TransitDelete extends ZvaultCommand {
  static override person = () => true;
  static override summary = "a transit key goes, for good";
  static override description =
    "\nOnly after `zvault transit config NAME --deletable`. What it encrypted cannot be opened any more, but with a backup made before.";
  static override examples = ["zvault transit delete cards"];
  static override args = { name: name("the key") };
  static override flags = { ...presenceFlags, ...yesFlag };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitDelete);
    const session = this.session(flags);
    session.vault();
    const what = `Delete the transit key ${args.name}`;
    await sure(`${what}, and with it all that it encrypted?`, { yes: flags.yes, usually: false, no: "nothing was deleted" });
    const { result } = await session.ask("transit.delete", { name: args.name }, { presence: presenceOf(flags), what });
    this.print(flags, { name: args.name, ...result }, () => `${args.name}: deleted, with ${result.versions} of its versions`);
  }
}
