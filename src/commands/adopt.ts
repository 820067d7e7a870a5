import { ZvaultCommand } from "../cli/base.ts";
import { presenceFlags, presenceOf } from "../cli/flags.ts";

export default class Adopt extends ZvaultCommand {
  static override person = () => true;
  static override summary = "take a vault folder that came from elsewhere";
  static override description = `
A .zvault folder that was not made on this computer is refused: it may have come with a clone, to make you type a passphrase for
somebody else's file. Adopt it only if it is yours. A copy gets a life of its own: it is no longer the vault it was copied from.`;
  static override examples = ["zvault adopt", "zvault adopt --key-file my.key"];
  static override flags = { ...presenceFlags };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Adopt);
    const session = this.session(flags);
    const found = session.vault();
    const { result } = await session.ask("vault.adopt", {}, { presence: presenceOf(flags), what: `Adopt ${found.dir}` });
    this.print(flags, result, () => `adopted ${found.dir}`);
    for (const notice of result.notices) this.note(flags, notice);
  }
}
