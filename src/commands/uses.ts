import { asker, moved } from "../cli/audit.ts";
import { ZvaultCommand } from "../cli/base.ts";
import { fileFlags, filesOf, name } from "../cli/flags.ts";
import { age, count, table } from "../cli/output.ts";
import { Project } from "../cli/project.ts";

export default class Uses extends ZvaultCommand {
  static override summary = "who asked for it, by which command, when";
  static override description =
    "\nOut of the audit log, the last one first: one row for each program and verb. Changes and refusals count as well.";
  static override examples = ["zvault uses STRIPE_KEY", "zvault uses /app/db --json"];
  static override args = { name: name("variable of the project, or a path, or what paths begin with") };
  static override flags = { ...fileFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Uses);
    const session = this.session(flags);
    const { ref } = (await Project.open(session, filesOf(flags))).target(args.name);
    const { result } = await session.ask("audit.uses", { path: ref.path });
    this.print(flags, result, () =>
      table(
        result.uses.map((use) => [
          age(use.last),
          use.verb,
          asker(use),
          `${count(use.requests, "time")}${use.denied === 0 ? "" : `, ${use.denied} denied`}`,
          use.requests === 1 ? "" : `since ${use.first}`,
        ]),
      ),
    );
    if (result.uses.length === 0) this.note(flags, `nobody asked for ${ref.path}, as far as the audit log goes`);
    const away = moved(result, true);
    if (away !== undefined) this.note(flags, away);
  }
}
