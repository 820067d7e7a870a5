import { ZvaultCommand } from "../../cli/base.ts";
import { sure } from "../../cli/confirm.ts";
import { maybe, presenceFlags, presenceOf, yesFlag } from "../../cli/flags.ts";
import { count } from "../../cli/output.ts";
import { accessorOf } from "../../cli/tokens.ts";

export default class TokenRevoke extends ZvaultCommand {
  static override summary = "end a token, and all that came of it";
  static override description =
    "By its accessor, or the one in ZVAULT_TOKEN_FILE. What it has seen, its holder keeps: rotate that.";
  static override examples = [
    "zvault token revoke 1f2e3d4c5b6a798897a6b5c4",
    "ZVAULT_TOKEN_FILE=ci.token zvault token revoke --yes",
  ];
  static override args = { accessor: maybe("from `zvault token list`") };
  static override flags = { ...presenceFlags, ...yesFlag };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TokenRevoke);
    const accessor = accessorOf(args.accessor);
    const called = accessor === undefined ? "the token in ZVAULT_TOKEN_FILE" : `the token ${accessor}`;
    await sure(`End ${called} and its children?`, { yes: flags.yes, usually: false, no: "nothing was changed" });
    const { result } = await this.session(flags).ask("token.revoke", accessor === undefined ? {} : { accessor }, {
      presence: presenceOf(flags),
      what: `End ${called}`,
    });
    this.print(flags, result, () => `ended ${count(result.revoked.length, "token")}`);
  }
}
