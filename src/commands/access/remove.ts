import type { SlotInfo } from "../../calls/vault.ts";
import { ZvaultCommand } from "../../cli/base.ts";
import { sure } from "../../cli/confirm.ts";
import { name, presenceFlags, presenceOf, yesFlag } from "../../cli/flags.ts";
import { isLayout } from "../../cli/listing.ts";
import { count } from "../../cli/output.ts";
import { ZvaultError } from "../../errors.ts";
import { nearest } from "../../run/nearest.ts";

export default class AccessRemove extends ZvaultCommand {
  static override person = () => true;
  static override summary = "take a way to unseal away";
  static override description = `
The vault gets a new root key, sealed to those that remain, and its log is written anew. What was written before stays readable
to the one removed, if a copy or a backup was kept: the answer lists what to rotate.`;
  static override examples = ["zvault access list", "zvault access remove ci"];
  static override args = { slot: name("its id or label, from `zvault access list`") };
  static override flags = { ...presenceFlags, ...yesFlag };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(AccessRemove);
    const session = this.session(flags);
    const { slots } = (await session.ask("access.list", {})).result;
    const slot = find(slots, args.slot);
    const called = `${slot.kind}${slot.label === "" || slot.label === slot.kind ? "" : ` ${slot.label}`} (${slot.id.slice(0, 8)})`;
    await sure(`Take away ${called}?`, { yes: flags.yes, usually: false, no: "nothing was changed" });
    const { result } = await session.ask(
      "access.remove",
      { slot: slot.id },
      { presence: presenceOf(flags), what: `Take away ${called}` },
    );
    // the layout of a file is no secret to anybody but in what was left out of it
    const rotate = result.rotate.filter((path) => !isLayout(path));
    const kept = "what was written before stays readable to whoever kept a copy";
    this.print(flags, result, () => [
      `took away ${called}; new root key and data key`,
      rotate.length === 0 ? `${kept}; there is no secret to rotate` : `${kept}: rotate ${count(rotate.length, "secret")}:`,
      ...rotate.map((path) => `  ${path}`),
    ]);
  }
}

/** By id, the beginning of one, or label; never by a guess. */
function find(slots: readonly SlotInfo[], typed: string): SlotInfo {
  const byLabel = slots.filter((slot) => slot.label === typed);
  const found = byLabel.length > 0 ? byLabel : slots.filter((slot) => typed.length >= 4 && slot.id.startsWith(typed));
  if (found.length === 1 && found[0]) return found[0];
  if (found.length > 1)
    throw new ZvaultError("usage", `${JSON.stringify(typed.slice(0, 40))} names several`, {
      hint: "use the id: zvault access list",
    });
  const close = nearest(
    typed,
    slots.map((slot) => slot.label).filter((label) => label !== ""),
  );
  throw new ZvaultError("not-found", `no access is called ${JSON.stringify(typed.slice(0, 40))}`, {
    hint: close === undefined ? "zvault access list" : `did you mean ${close}?`,
  });
}
