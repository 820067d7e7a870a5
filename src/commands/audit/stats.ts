import * as Flags from "@oclif/core/flags";
import type { AuditStats as Result } from "../../calls/audit.ts";
import { asker, auditTime, moved } from "../../cli/audit.ts";
import { ZvaultCommand } from "../../cli/base.ts";
import { count, table } from "../../cli/output.ts";

export default class AuditStats extends ZvaultCommand {
  static override summary = "who asks how often, and what stands out";
  static override description =
    "\nRequests by verb and program; programs that were given a value for the first time, where others had been before; five refusals of one\nprogram within a minute and more.";
  static override examples = ["zvault audit stats", "zvault audit stats --since 7d", "zvault audit stats --json | jq .bursts"];
  static override flags = {
    since: Flags.string({ description: "not older than this: 2h, 7d, or a time", helpValue: "TIME" }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(AuditStats);
    const since = flags.since === undefined ? undefined : auditTime(flags.since, new Date());
    const { result } = await this.session(flags).ask("audit.stats", since === undefined ? {} : { since });
    this.print(flags, result, () => linesOf(result));
    const away = moved(result, true);
    if (away !== undefined) this.note(flags, away);
  }
}

function linesOf({ verbs, programs, fresh, bursts }: Result): string[] {
  const denied = (one: { denied: number }): string => (one.denied === 0 ? "" : `${one.denied} denied`);
  const part = (title: string, rows: readonly string[][]): string[] =>
    rows.length === 0 ? [] : [title, ...table(rows.map(([first = "", ...rest]) => [`  ${first}`, ...rest]))];
  return [
    ...part(
      "verbs",
      verbs.map((one) => [one.verb, count(one.requests, "request"), denied(one), one.failed === 0 ? "" : `${one.failed} failed`]),
    ),
    ...part(
      "programs",
      programs.map((one) => [asker(one), count(one.requests, "request"), `${count(one.paths, "value")} opened`, denied(one)]),
    ),
    ...part(
      "new to a value",
      fresh.map((one) => [one.time, asker(one), one.verb, one.path]),
    ),
    ...part(
      "bursts of refusals",
      bursts.map((one) => [one.from, asker(one), denied(one), `until ${one.to}`]),
    ),
  ];
}
