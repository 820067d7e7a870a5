import { ZvaultCommand } from "../../cli/base.ts";
import { checkHandOut, handOut, handOutFlags } from "../../cli/credential-out.ts";
import { name, presenceFlags, presenceOf } from "../../cli/flags.ts";
import { roleName } from "../../cli/tokens.ts";

export default class ApproleSecretId extends ZvaultCommand {
  static override person = () => true;
  static override summary = "make a secret_id of a role";
  static override description = "It is shown once; the vault keeps its hash.";
  static override examples = [
    "zvault approle secret-id ci --out ci.secret",
    "zvault approle secret-id ci --reveal --key-file ops.key | ssh ci 'cat > ci.secret'",
  ];
  static override args = { role: name("its name") };
  static override flags = { ...handOutFlags, ...presenceFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ApproleSecretId);
    const role = roleName(args.role);
    checkHandOut(flags);
    const answer = await this.session(flags).ask(
      "approle.secret-id",
      { role },
      { presence: presenceOf(flags), what: `Make a secret_id of ${role}` },
    );
    handOut(flags, answer, answer.result, [`accessor ${answer.result.accessor}; shown once`]);
  }
}
