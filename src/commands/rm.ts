import { ZvaultCommand } from "../cli/base.ts";
import { fileFlags, filesOf, name } from "../cli/flags.ts";
import { Project } from "../cli/project.ts";
import { ZvaultError } from "../errors.ts";

export default class Rm extends ZvaultCommand {
  static override person = () => true;
  static override summary = "take a name away (kept, see undo)";
  static override description =
    "\nThe versions are kept: zvault undo NAME brings the name back. The line in .env.zvault stays, for you to take out.";
  static override examples = ["zvault rm OLD_KEY", "zvault undo OLD_KEY"];
  static override args = { name: name("variable of the project, or a path") };
  static override flags = { ...fileFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Rm);
    const session = this.session(flags);
    const project = await Project.open(session, filesOf(flags));
    const target = project.own(args.name);
    try {
      const { result } = await session.ask(
        "kv.delete",
        { path: target.ref.path },
        { presence: {}, what: `Remove ${target.ref.path}` },
      );
      this.print(flags, { path: target.ref.path, version: result.version, line: target.place ?? null }, () => [
        `${args.name}: removed; back with: zvault undo ${args.name}`,
        ...(target.place === undefined ? [] : [`${target.place} still names it: \`zvault run\` fails until the line is gone`]),
      ]);
    } catch (error) {
      if (!(error instanceof ZvaultError) || error.code !== "not-found" || target.name === undefined) throw error;
      const hint = await project.suggest(session, target.name);
      throw new ZvaultError("not-found", error.message, { ...(hint === undefined ? {} : { hint }), names: error.names });
    }
  }
}
