import { ZvaultCommand } from "../../cli/base.ts";
import { name } from "../../cli/flags.ts";
import { duration, table } from "../../cli/output.ts";
import { roleName } from "../../cli/tokens.ts";

export default class ApproleRead extends ZvaultCommand {
  static override summary = "a role: its role_id, what a login gives, and its secret_ids by accessor";
  static override examples = ["zvault approle read ci"];
  static override args = { role: name("its name") };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ApproleRead);
    const role = roleName(args.role);
    const session = this.session(flags);
    const { result } = await session.ask("approle.read", { role });
    const { secretIds } = (await session.ask("approle.secret-ids", { role })).result;
    this.print(flags, { ...result, secretIds }, () => [
      ...table([
        ["role_id", result.roleId],
        ["policies", result.policies.join(", ")],
        ["secret_ids", bounds(result.secretIdTtl, result.secretIdUses)],
      ]),
      ...table(
        secretIds.map((one) => [
          `  ${one.accessor}`,
          one.expires === null ? "no end" : `${duration((Date.parse(one.expires) - Date.now()) / 1000)} left`,
          one.usesLeft === 0 ? "" : `${one.usesLeft} uses left`,
        ]),
      ),
    ]);
  }
}

function bounds(ttl: number, uses: number): string {
  return `${ttl === 0 ? "without end" : `live ${duration(ttl)}`}, ${uses === 0 ? "any number of logins" : `${uses} logins`} each`;
}
