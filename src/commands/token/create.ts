import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { checkHandOut, handOut, handOutFlags } from "../../cli/credential-out.ts";
import { presenceFlags, presenceOf } from "../../cli/flags.ts";
import { duration } from "../../cli/output.ts";
import { policyFlag, termFlags, termsOf } from "../../cli/tokens.ts";

export default class TokenCreate extends ZvaultCommand {
  static override person = () => true;
  static override summary = "make a token for a program or a person";
  static override description = `
Whoever has the token may do what its policies say, and nothing else: ZVAULT_TOKEN_FILE=FILE zvault run -- CMD. It is shown once; the
vault keeps its hash. With a token of your own the new one is its child: it never may more, and goes with it.`;
  static override examples = [
    "zvault token create --policy deploy --ttl 8h --out deploy.token",
    "zvault token create --policy ci --uses 20 --out ci.token --key-file ops.key",
    "zvault token create --policy agent --period 1h --for-tool",
  ];
  static override flags = {
    policy: policyFlag,
    name: Flags.string({ description: "what it is called in lists and in the record", helpValue: "NAME" }),
    orphan: Flags.boolean({ description: "not a child of the token that makes it" }),
    ...termFlags,
    ...handOutFlags,
    ...presenceFlags,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(TokenCreate);
    checkHandOut(flags);
    const asked = {
      ...termsOf(flags),
      ...(flags.policy === undefined ? {} : { policies: flags.policy }),
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(flags.orphan ? { orphan: true } : {}),
    };
    const answer = await this.session(flags).ask("token.create", asked, { presence: presenceOf(flags), what: "Make a token" });
    const { accessor, policies, expires } = answer.result;
    const lives = expires === null ? "without end" : duration((Date.parse(expires) - Date.now()) / 1000);
    handOut(flags, answer, answer.result, [`accessor ${accessor}, policies ${policies.join(", ")}, ${lives}; shown once`]);
  }
}
