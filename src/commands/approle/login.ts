import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { checkHandOut, handOut, handOutFlags } from "../../cli/credential-out.ts";
import { checkSource, readValue } from "../../cli/value.ts";

export default class ApproleLogin extends ZvaultCommand {
  static override summary = "a token for a machine, by its role_id and a secret_id";
  static override description = "The secret_id comes from stdin (-) or a file (@FILE), or is typed unseen.";
  static override examples = [
    "zvault approle login --role-id 4f1c… --secret-id @ci.secret --out ci.token",
    "ZVAULT_TOKEN_FILE=ci.token zvault run -- npm test",
  ];
  static override flags = {
    "role-id": Flags.string({ description: "from `zvault approle list`", helpValue: "ID", required: true }),
    "secret-id": Flags.string({ description: "- or @FILE; typed unseen without it", helpValue: "-|@FILE" }),
    ...handOutFlags,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(ApproleLogin);
    checkSource(flags["secret-id"]);
    checkHandOut(flags);
    const secret = await readValue(flags["secret-id"], "the secret_id");
    try {
      const answer = await this.session(flags).ask("approle.login", { roleId: flags["role-id"] }, { body: [secret] });
      handOut(flags, answer, answer.result, [`accessor ${answer.result.accessor}, policies ${answer.result.policies.join(", ")}`]);
    } finally {
      secret.fill(0);
    }
  }
}
