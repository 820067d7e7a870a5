import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { yesFlag } from "../../cli/flags.ts";
import { writeWhole } from "../../cli/files.ts";
import { sayJson } from "../../cli/output.ts";
import { put } from "../../cli/stream.ts";
import { outFlag } from "../../cli/transit/flags.ts";
import { limits } from "../../verbs.ts";

export default class TransitRandom extends ZvaultCommand {
  static override person = () => true;
  static override summary = "random bytes";
  static override description = "\nNew ones, kept nowhere. --out writes the bytes themselves.";
  static override examples = ["zvault transit random 32", "zvault transit random 16 --format hex"];
  static override args = {
    bytes: Args.integer({ description: "how many", min: 1, max: limits.value, default: 32, ignoreStdin: true }),
  };
  static override flags = {
    format: Flags.option({ options: ["base64", "hex"] as const, description: "how they are written", default: "base64" })(),
    ...outFlag,
    ...yesFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitRandom);
    const answer = await this.session(flags).ask("transit.random", { bytes: args.bytes });
    try {
      const bytes = answer.body[0] ?? new Uint8Array();
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(flags.format);
      if (flags.out !== undefined) writeWhole(flags.out, bytes, { replace: flags.yes });
      if (flags.json)
        sayJson({ bytes: args.bytes, ...(flags.out === undefined ? { format: flags.format, random: text } : { out: flags.out }) });
      else if (flags.out === undefined) put(1, `${text}\n`);
    } finally {
      answer.release();
    }
  }
}
