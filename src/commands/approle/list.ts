import { ZvaultCommand } from "../../cli/base.ts";
import { count, table } from "../../cli/output.ts";

export default class ApproleList extends ZvaultCommand {
  static override summary = "the roles of this vault";
  static override examples = ["zvault approle list"];

  override async run(): Promise<void> {
    const { flags } = await this.parse(ApproleList);
    const { roles } = (await this.session(flags).ask("approle.list", {})).result;
    const rows = roles.map((one) => [one.name, one.roleId, one.policies.join(","), count(one.secretIds, "secret_id")]);
    this.print(flags, roles, () => (rows.length === 0 ? "no roles" : table(rows)));
  }
}
