import { ZvaultCommand } from "../../cli/base.ts";
import { readText } from "../../cli/policy.ts";
import { name, presenceFlags, presenceOf } from "../../cli/flags.ts";
import { count } from "../../cli/output.ts";

export default class PolicyWrite extends ZvaultCommand {
  static override person = () => true;
  static override summary = "write a policy, or another one in its place";
  static override usage = ["NAME FILE", "NAME -"];
  static override description = `
HCL or JSON: path "env/shop/*" { capabilities = ["list", "use"] }. A path may have + for one whole segment and end in * for any rest; the
most specific one decides. Capabilities: create, read, update, patch, delete, list, sudo, use, deny. It acts at once, and needs presence.
Comments are not kept: keep the file.
An empty \`local\` leaves nothing without presence, also no \`run\`; ls, set and check want list on sys/*. \`zvault policy delete local\` brings
the built-in one back.`;
  static override examples = [
    "zvault policy write deploy deploy.hcl",
    `echo 'path "env/shop/*" { capabilities = ["use"] }' | zvault policy write local -`,
  ];
  static override args = { name: name("a policy"), file: name("a file with its text, or - for stdin") };
  static override flags = { ...presenceFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(PolicyWrite);
    const text = readText(args.file);
    const asked = { name: args.name, text };
    const what = `Write the policy ${args.name}`;
    const { result } = await this.session(flags).ask("policy.write", asked, { presence: presenceOf(flags), what });
    const how = result.created ? "new" : "in place of what was there; it acts now";
    this.print(flags, result, () => `${result.name}: ${count(result.rules, "rule")}, ${how}`);
  }
}
