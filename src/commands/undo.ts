import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../cli/base.ts";
import { fileFlags, filesOf, name } from "../cli/flags.ts";
import { Project } from "../cli/project.ts";

export default class Undo extends ZvaultCommand {
  static override person = () => true;
  static override summary = "the version before again, or back from rm";
  static override description = "\nThe earlier content becomes a new version, so an undo can be undone.";
  static override examples = ["zvault undo STRIPE_KEY", "zvault undo STRIPE_KEY --to 3"];
  static override args = { name: name("variable of the project, or a path") };
  static override flags = { to: Flags.integer({ description: "the version to go back to", helpValue: "N", min: 1 }), ...fileFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Undo);
    const session = this.session(flags);
    const { ref } = (await Project.open(session, filesOf(flags))).own(args.name);
    const { result } = await session.ask(
      "kv.undo",
      { path: ref.path, ...(flags.to === undefined ? {} : { to: flags.to }) },
      { presence: {}, what: `Undo ${ref.path}` },
    );
    this.print(flags, { path: ref.path, ...result }, () =>
      result.version === result.from
        ? `${args.name}: version ${result.version} is back`
        : `${args.name}: version ${result.version}, as version ${result.from} was`,
    );
  }
}
