import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { maybe } from "../../cli/flags.ts";
import { Input, wipe } from "../../cli/transit/input.ts";

export default class TransitHash extends ZvaultCommand {
  static override person = () => true;
  static override summary = "SHA-2 of a message";
  static override description =
    "\nWithout a key: anybody who has the message can make it. For one that only the vault can make: `zvault transit hmac`.";
  static override examples = ["zvault transit hash @app.tar.gz", "zvault transit hash - --algorithm sha2-512"];
  static override args = { message: maybe("- or @FILE") };
  static override flags = {
    algorithm: Flags.option({
      options: ["sha2-256", "sha2-384", "sha2-512"] as const,
      description: "which",
      default: "sha2-256",
    })(),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitHash);
    const session = this.session(flags);
    session.vault();
    const input = await Input.open(args.message, "Message");
    try {
      const message = input.readPieces();
      const asked = { algorithm: flags.algorithm, pieces: [message.length] };
      const { sums } = (await session.ask("transit.hash", asked, { body: message })).result;
      wipe(message);
      this.print(flags, { algorithm: flags.algorithm, sum: sums[0] }, () => sums[0] ?? "");
    } finally {
      input.close();
    }
  }
}
