import { ZvaultCommand } from "../../cli/base.ts";
import { makeMarks, markArgs, markFlags } from "../../cli/transit/marks.ts";

export default class TransitHmac extends ZvaultCommand {
  static override person = () => true;
  static override summary = "HMAC-SHA256 of a message, with a key of type hmac";
  static override usage = ["NAME [-|@FILE]", "NAME --batch [-|@FILE]"];
  static override description = `
Text, vault:vN:BASE64; \`zvault transit verify\` checks it. A line of a batch is {"input":BASE64}, its answer {"hmac":"vault:v1:…"}.`;
  static override examples = ["printf %s user-1234 | zvault transit hmac lookups -"];
  static override args = markArgs;
  static override flags = markFlags;

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitHmac);
    await makeMarks(this.session(flags), "transit.hmac", args, flags);
  }
}
