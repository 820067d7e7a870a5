import { printAuditKey } from "../../audit-signature.ts";
import { ZvaultCommand } from "../../cli/base.ts";

export default class AuditKey extends ZvaultCommand {
  static override summary = "the public key that checks the audit log's signatures";
  static override description =
    "\nKeep it where the vault is not. Segments that were closed are then checked without any key of the vault's:\n`zvault audit verify --public-key FILE DIR`.";
  static override examples = ["zvault audit key > audit.pub", "zvault audit verify --public-key audit.pub .zvault/audit"];

  override async run(): Promise<void> {
    const { flags } = await this.parse(AuditKey);
    const { result } = await this.session(flags).ask("audit.key", {});
    this.print(flags, result, () => printAuditKey(result));
  }
}
