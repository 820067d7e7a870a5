import { ZvaultCommand } from "../../cli/base.ts";
import { age, bytes, table } from "../../cli/output.ts";

export default class BackupList extends ZvaultCommand {
  static override summary = "the copies there are on this computer";
  static override examples = ["zvault backup list"];

  override async run(): Promise<void> {
    const { flags } = await this.parse(BackupList);
    const { copies } = (await this.session(flags).ask("backup.list", {}, { vault: false })).result;
    this.print(flags, copies, () => table(copies.map((one) => [one.path, bytes(one.bytes), age(one.time)])));
    if (copies.length === 0 && !flags.json) this.note(flags, "no copies");
  }
}
