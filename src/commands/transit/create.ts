import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { name, presenceFlags, presenceOf } from "../../cli/flags.ts";

const types = ["aes256-gcm96", "chacha20-poly1305", "ed25519", "ecdsa-p256", "hmac"] as const;

export default class TransitCreate extends ZvaultCommand {
  static override person = () => true;
  static override summary = "a new transit key";
  static override description =
    "\nIt is made in the agent and never leaves it. --derived: every use needs a context, and each context has a key of its own.";
  static override examples = [
    "zvault transit create cards",
    "zvault transit create releases --type ed25519",
    "zvault transit create tenants --derived",
  ];
  static override args = { name: name("its name: A-Z a-z 0-9 . _ -") };
  static override flags = {
    type: Flags.option({ options: types, description: "what it does", default: "aes256-gcm96" })(),
    derived: Flags.boolean({ description: "every use needs a context" }),
    ...presenceFlags,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitCreate);
    const asked = { name: args.name, type: flags.type, ...(flags.derived ? { derived: true } : {}) };
    const { result } = await this.session(flags).ask("transit.create", asked, {
      presence: presenceOf(flags),
      what: `New transit key ${args.name}`,
    });
    this.print(flags, result, () => `${result.name}: ${result.type}${result.derived ? ", derived" : ""}, version 1`);
  }
}
