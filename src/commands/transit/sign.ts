import { ZvaultCommand } from "../../cli/base.ts";
import { makeMarks, markArgs, markFlags } from "../../cli/transit/marks.ts";

export default class TransitSign extends ZvaultCommand {
  static override person = () => true;
  static override summary = "sign a message with an ed25519 or ecdsa-p256 key";
  static override usage = ["NAME [-|@FILE]", "NAME --batch [-|@FILE]"];
  static override description = `
The signature is text, vault:vN:BASE64: of the 64 bytes of Ed25519, or of ECDSA's DER over SHA-256. \`zvault transit keys NAME\` shows the
public keys. A line of a batch is {"input":BASE64}, its answer {"signature":"vault:v1:…"}.`;
  static override examples = ["zvault transit sign releases @app.tar.gz", "zvault transit sign releases - < message"];
  static override args = markArgs;
  static override flags = markFlags;

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitSign);
    await makeMarks(this.session(flags), "transit.sign", args, flags);
  }
}
