import { ZvaultCommand } from "../../cli/base.ts";
import { name, presenceFlags, presenceOf } from "../../cli/flags.ts";
import { accessorOf, roleName } from "../../cli/tokens.ts";

export default class ApproleRevoke extends ZvaultCommand {
  static override person = () => true;
  static override summary = "end one secret_id of a role";
  static override examples = ["zvault approle revoke ci 1f2e3d4c5b6a798897a6b5c4"];
  static override args = { role: name("its name"), accessor: name("of the secret_id, from `zvault approle read`") };
  static override flags = { ...presenceFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ApproleRevoke);
    const role = roleName(args.role);
    const accessor = accessorOf(args.accessor) ?? "";
    const { result } = await this.session(flags).ask(
      "approle.revoke",
      { role, accessor },
      { presence: presenceOf(flags), what: `End a secret_id of ${role}` },
    );
    this.print(flags, result, () => `ended the secret_id ${accessor}`);
  }
}
