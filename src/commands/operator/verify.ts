import { ZvaultCommand } from "../../cli/base.ts";
import { presenceFlags, presenceOf } from "../../cli/flags.ts";
import { count } from "../../cli/output.ts";
import { ZvaultError } from "../../errors.ts";

export default class OperatorVerify extends ZvaultCommand {
  static override summary = "read every record, check every chain";
  static override description = "\nWorks on a sealed vault too, with a credential. Exit code 6 when something does not fit.";
  static override examples = ["zvault operator verify", "zvault operator verify --key-file ci.key"];
  static override flags = { ...presenceFlags };

  override async run(): Promise<void> {
    const { flags } = await this.parse(OperatorVerify);
    const asked = { presence: presenceOf(flags), what: "Verify" };
    const { notices = [], ...result } = (await this.session(flags).ask("vault.verify", {}, asked)).result;
    for (const notice of notices) this.note(flags, notice);
    const problems = [...result.problems, ...(result.audit.ok ? [] : [`audit: ${result.audit.problem ?? "chain broken"}`])];
    if (!result.ok || problems.length > 0) {
      throw new ZvaultError("damaged", problems[0] ?? "the vault does not verify", {
        hint: problems.slice(1).join("\n") || "zvault backup list",
        names: problems,
      });
    }
    this.print(flags, result, () => [
      `vault: ${count(result.records, "record")}, ${count(result.generations, "generation")}, ${count(result.slots, "slot")}, chain ok`,
      `audit: ${count(result.audit.records, "record")}, chain ok from record ${result.audit.from}`,
    ]);
  }
}
