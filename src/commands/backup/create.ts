import * as Flags from "@oclif/core/flags";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { ZvaultCommand } from "../../cli/base.ts";
import { bytes, count } from "../../cli/output.ts";
import { ZvaultError } from "../../errors.ts";

export default class BackupCreate extends ZvaultCommand {
  static override summary = "copy the vault's ciphertext into one file";
  static override description = `
Ciphertext only: what opens the vault opens the backup, and nothing else does. The file is read back and opened before it
counts; one that does not hold what it must is removed.`;
  static override examples = ["zvault backup create --out shop-2026-11.zvault"];
  static override flags = { out: Flags.string({ description: "the new file", helpValue: "FILE", required: true }) };

  override async run(): Promise<void> {
    const { flags } = await this.parse(BackupCreate);
    const out = resolve(flags.out);
    if (existsSync(out))
      throw new ZvaultError("would-ask", `${flags.out} exists already`, { hint: "another name", names: [flags.out] });
    const { result } = await this.session(flags).ask("backup.create", { out });
    this.print(flags, result, () => [
      `${result.file}  ${bytes(result.bytes)}, ${count(result.secrets, "secret")}`,
      `read back: ${count(result.records, "record")} in it open, ${count(result.audit.records, "audit record")}, chain ${result.audit.ok ? "ok" : "BROKEN"}`,
    ]);
    if (result.audit.problem !== undefined)
      this.note(flags, `the vault's audit log is not what was written: ${result.audit.problem}; the backup holds it as it is`);
  }
}
