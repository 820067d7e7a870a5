import { ZvaultCommand } from "../../cli/base.ts";
import { age, table } from "../../cli/output.ts";

export default class AccessList extends ZvaultCommand {
  static override summary = "who or what can unseal this vault";
  static override examples = ["zvault access list"];

  override async run(): Promise<void> {
    const { flags } = await this.parse(AccessList);
    const { slots } = (await this.session(flags).ask("access.list", {})).result;
    this.print(flags, slots, () =>
      table(
        slots.map((slot) => [
          slot.id.slice(0, 8),
          slot.kind,
          slot.label === slot.kind ? "" : slot.label,
          slot.threshold === undefined ? "" : `${slot.threshold} of ${slot.shares ?? "?"}`,
          age(slot.created),
        ]),
      ),
    );
  }
}
