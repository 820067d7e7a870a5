import { ZvaultCommand } from "../../cli/base.ts";
import { presenceFlags, presenceOf } from "../../cli/flags.ts";
import { bytes } from "../../cli/output.ts";

export default class OperatorCompact extends ZvaultCommand {
  static override person = () => true;
  static override summary = "rewrite the log without what is dead";
  static override examples = ["zvault operator compact"];
  static override flags = { ...presenceFlags };

  override async run(): Promise<void> {
    const { flags } = await this.parse(OperatorCompact);
    const { result } = await this.session(flags).ask("vault.compact", {}, { presence: presenceOf(flags), what: "Compact" });
    this.print(flags, result, () => `${bytes(result.before)} → ${bytes(result.after)}, generation ${result.generation}`);
  }
}
