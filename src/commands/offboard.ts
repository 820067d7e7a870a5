import type { AuditAlive, AuditOpening } from "../calls/audit.ts";
import type { Calls } from "../calls.ts";
import { moved } from "../cli/audit.ts";
import { ZvaultCommand } from "../cli/base.ts";
import { name } from "../cli/flags.ts";
import { quoted } from "../cli/import/around.ts";
import { isLayout } from "../cli/listing.ts";
import { count, table } from "../cli/output.ts";
import type { Session } from "../cli/session.ts";
import { accessorOf, roleName } from "../cli/tokens.ts";
import { ZvaultError } from "../errors.ts";

const words: Record<AuditOpening["state"], string> = {
  rotate: "[ ] rotate it",
  changed: "[x] changed since",
  gone: "[x] gone",
  setting: "[x] a setting",
};

export default class Offboard extends ZvaultCommand {
  static override summary = "all that somebody ever opened, and what to rotate";
  static override usage = ["PROGRAM|UID|PERSON|ROLE|ACCESSOR"];
  static override description = `
PROGRAM: its name or whole path. UID: a number. PERSON: a label of \`zvault access list\`, or who a version is by: all that was asked for while they
had unsealed the vault. ROLE: all that its tokens opened; approle:NAME where a person has that name, or the role is gone. ACCESSOR: of a token, with all that
came of it, also of one that is gone. It changes nothing: what was seen stays seen, until its secret is another one. What they can still come in with is
listed, with the command that ends it.`;
  static override examples = ["zvault offboard node", "zvault offboard 1001", "zvault offboard ci", "zvault offboard mira --json"];
  static override args = { who: name("a program, a uid, a person, a role, or the accessor of a token") };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Offboard);
    const session = this.session(flags);
    const asked = await leaver(session, args.who);
    const { opened, alive, ...span } = (await session.ask("audit.offboard", asked)).result;
    const secrets = opened.filter((one) => !isLayout(one.path));
    const away = moved(span, true);
    if (away !== undefined) this.note(flags, away);
    const ends = endsOf(alive);
    if (secrets.length + ends.length === 0) {
      throw new ZvaultError("not-found", `the audit log holds nothing that ${JSON.stringify(args.who.slice(0, 80))} opened`, {
        hint: "zvault audit stats   shows who asked",
      });
    }
    const rotate = secrets.filter((one) => one.state === "rotate").map((one) => one.path);
    this.print(flags, { who: args.who, opened: secrets, rotate, alive, end: ends.map((one) => one.end), ...span }, () => [
      `${args.who} opened ${secrets.length === 0 ? "nothing" : `${count(secrets.length, "value")}:`}`,
      ...table(
        secrets.map((one) => [`  ${words[one.state]}`, one.path, one.verbs.join(" "), count(one.requests, "time"), one.last]),
      ),
      rotate.length === 0
        ? "nothing is left to rotate"
        : `rotate ${count(rotate.length, "secret")}: a new value at its provider, then \`zvault set NAME\`; what was seen stays seen`,
      ...(ends.length === 0 ? [] : ["still good, until you end them:"]),
      ...table(ends.map((one) => [`  [ ] ${one.what}`, one.left, one.end])),
    ]);
  }
}

type End = { what: string; left: string; end: string };

/** What they can still come in with, and what ends it. A role goes with its secret_ids. */
function endsOf({ tokens, secretIds, roles, slots }: AuditAlive): End[] {
  const until = (expires: string | null): string => (expires === null ? "no end" : `until ${expires}`);
  const uses = (left: number): string => (left === 0 ? "" : `, ${count(left, "login")} left`);
  return [
    ...roles.map((name) => ({ what: `role ${name}`, left: "", end: `zvault approle delete ${name}` })),
    ...secretIds.map(({ role, accessor, expires, usesLeft }) => ({
      what: `secret_id of ${role}`,
      left: `${until(expires)}${uses(usesLeft)}`,
      end: `zvault approle revoke ${role} ${accessor}`,
    })),
    ...tokens.map(({ accessor, name, expires }) => ({
      what: name === "" ? "token" : `token ${name}`,
      left: until(expires),
      end: `zvault token revoke ${accessor}`,
    })),
    ...slots.map((label) => ({ what: "access", left: "", end: `zvault access remove ${quoted(label)}` })),
  ];
}

/** A label of an access comes before a role of that name, and a role before a program. */
async function leaver(session: Session, who: string): Promise<Calls["audit.offboard"]["args"]> {
  if (/^\d{1,10}$/.test(who)) return { uid: Number(who) };
  if (/^(zv[si]\.|[0-9a-f]{24}$)/.test(who)) return { accessor: accessorOf(who) ?? "" };
  if (who.startsWith("approle:")) return { role: roleName(who.slice("approle:".length)) };
  if (who.includes("/")) return { program: who };
  const { slots } = (await session.ask("access.list", {})).result;
  if (slots.some((slot) => slot.label === who) || /^(slot-[0-9a-f]{8}|[0-9a-f]{16})$/.test(who)) return { person: who };
  const { roles } = (await session.ask("approle.list", {})).result;
  return roles.some((role) => role.name === who) ? { role: who } : { program: who };
}
