import { ZvaultCommand } from "../../cli/base.ts";
import { name, presenceFlags, presenceOf } from "../../cli/flags.ts";
import { parsePath } from "../../path.ts";

export default class KvDelete extends ZvaultCommand {
  static override person = () => true;
  static override summary = "take the current version away (kept, see undelete)";
  static override examples = ["zvault kv delete app/db"];
  static override args = { path: name("a path") };
  static override flags = { ...presenceFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(KvDelete);
    const path = parsePath(args.path);
    const { result } = await this.session(flags).ask(
      "kv.delete",
      { path },
      { presence: presenceOf(flags), what: `Delete ${path}` },
    );
    this.print(flags, { path, ...result }, () => `${path}: version ${result.version} deleted; zvault kv undelete ${path}`);
  }
}
