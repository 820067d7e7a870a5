import { ZvaultCommand } from "../cli/base.ts";
import { ZvaultError } from "../errors.ts";

export default class Whoami extends ZvaultCommand {
  static override summary = "your name and public key";
  static override examples = ["zvault whoami"];

  override async run(): Promise<void> {
    const { flags } = await this.parse(Whoami);
    const { result } = await this.session(flags).ask("identity.show", {}, { vault: false });
    if (!result.exists)
      throw new ZvaultError("not-found", "you have no identity on this computer", { hint: "zvault init makes one" });
    this.print(flags, result, () => [
      `${result.label} ${result.recipient}`,
      ...(flags.verbose ? [`fingerprint ${result.fingerprint}`, result.open ? "open" : "sealed"] : []),
    ]);
  }
}
