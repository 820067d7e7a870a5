import { ZvaultCommand } from "../../cli/base.ts";
import { maybe, presenceFlags, presenceOf } from "../../cli/flags.ts";
import { count, table } from "../../cli/output.ts";
import { readValue } from "../../cli/value.ts";

export default class AuditHash extends ZvaultCommand {
  static override person = () => true;
  static override summary = "where a value is stored, without showing one";
  static override usage = ["", "-|@FILE"];
  static override description =
    "\nThe value is typed unseen, or comes from stdin (-) or a file. Its HMAC under a key of this vault is shown, and every version that holds\nit: whose HMAC is the same. Exit code 1 if none does. The audit log holds no values and no HMACs of them; `zvault uses` tells who asked for a path.";
  static override examples = ["zvault audit hash", "zvault audit hash @leaked.txt --key-file ci.key"];
  static override args = { source: maybe("- for stdin, @FILE for a file; without it the value is typed unseen") };
  static override flags = { ...presenceFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(AuditHash);
    const session = this.session(flags);
    session.vault();
    await session.client();
    const value = await readValue(args.source, "the secret to look for");
    try {
      const { result } = await session.ask(
        "audit.hash",
        {},
        { body: [value], presence: presenceOf(flags), what: "Look for a value" },
      );
      this.answeredNo = result.seen.length === 0;
      this.print(flags, result, () => [
        `hmac-sha256:${result.hmac}  seen in ${result.records === 0 ? "no record" : count(result.records, "record")}`,
        ...table(
          result.seen.map((one) => [`  ${one.path}${one.field === "value" ? "" : `#${one.field}`}`, `v${one.version}`, one.state]),
        ),
      ]);
    } finally {
      value.fill(0);
    }
  }
}
