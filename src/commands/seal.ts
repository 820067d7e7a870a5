import { ZvaultCommand } from "../cli/base.ts";
import { count } from "../cli/output.ts";

export default class Seal extends ZvaultCommand {
  static override summary = "wipe all keys from memory, of all projects";
  static override description =
    "\nCloses everything the agent holds, and ends it. Programs that run keep the values they were started with.";
  static override examples = ["zvault seal"];

  override async run(): Promise<void> {
    const { flags } = await this.parse(Seal);
    const session = this.session(flags, { start: false });
    const client = await session.client();
    const vaults = client ? (await session.ask("agent.seal", {}, { vault: false })).result.vaults : 0;
    this.print(flags, { vaults, agent: client !== undefined }, () =>
      client === undefined
        ? "sealed already: no agent is running"
        : vaults === 0
          ? "sealed; no vault was open"
          : `sealed, ${count(vaults, "vault")}`,
    );
  }
}
