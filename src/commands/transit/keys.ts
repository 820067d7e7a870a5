import { ZvaultCommand } from "../../cli/base.ts";
import { maybe } from "../../cli/flags.ts";
import { keyLines, keyRows } from "../../cli/transit/key.ts";

export default class TransitKeys extends ZvaultCommand {
  static override summary = "transit keys, or one with its versions and public keys";
  static override description = "\nNever the key itself: there is no way to get one out.";
  static override examples = ["zvault transit keys", "zvault transit keys releases"];
  static override args = { name: maybe("one key") };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitKeys);
    const session = this.session(flags);
    if (args.name !== undefined) {
      const { result } = await session.ask("transit.read", { name: args.name });
      this.print(flags, result, () => keyLines(result));
      return;
    }
    const { keys } = (await session.ask("transit.list", {})).result;
    this.print(flags, keys, () => keyRows(keys));
    if (keys.length === 0 && !flags.json) this.note(flags, "no transit keys yet: zvault transit create NAME");
  }
}
