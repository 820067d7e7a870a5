import { ZvaultCommand } from "../../cli/base.ts";
import { name, presenceFlags, presenceOf } from "../../cli/flags.ts";

export default class TransitRotate extends ZvaultCommand {
  static override person = () => true;
  static override summary = "a new version of a transit key";
  static override description = "\nWhat was encrypted before still opens; `zvault transit rewrap` brings it to the new version.";
  static override examples = ["zvault transit rotate cards"];
  static override args = { name: name("the key") };
  static override flags = { ...presenceFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitRotate);
    const { result } = await this.session(flags).ask(
      "transit.rotate",
      { name: args.name },
      { presence: presenceOf(flags), what: `New version of the transit key ${args.name}` },
    );
    this.print(flags, result, () => `${result.name}: version ${result.latest}`);
  }
}
