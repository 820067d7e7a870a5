import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { sure } from "../../cli/confirm.ts";
import { name, presenceFlags, presenceOf, yesFlag } from "../../cli/flags.ts";
import { ZvaultError } from "../../errors.ts";
import { parsePath } from "../../path.ts";

export default class KvDestroy extends ZvaultCommand {
  static override person = () => true;
  static override summary = "destroy versions for good";
  static override description =
    "\nWithout --versions: all of them. There is no way back; the answer names copies that may still hold the value.";
  static override examples = ["zvault kv destroy app/db --versions 1,2", "zvault kv destroy app/db --yes --key-file ci.key"];
  static override args = { path: name("a path") };
  static override flags = {
    versions: Flags.string({ description: "which, as 1,2,5", helpValue: "N,N" }),
    ...presenceFlags,
    ...yesFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(KvDestroy);
    const path = parsePath(args.path);
    const versions = flags.versions?.split(",").map(number);
    const session = this.session(flags);
    session.vault();
    const called = versions ? `versions ${versions.join(", ")} of ${path}` : `all versions of ${path}`;
    await sure(`Destroy ${called}, for good?`, { yes: flags.yes, usually: false, no: "nothing was destroyed" });
    const { result } = await session.ask(
      "kv.destroy",
      { path, ...(versions ? { versions } : {}) },
      { presence: presenceOf(flags), what: `Destroy ${called}` },
    );
    this.print(flags, { path, ...result }, () => [
      `${path}: destroyed version${result.destroyed.length === 1 ? "" : "s"} ${result.destroyed.join(", ")}`,
      ...(result.copies.length === 0 ? [] : ["may still hold the value:", ...result.copies.map((copy) => `  ${copy}`)]),
    ]);
  }
}

function number(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text.trim())) return Number(text);
  throw new ZvaultError("usage", "--versions takes numbers", { hint: "--versions 1,2" });
}
