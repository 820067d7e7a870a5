import { ZvaultCommand } from "../../cli/base.ts";
import { count } from "../../cli/output.ts";
import { presenceFlags, presenceOf } from "../../cli/flags.ts";
import { ZvaultError } from "../../errors.ts";

export default class AuditVerify extends ZvaultCommand {
  static override summary = "check the chain of the audit log";
  static override examples = ["zvault audit verify", "zvault audit verify --key-file ci.key"];
  static override flags = { ...presenceFlags };

  override async run(): Promise<void> {
    const { flags } = await this.parse(AuditVerify);
    const { result } = await this.session(flags).ask("audit.verify", {}, { presence: presenceOf(flags), what: "Verify" });
    if (!result.ok)
      throw new ZvaultError("damaged", result.problem ?? "the audit log's chain is broken", {
        hint: `checked from record ${result.from}`,
      });
    this.print(
      flags,
      result,
      () =>
        `audit: ${count(result.records, "record")} in ${count(result.segments, "segment")}, chain ok from record ${result.from}`,
    );
  }
}
