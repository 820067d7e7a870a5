import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { name, presenceFlags, presenceOf, yesFlag } from "../../cli/flags.ts";
import { writeWhole } from "../../cli/files.ts";
import { say, sayJson } from "../../cli/output.ts";
import { put } from "../../cli/stream.ts";
import { outFlag, shapeFlags, shapeOf, versionFlag, versionOf } from "../../cli/transit/flags.ts";
import { ZvaultError } from "../../errors.ts";

export default class TransitDatakey extends ZvaultCommand {
  static override person = () => true;
  static override summary = "a new key for your own use, plain and encrypted";
  static override description = `
For programs that encrypt by themselves: use the plain key, keep the ciphertext beside the data, and get the key back with
\`zvault transit decrypt\`. The plain key goes into a file (--out, its bytes) or, with --reveal, to stdout before the ciphertext.`;
  static override examples = ["zvault transit datakey backups --out ../data.key"];
  static override args = { name: name("the key") };
  static override flags = {
    bits: Flags.option({ options: ["128", "256", "512"] as const, description: "its length", default: "256" })(),
    ...shapeFlags,
    ...versionFlag,
    reveal: Flags.boolean({ description: "write the plain key to stdout, in base64" }),
    ...outFlag,
    ...presenceFlags,
    ...yesFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitDatakey);
    if (flags.out === undefined && !flags.reveal)
      throw new ZvaultError("denied", "the plain key is not shown", { hint: "--out FILE, or --reveal" });
    const shape = shapeOf(args.name, flags);
    const asked = { ...shape.args, ...versionOf(flags), bits: Number(flags.bits) };
    const more = { body: shape.shared, presence: presenceOf(flags), what: `Make a key of ${args.name}` };
    const answer = await this.session(flags).ask("transit.datakey", asked, more);
    try {
      const [plain = new Uint8Array(), sealed = new Uint8Array()] = answer.body;
      const about = {
        name: args.name,
        version: answer.result.version,
        ciphertext: Buffer.from(sealed).toString("latin1"),
      };
      if (flags.out !== undefined) writeWhole(flags.out, plain, { replace: flags.yes });
      const shown = Buffer.from(plain.buffer, plain.byteOffset, plain.length).toString("base64");
      if (flags.json) sayJson({ ...about, ...(flags.out === undefined ? { plaintext: shown } : { out: flags.out }) });
      else {
        if (flags.out === undefined) put(1, `${shown}\n`);
        say(about.ciphertext);
      }
    } finally {
      answer.release();
    }
  }
}
