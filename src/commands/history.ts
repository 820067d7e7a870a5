import { ZvaultCommand } from "../cli/base.ts";
import { fileFlags, filesOf, name } from "../cli/flags.ts";
import { age, table } from "../cli/output.ts";
import { Project } from "../cli/project.ts";

export default class History extends ZvaultCommand {
  static override summary = "versions: when, by whom";
  static override examples = ["zvault history STRIPE_KEY"];
  static override args = { name: name("variable of the project, or a path") };
  static override flags = { ...fileFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(History);
    const session = this.session(flags);
    const { ref } = (await Project.open(session, filesOf(flags))).target(args.name);
    const { result } = await session.ask("kv.history", { path: ref.path });
    const newest = result.versions.toSorted((a, b) => b.number - a.number);
    this.print(flags, result, () =>
      table(
        newest.map((one) => [
          `v${one.number}`,
          age(one.time),
          one.author,
          one.state === "live" ? "" : one.state,
          one.fields.length > 1 ? one.fields.join(" ") : "",
        ]),
      ),
    );
  }
}
