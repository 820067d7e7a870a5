import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { changeFile } from "../../cli/files.ts";
import { name } from "../../cli/flags.ts";
import { readText, showText } from "../../cli/policy.ts";
import { ZvaultError } from "../../errors.ts";
import { formatPolicy } from "../../policy/format.ts";

export default class PolicyFmt extends ZvaultCommand {
  static override summary = "write a policy's text in its one form";
  static override usage = ["FILE [--check]", "- [--check]"];
  static override description = `
The file is rewritten, as \`policy read\` prints rules, with its comments; - reads stdin and writes to stdout. It needs no vault.
--check changes nothing: exit code 1 if it would.`;
  static override examples = [
    "zvault policy fmt deploy.hcl",
    "zvault policy fmt - < deploy.hcl",
    "zvault policy fmt --check deploy.hcl",
  ];
  static override args = { file: name("a file with its text, or - for stdin") };
  static override flags = { check: Flags.boolean({ description: "only say whether it is in that form" }) };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(PolicyFmt);
    const file = args.file.replace(/^@/, "");
    const text = readText(file);
    const formatted = formatPolicy(text);
    const changed = formatted !== text;
    if (flags.check) this.answeredNo = changed;
    if (file === "-" && !flags.check && !flags.json) {
      showText(formatted);
      return;
    }
    if (file !== "-" && !flags.check && changed) await changeFile(file, (bytes) => sameText(bytes, text, file, formatted));
    const done = flags.check ? "is not in its one form" : "written in its one form";
    const answer = { file, changed, ...(file === "-" && !flags.check ? { text: formatted } : {}) };
    this.print(flags, answer, () => `${file === "-" ? "stdin" : file}: ${changed ? done : "is in its one form"}`);
  }
}

/** The new text, if the file still has the old one. */
function sameText(bytes: Uint8Array, old: string, file: string, formatted: string): Uint8Array {
  if (Buffer.from(bytes).equals(Buffer.from(old))) return Buffer.from(formatted);
  throw new ZvaultError("changed", `${file} was changed meanwhile`, { hint: "run it again", names: [file] });
}
