import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { maybe } from "../../cli/flags.ts";
import { listingLines } from "../../cli/listing.ts";
import { checkPrefix } from "../../path.ts";

export default class KvList extends ZvaultCommand {
  static override summary = "what is below a path";
  static override examples = ["zvault kv list", "zvault kv list app/"];
  static override args = { prefix: maybe("beginning of paths; everything without it") };
  static override flags = { deleted: Flags.boolean({ description: "with what was deleted" }) };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(KvList);
    const prefix = checkPrefix((args.prefix ?? "").replace(/^(zvault:\/\/|\/)/, ""));
    const { secrets } = (await this.session(flags).ask("kv.list", { prefix, ...(flags.deleted ? { deleted: true } : {}) })).result;
    this.print(flags, secrets, () => listingLines(secrets, "", flags.verbose));
  }
}
