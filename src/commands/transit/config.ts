import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { name, presenceFlags, presenceOf } from "../../cli/flags.ts";
import { keyLines } from "../../cli/transit/key.ts";
import { ZvaultError } from "../../errors.ts";

export default class TransitConfig extends ZvaultCommand {
  static override person = () => true;
  static override summary = "what a transit key may be used for";
  static override examples = [
    "zvault transit config cards --min-decrypt 3",
    "zvault transit config cards --min-encrypt 3",
    "zvault transit config cards --deletable",
  ];
  static override args = { name: name("the key") };
  static override flags = {
    "min-decrypt": Flags.integer({ description: "older versions decrypt and verify no more", helpValue: "N", min: 1 }),
    "min-encrypt": Flags.integer({
      description: "nothing new is made with older ones; 0: as --min-decrypt",
      helpValue: "N",
      min: 0,
    }),
    deletable: Flags.boolean({ description: "`transit delete` works (--no-deletable: not)", allowNo: true }),
    ...presenceFlags,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitConfig);
    const wanted = {
      ...(flags["min-decrypt"] === undefined ? {} : { minDecrypt: flags["min-decrypt"] }),
      ...(flags["min-encrypt"] === undefined ? {} : { minEncrypt: flags["min-encrypt"] }),
      ...(flags.deletable === undefined ? {} : { deletable: flags.deletable }),
    };
    if (Object.keys(wanted).length === 0)
      throw new ZvaultError("usage", "there is nothing to change", { hint: "zvault transit config --help" });
    const { result } = await this.session(flags).ask(
      "transit.config",
      { name: args.name, ...wanted },
      { presence: presenceOf(flags), what: `Change the transit key ${args.name}` },
    );
    this.print(flags, result, () => keyLines(result));
  }
}
