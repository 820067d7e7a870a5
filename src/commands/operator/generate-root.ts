import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { checkHandOut, handOut, handOutFlags } from "../../cli/credential-out.ts";
import { presenceFlags, presenceOf, seconds } from "../../cli/flags.ts";
import { duration } from "../../cli/output.ts";

export default class OperatorGenerateRoot extends ZvaultCommand {
  static override person = () => true;
  static override summary = "make a root token, for an hour";
  static override description = `
A root token may do everything. It needs what unseals the vault, ends by itself, and every use is on record; \`zvault status\` warns
while one lives. End it when you are done: zvault token revoke.`;
  static override examples = [
    "zvault operator generate-root --out root.token",
    "zvault operator generate-root --ttl 10m --share @s1.txt --share @s2.txt --share @s3.txt --out root.token",
  ];
  static override flags = {
    ttl: Flags.string({ description: "how long it lives (default 1h)", helpValue: "TIME" }),
    ...handOutFlags,
    ...presenceFlags,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(OperatorGenerateRoot);
    checkHandOut(flags);
    const asked = flags.ttl === undefined ? {} : { ttl: seconds(flags.ttl, "--ttl") };
    const answer = await this.session(flags).ask("token.root", asked, { presence: presenceOf(flags), what: "Make a root token" });
    const { accessor, expires } = answer.result;
    const left = duration((Date.parse(expires ?? "") - Date.now()) / 1000);
    handOut(flags, answer, answer.result, [`accessor ${accessor}, ${left}; end it: zvault token revoke ${accessor}`]);
  }
}
