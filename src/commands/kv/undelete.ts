import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { name, presenceFlags, presenceOf } from "../../cli/flags.ts";
import { parsePath } from "../../path.ts";

export default class KvUndelete extends ZvaultCommand {
  static override person = () => true;
  static override summary = "bring a deleted version back";
  static override examples = ["zvault kv undelete app/db", "zvault kv undelete app/db --version 3"];
  static override args = { path: name("a path") };
  static override flags = {
    version: Flags.integer({ description: "which; the last without it", helpValue: "N", min: 1 }),
    ...presenceFlags,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(KvUndelete);
    const path = parsePath(args.path);
    const asked = { path, ...(flags.version === undefined ? {} : { version: flags.version }) };
    const { result } = await this.session(flags).ask("kv.undelete", asked, {
      presence: presenceOf(flags),
      what: `Bring ${path} back`,
    });
    this.print(flags, { path, ...result }, () => `${path}: version ${result.version} is back`);
  }
}
