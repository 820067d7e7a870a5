import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { maybe, presenceFlags, presenceOf, seconds } from "../../cli/flags.ts";
import { table } from "../../cli/output.ts";
import { accessorOf, rowOf } from "../../cli/tokens.ts";

export default class TokenRenew extends ZvaultCommand {
  static override summary = "let a token live longer";
  static override description = "The one in ZVAULT_TOKEN_FILE, or by its accessor. Never beyond its max TTL.";
  static override examples = [
    "ZVAULT_TOKEN_FILE=ci.token zvault token renew",
    "zvault token renew 1f2e3d4c5b6a798897a6b5c4 --increment 2h",
  ];
  static override args = { accessor: maybe("from `zvault token list`") };
  static override flags = {
    increment: Flags.string({ description: "from now on (default: its TTL)", helpValue: "TIME" }),
    ...presenceFlags,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TokenRenew);
    const accessor = accessorOf(args.accessor);
    const asked = {
      ...(accessor === undefined ? {} : { accessor }),
      ...(flags.increment === undefined ? {} : { increment: seconds(flags.increment, "--increment") }),
    };
    const { result } = await this.session(flags).ask("token.renew", asked, { presence: presenceOf(flags), what: "Renew a token" });
    this.print(flags, result, () => table([rowOf(result)]));
  }
}
