import { ZvaultCommand } from "../cli/base.ts";
import { fileFlags, filesOf, name } from "../cli/flags.ts";
import { getFlags, getValue } from "../cli/get.ts";
import { Project } from "../cli/project.ts";
import { checkShow } from "../cli/value.ts";

export default class Get extends ZvaultCommand {
  static override person = () => true;
  static override summary = "show a value to a person";
  static override description = `
On a terminal it asks for your passphrase, also while the vault is unsealed: a value is shown to a person, not to a program.
To a pipe or file it goes only with --reveal or --out; a script proves presence with --key-file. Programs: zvault run.`;
  static override examples = [
    "zvault get STRIPE_KEY",
    "zvault get TLS_KEY --out server.pem",
    "zvault get STRIPE_KEY --reveal --key-file ci.key | wc -c",
  ];
  static override args = { name: name("variable of the project, or a path") };
  static override flags = { ...getFlags, ...fileFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Get);
    checkShow(flags);
    const session = this.session(flags);
    const project = await Project.open(session, filesOf(flags));
    const { ref, name: bare } = project.target(args.name);
    await getValue(session, ref, flags, args.name, () =>
      bare === undefined ? Promise.resolve(undefined) : project.suggest(session, bare),
    );
  }
}
