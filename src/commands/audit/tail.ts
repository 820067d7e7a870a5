import * as Flags from "@oclif/core/flags";
import type { AuditFilter } from "../../calls/audit.ts";
import type { Calls } from "../../calls.ts";
import { auditCells, auditTime, moved } from "../../cli/audit.ts";
import { ZvaultCommand } from "../../cli/base.ts";
import { sayJson, table, tell } from "../../cli/output.ts";
import { ZvaultError } from "../../errors.ts";
import { parsePath } from "../../path.ts";
import { limits } from "../../verbs.ts";

type Tail = Calls["audit.tail"]["result"];

/** Lines that follow come one by one: their columns do not fit themselves to each other. */
const columns = [24, 14, 9, 16];

export default class AuditTail extends ZvaultCommand {
  static override summary = "the last lines of the audit log";
  static override description =
    "\nWith filters: the last ones that fit all of them, out of every segment that is there. With --json: one object a line. Values are never in it.\n--follow goes on until Ctrl-C or the seal; the lines of following itself are left out then.";
  static override examples = [
    "zvault audit tail",
    "zvault audit tail --follow --denied",
    "zvault audit tail --verb kv.get --path env/shop --since 24h",
    "zvault audit tail -n 1000 --json | jq -r 'select(.caller.tool) | .verb'",
  ];
  static override flags = {
    lines: Flags.integer({ char: "n", description: "how many", helpValue: "N", default: 20, min: 1, max: limits.auditTail }),
    follow: Flags.boolean({ description: "go on with those that come", default: false }),
    verb: Flags.string({ description: "of this verb (kv.get), or of an engine (kv)", helpValue: "VERB" }),
    path: Flags.string({ description: "about this path, or below it", helpValue: "PATH" }),
    program: Flags.string({ description: "asked by this program: its name or whole path", helpValue: "NAME" }),
    outcome: Flags.option({ options: ["done", "failed", "interrupted", "denied"] as const, description: "that ended so" })(),
    denied: Flags.boolean({ description: "only what was refused", exclusive: ["outcome"] }),
    since: Flags.string({ description: "not older than this: 2h, 7d, or a time", helpValue: "TIME" }),
    request: Flags.string({ description: "of the request with this id", helpValue: "ID" }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(AuditTail);
    const session = this.session(flags);
    const filter = filterOf(flags);
    const first = (await session.ask("audit.tail", { ...filter, lines: flags.lines })).result;
    this.#show(first, flags.json, false);
    const away = moved(first, first.lines.length < flags.lines);
    if (away !== undefined) this.note(flags, away);
    for (let { last } = first; flags.follow;) {
      const next = (await session.ask("audit.tail", { ...filter, after: last, wait: true, lines: limits.auditTail })).result;
      this.#show(next, flags.json, true);
      ({ last } = next);
    }
  }

  #show({ lines }: Tail, json: boolean, following: boolean): void {
    if (json) for (const line of lines) sayJson(line, 0);
    else tell(table(lines.map((line) => (following ? padded(auditCells(line)) : auditCells(line)))));
  }
}

function padded(cells: readonly string[]): string[] {
  return cells.map((cell, at) => cell.padEnd(columns[at] ?? 0));
}

type Given = {
  verb?: string | undefined;
  path?: string | undefined;
  program?: string | undefined;
  outcome?: NonNullable<AuditFilter["outcome"]> | undefined;
  denied: boolean;
  since?: string | undefined;
  request?: string | undefined;
};

function filterOf(flags: Given): AuditFilter {
  const { verb, path, program, request } = flags;
  const outcome = flags.denied ? "denied" : flags.outcome;
  if (verb !== undefined && !/^[a-z]+(\.[a-z-]+)?$/i.test(verb))
    throw new ZvaultError("usage", "--verb takes a verb or an engine", { hint: "--verb kv.get, --verb kv" });
  return {
    ...(verb === undefined ? {} : { verb }),
    ...(path === undefined ? {} : { under: parsePath(path.replace(/(?<=.)\/$/, "")) }),
    ...(program === undefined ? {} : { program }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(flags.since === undefined ? {} : { since: auditTime(flags.since, new Date()) }),
    ...(request === undefined ? {} : { request }),
  };
}
