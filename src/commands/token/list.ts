import { ZvaultCommand } from "../../cli/base.ts";
import { table } from "../../cli/output.ts";
import { rowOf } from "../../cli/tokens.ts";

export default class TokenList extends ZvaultCommand {
  static override summary = "the tokens of this vault, by accessor";
  static override examples = ["zvault token list", "zvault token list --json | jq '.[] | select(.live)'"];

  override async run(): Promise<void> {
    const { flags } = await this.parse(TokenList);
    const { tokens } = (await this.session(flags).ask("token.list", {})).result;
    this.print(flags, tokens, () => (tokens.length === 0 ? "no tokens" : table(tokens.map((one) => rowOf(one)))));
  }
}
