import type { AuditOpening, Calls } from "../calls.ts";
import { moved } from "../cli/audit.ts";
import { ZvaultCommand } from "../cli/base.ts";
import { name } from "../cli/flags.ts";
import { isLayout } from "../cli/listing.ts";
import { count, table } from "../cli/output.ts";
import type { Session } from "../cli/session.ts";
import { ZvaultError } from "../errors.ts";

const words: Record<AuditOpening["state"], string> = {
  rotate: "[ ] rotate it",
  changed: "[x] changed since",
  gone: "[x] gone",
  setting: "[x] a setting",
};

export default class Offboard extends ZvaultCommand {
  static override summary = "all that somebody ever opened, and what to rotate";
  static override usage = ["PROGRAM|UID|PERSON|ACCESSOR"];
  static override description = `
PROGRAM: its name or whole path. UID: a number. PERSON: a label of \`zvault access list\`, or who a version is by: all that was asked for while they
had unsealed the vault. ACCESSOR: of a token, also of one that is gone. It changes nothing: what was seen stays seen, until its secret is another one. \`zvault access remove\` takes
the way in away.`;
  static override examples = ["zvault offboard node", "zvault offboard 1001", "zvault offboard mira --json"];
  static override args = { who: name("a program, a uid, a person, or the accessor of a token") };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Offboard);
    const session = this.session(flags);
    const { opened, ...span } = (await session.ask("audit.offboard", await leaver(session, args.who))).result;
    const secrets = opened.filter((one) => !isLayout(one.path));
    const away = moved(span, true);
    if (away !== undefined) this.note(flags, away);
    if (secrets.length === 0) {
      throw new ZvaultError("not-found", `the audit log holds nothing that ${JSON.stringify(args.who.slice(0, 80))} opened`, {
        hint: "zvault audit stats   shows who asked",
      });
    }
    const rotate = secrets.filter((one) => one.state === "rotate").map((one) => one.path);
    this.print(flags, { who: args.who, opened: secrets, rotate, ...span }, () => [
      `${args.who} opened ${count(secrets.length, "value")}:`,
      ...table(
        secrets.map((one) => [`  ${words[one.state]}`, one.path, one.verbs.join(" "), count(one.requests, "time"), one.last]),
      ),
      rotate.length === 0
        ? "nothing is left to rotate"
        : `rotate ${count(rotate.length, "secret")}: a new value at its provider, then \`zvault set NAME\`; what was seen stays seen`,
    ]);
  }
}

/** A label of an access comes before a program of that name. */
async function leaver(session: Session, who: string): Promise<Calls["audit.offboard"]["args"]> {
  if (/^\d{1,10}$/.test(who)) return { uid: Number(who) };
  if (/^[0-9a-f]{24}$/.test(who)) return { accessor: who };
  if (who.includes("/")) return { program: who };
  const { slots } = (await session.ask("access.list", {})).result;
  const isPerson = slots.some((slot) => slot.label === who) || /^(slot-[0-9a-f]{8}|[0-9a-f]{16})$/.test(who);
  return isPerson ? { person: who } : { program: who };
}
