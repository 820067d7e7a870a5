import type { PolicyInfo } from "../../calls/policy.ts";
import { ZvaultCommand } from "../../cli/base.ts";
import { presenceFlags, presenceOf } from "../../cli/flags.ts";
import { age, count, table } from "../../cli/output.ts";

export default class PolicyList extends ZvaultCommand {
  static override summary = "the policies of this vault";
  static override description = `
Built-in: \`local\` is what you may do without giving a passphrase, \`local-ai\` what is left of that for AI tools, \`owner\` what you may do
with one, \`default\` and \`root\` are for tokens.`;
  static override examples = ["zvault policy list"];

  static override flags = { ...presenceFlags };

  override async run(): Promise<void> {
    const { flags } = await this.parse(PolicyList);
    const { policies } = (
      await this.session(flags).ask("policy.list", {}, { presence: presenceOf(flags), what: "List the policies" })
    ).result;
    this.print(flags, policies, () => table(policies.map((one) => [one.name, count(one.rules, "rule"), stateOf(one)])));
  }
}

function stateOf({ builtIn, fixed, written }: PolicyInfo): string {
  const when = written === null ? "" : `written ${age(written)}`;
  if (!builtIn) return when;
  return fixed ? "built-in, always the same" : ["built-in", when].filter((part) => part !== "").join(", ");
}
