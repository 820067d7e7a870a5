import { ZvaultCommand } from "../../cli/base.ts";
import { name, presenceFlags, presenceOf } from "../../cli/flags.ts";

export default class PolicyRead extends ZvaultCommand {
  static override summary = "the rules of a policy, as `policy write` takes them";
  static override examples = ["zvault policy read local", "zvault policy read deploy > deploy.hcl"];
  static override args = { name: name("a policy") };
  static override flags = { ...presenceFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(PolicyRead);
    const o = { presence: presenceOf(flags), what: `Show the policy ${args.name}` };
    const { result } = await this.session(flags).ask("policy.read", { name: args.name }, o);
    this.print(flags, result, () => result.text.split("\n").slice(0, -1));
    if (result.rules === 0 && !flags.json) this.note(flags, `${result.name} has no rules: it grants nothing`);
  }
}
