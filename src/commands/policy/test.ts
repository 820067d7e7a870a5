import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { name, presenceFlags, presenceOf, repeatable } from "../../cli/flags.ts";
import { askedOf, reasonLines } from "../../cli/policy.ts";

export default class PolicyTest extends ZvaultCommand {
  static override summary = "what policy says, and which rule decides";
  static override usage = ["PATH CAPABILITY… [--policy NAME]… [--as-tool]", "PATH VERB [--policy NAME]… [--as-tool]"];
  static override description = `
Does nothing, and needs no value. Without --policy it is about you, without a passphrase. A path that ends in / is a folder to be listed.
Exit code 1: not granted.`;
  static override examples = [
    "zvault policy test env/shop/API_KEY use",
    "zvault policy test env/shop/API_KEY kv.put --as-tool",
    "zvault policy test env/shop/ list --policy deploy",
  ];
  static override strict = false;
  static override args = {
    path: name("a path; / for everything"),
    need: Args.string({
      description: "capabilities, or a verb as the audit log names it",
      required: true,
      multiple: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    policy: Flags.string({ description: "as a token with this policy; repeatable", helpValue: "NAME", ...repeatable }),
    "as-tool": Flags.boolean({ description: "as if an AI tool asked" }),
    ...presenceFlags,
  };

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(PolicyTest);
    const [path = "", ...words] = argv.map(String);
    const { presence, ...asked } = askedOf(path, words);
    const policies = flags.policy === undefined ? {} : { policies: flags.policy };
    const tool = flags["as-tool"] ? { tool: true } : {};
    const o = { presence: presenceOf(flags), what: "Ask what policy says" };
    const { result } = await this.session(flags).ask("policy.test", { ...asked, ...policies, ...tool }, o);
    this.print(flags, { ...result, presence }, () => reasonLines(result, presence));
    this.answeredNo = !result.allowed;
  }
}
