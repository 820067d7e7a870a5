import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../cli/base.ts";
import { maybe } from "../cli/flags.ts";
import { isLayout, listingLines } from "../cli/listing.ts";
import { Project } from "../cli/project.ts";
import { count } from "../cli/output.ts";
import { checkPrefix } from "../path.ts";

export default class Ls extends ZvaultCommand {
  static override summary = "names, versions, ages, classes";
  static override description =
    "\nWithout PATH: the names of the project at hand. `zvault ls /` lists everything in the vault. Never a value.";
  static override examples = ["zvault ls", "zvault ls /", "zvault ls env/shop --deleted"];
  static override args = { path: maybe("a path to list below; / for everything") };
  static override flags = {
    deleted: Flags.boolean({ description: "with names that were removed" }),
    layouts: Flags.boolean({ description: "with the layouts of imported files" }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Ls);
    const session = this.session(flags);
    const prefix = args.path === undefined ? `env/${(await Project.open(session)).slug}/` : prefixOf(args.path);
    const all = (await session.ask("kv.list", { prefix, ...(flags.deleted ? { deleted: true } : {}) })).result.secrets;
    const secrets = flags.layouts ? all : all.filter((one) => !isLayout(one.path));
    this.print(flags, secrets, () => listingLines(secrets, prefix.endsWith("/") ? prefix : "", flags.verbose));
    if (secrets.length === 0 && !flags.json) this.note(flags, `nothing below ${prefix === "" ? "/" : prefix}`);
    else if (flags.verbose && !flags.json) this.note(flags, count(secrets.length, "name"));
  }
}

/** `/` and `zvault://` in front are typed; a prefix ends with "/" when it is a folder. */
function prefixOf(typed: string): string {
  const bare = typed.replace(/^zvault:\/\//, "").replace(/^\//, "");
  return bare === "" ? "" : checkPrefix(bare.endsWith("/") ? bare : `${bare}/`);
}
