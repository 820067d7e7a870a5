import { ZvaultCommand } from "../../cli/base.ts";
import { presenceFlags, presenceOf } from "../../cli/flags.ts";

export default class OperatorRotate extends ZvaultCommand {
  static override person = () => true;
  static override summary = "a new data key for what is written from now on";
  static override examples = ["zvault operator rotate"];
  static override flags = { ...presenceFlags };

  override async run(): Promise<void> {
    const { flags } = await this.parse(OperatorRotate);
    const { result } = await this.session(flags).ask("vault.rotate", {}, { presence: presenceOf(flags), what: "New data key" });
    this.print(flags, result, () => `new data key, term ${result.term}; \`zvault operator compact\` seals the old values under it`);
  }
}
