import { ZvaultCommand } from "../../cli/base.ts";
import { name, presenceFlags, presenceOf } from "../../cli/flags.ts";

export default class PolicyDelete extends ZvaultCommand {
  static override person = () => true;
  static override summary = "delete a policy; a built-in one is as it was made again";
  static override description = "\nIt acts at once: what only this policy granted is not granted any more. It needs presence.";
  static override examples = ["zvault policy delete deploy", "zvault policy delete local"];
  static override args = { name: name("a policy") };
  static override flags = { ...presenceFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(PolicyDelete);
    const what = `Delete the policy ${args.name}`;
    const { result } = await this.session(flags).ask("policy.delete", { name: args.name }, { presence: presenceOf(flags), what });
    this.print(flags, result, () => `${result.name}: ${result.restored ? "as every vault has it again" : "deleted"}`);
  }
}
