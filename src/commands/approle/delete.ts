import { ZvaultCommand } from "../../cli/base.ts";
import { sure } from "../../cli/confirm.ts";
import { name, presenceFlags, presenceOf, yesFlag } from "../../cli/flags.ts";
import { count } from "../../cli/output.ts";
import { roleName } from "../../cli/tokens.ts";

export default class ApproleDelete extends ZvaultCommand {
  static override person = () => true;
  static override summary = "end a role and its secret_ids";
  static override description = "Tokens that it gave live on until they end: zvault token list, zvault token revoke.";
  static override examples = ["zvault approle delete ci"];
  static override args = { role: name("its name") };
  static override flags = { ...presenceFlags, ...yesFlag };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ApproleDelete);
    const role = roleName(args.role);
    await sure(`End the role ${role} and its secret_ids?`, { yes: flags.yes, usually: false, no: "nothing was changed" });
    const { result } = await this.session(flags).ask(
      "approle.delete",
      { role },
      { presence: presenceOf(flags), what: `End the role ${role}` },
    );
    this.print(flags, result, () => `ended the role ${role} and ${count(result.secretIds, "secret_id")}`);
  }
}
