import * as Flags from "@oclif/core/flags";
import { checkFolder } from "../../cli/audit-folder.ts";
import { ZvaultCommand } from "../../cli/base.ts";
import { maybe, presenceFlags, presenceOf } from "../../cli/flags.ts";
import { count } from "../../cli/output.ts";
import { ZvaultError } from "../../errors.ts";

export default class AuditVerify extends ZvaultCommand {
  static override summary = "check the chain of the audit log";
  static override usage = ["", "--public-key FILE DIR"];
  static override description =
    "\nWith the vault's keys every line is checked, and the first broken one is named. With --public-key no vault is asked: the signed ends\nof segments say whether their lines are what was written, and what they do not cover is told.";
  static override examples = [
    "zvault audit verify",
    "zvault audit verify --key-file ci.key",
    "zvault audit verify --public-key audit.pub .zvault/audit",
  ];
  static override args = { dir: maybe("a folder of segments, 000001.jsonl and so on; with --public-key") };
  static override flags = {
    ...presenceFlags,
    "public-key": Flags.string({ description: "check signatures only, with what `zvault audit key` gave", helpValue: "FILE" }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(AuditVerify);
    const keyFile = flags["public-key"];
    if ((keyFile === undefined) !== (args.dir === undefined))
      throw new ZvaultError("usage", "--public-key FILE and a folder go together", { hint: "zvault audit verify --help" });
    if (keyFile !== undefined && args.dir !== undefined) return this.#signed(flags, keyFile, args.dir);
    const asked = { presence: presenceOf(flags), what: "Verify" };
    const { notices = [], ...result } = (await this.session(flags).ask("audit.verify", {}, asked)).result;
    for (const notice of notices) this.note(flags, notice);
    if (!result.ok)
      throw new ZvaultError("damaged", result.problem ?? "the audit log's chain is broken", {
        hint: `checked from record ${result.from}`,
      });
    this.print(flags, result, () => [
      `audit: ${count(result.records, "record")} in ${count(result.segments, "segment")}, chain ok from record ${result.from}`,
      ...result.missing.map((segment) => `not here, and not checked: ${String(segment).padStart(6, "0")}.jsonl`),
    ]);
  }

  /** Nothing that is signed is an answer too: "no". */
  #signed(flags: { json: boolean }, keyFile: string, folder: string): void {
    const report = checkFolder(keyFile, folder);
    const { ok, problem, signed, from, to, records, unchecked } = report;
    if (!ok) {
      const upTo = to === 0 ? "nothing before it is signed" : `records ${from} to ${to} are what was signed`;
      throw new ZvaultError("damaged", problem ?? "a signature is wrong", { hint: upTo });
    }
    this.answeredNo = signed.length === 0;
    this.print(flags, report, () => [
      signed.length === 0
        ? "nothing here is signed"
        : `signed: ${count(records, "record")} in ${count(signed.length, "segment")}, from ${from} to ${to}, signatures good`,
      ...unchecked.map((what) => `not checked: ${what}`),
    ]);
  }
}
