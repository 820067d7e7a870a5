import { ZvaultCommand } from "../../cli/base.ts";
import { name } from "../../cli/flags.ts";
import { getFlags, getValue } from "../../cli/get.ts";
import { refOf } from "../../cli/project.ts";

export default class KvGet extends ZvaultCommand {
  static override person = () => true;
  static override summary = "show the value at a path";
  static override description = "\nThe same rules as `zvault get`.";
  static override examples = ["zvault kv get app/db#password", "zvault kv get env/shop/API_KEY --version 2 --out old.txt"];
  static override args = { path: name("PATH or PATH#FIELD") };
  static override flags = { ...getFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(KvGet);
    await getValue(this.session(flags), refOf(args.path), flags, args.path, () => Promise.resolve("zvault kv list"));
  }
}
