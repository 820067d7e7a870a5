import { ZvaultCommand } from "../../cli/base.ts";
import { maybe } from "../../cli/flags.ts";
import { table } from "../../cli/output.ts";
import { accessorOf, rowOf } from "../../cli/tokens.ts";

export default class TokenLookup extends ZvaultCommand {
  static override summary = "what a token may do, and how long";
  static override description = "By its accessor; without one, the token in ZVAULT_TOKEN_FILE.";
  static override examples = ["zvault token lookup 1f2e3d4c5b6a798897a6b5c4", "ZVAULT_TOKEN_FILE=ci.token zvault token lookup"];
  static override args = { accessor: maybe("from `zvault token list`") };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TokenLookup);
    const accessor = accessorOf(args.accessor);
    const { result } = await this.session(flags).ask("token.lookup", accessor === undefined ? {} : { accessor });
    this.print(flags, result, () => table([rowOf(result)]));
  }
}
