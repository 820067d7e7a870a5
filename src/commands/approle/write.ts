import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { name, presenceFlags, presenceOf, seconds } from "../../cli/flags.ts";
import { policyFlag, roleName, termFlags, termsOf } from "../../cli/tokens.ts";
import { ZvaultError } from "../../errors.ts";

export default class ApproleWrite extends ZvaultCommand {
  static override person = () => true;
  static override summary = "make a role for a machine, or change one";
  static override description = `
A machine logs in with the role_id, which is no secret, and a secret_id, which is: it gets a token with the role's policies.
A role that is changed keeps its role_id; its secret_ids keep what they were made with.`;
  static override examples = [
    "zvault approle write ci --policy ci --ttl 20m --secret-id-uses 1",
    "zvault approle write worker --policy worker --period 1h --secret-id-ttl 24h",
  ];
  static override args = { role: name("its name") };
  static override flags = {
    policy: policyFlag,
    "secret-id-ttl": Flags.string({ description: "how long a secret_id lives (default: without end)", helpValue: "TIME" }),
    "secret-id-uses": Flags.integer({ description: "how many logins a secret_id is good for", helpValue: "N", min: 1 }),
    ...termFlags,
    ...presenceFlags,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ApproleWrite);
    const role = roleName(args.role);
    if (!flags.policy) throw new ZvaultError("usage", "what may it do? --policy NAME", { hint: "zvault policy list" });
    const ttl = flags["secret-id-ttl"];
    const asked = {
      role,
      policies: flags.policy.map((one) => one.trim().toLowerCase()),
      token: termsOf(flags),
      ...(ttl === undefined ? {} : { secretIdTtl: seconds(ttl, "--secret-id-ttl") }),
      ...(flags["secret-id-uses"] === undefined ? {} : { secretIdUses: flags["secret-id-uses"] }),
    };
    const { result } = await this.session(flags).ask("approle.write", asked, {
      presence: presenceOf(flags),
      what: `Write the role ${role}`,
    });
    this.print(flags, result, () => [
      `role ${role}, role_id ${result.roleId}`,
      `next: zvault approle secret-id ${role} --out FILE`,
    ]);
  }
}
