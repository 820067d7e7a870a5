import * as Flags from "@oclif/core/flags";
import type { AuditLine } from "../../calls.ts";
import { ZvaultCommand } from "../../cli/base.ts";
import { sayJson, table, tell } from "../../cli/output.ts";
import { limits } from "../../verbs.ts";

export default class AuditTail extends ZvaultCommand {
  static override summary = "the last lines of the audit log";
  static override description = "\nWith --json: one object a line. Values are never in it.";
  static override examples = ["zvault audit tail", "zvault audit tail -n 100 --json"];
  static override flags = {
    lines: Flags.integer({ char: "n", description: "how many", helpValue: "N", default: 20, min: 1, max: limits.auditTail }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(AuditTail);
    const { lines } = (await this.session(flags).ask("audit.tail", { lines: flags.lines })).result;
    if (flags.json) for (const line of lines) sayJson(line, 0);
    else tell(table(lines.map(cells)));
  }
}

function cells(line: AuditLine): string[] {
  const text = (name: string): string =>
    typeof line[name] === "string" || typeof line[name] === "number" ? String(line[name]) : "";
  const paths = Array.isArray(line["paths"]) ? line["paths"].map(String) : [];
  const shown = paths.length > 3 ? `${paths.slice(0, 3).join(" ")} … ${paths.length} in all` : paths.join(" ");
  return [text("time"), text("verb") || text("kind"), text("outcome"), programOf(line["caller"]), shown];
}

function programOf(caller: unknown): string {
  if (typeof caller !== "object" || caller === null) return "";
  const found = caller as Record<string, unknown>;
  const program = typeof found["program"] === "string" ? (found["program"].split("/").at(-1) ?? "") : "";
  return typeof found["pid"] === "number" ? `${program}[${found["pid"]}]` : program;
}
