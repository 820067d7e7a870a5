import { ZvaultCommand } from "../cli/base.ts";
import { rawNames } from "../cli/import/gather.ts";
import { count, duration } from "../cli/output.ts";
import { findFiles } from "../run/files.ts";
import { statusOf } from "./status.ts";

/** `zvault` alone: where this project stands, and what to type next. */
export default class Overview extends ZvaultCommand {
  static override summary = "where you stand, and what to do next";
  static override hidden = true;

  override async run(): Promise<void> {
    const { flags } = await this.parse(Overview);
    const session = this.session(flags);
    const found = session.located();
    const raw = rawNames(process.cwd());
    const files = findFiles({ cwd: process.cwd(), home: process.env["HOME"] }).map((file) => file.label);
    if (!found) {
      const next = raw.length > 0 ? "zvault import" : "zvault init";
      this.print(flags, { vault: null, sealed: null, files, raw, next }, () => [
        "no vault here",
        ...(raw.length > 0 ? [`raw values  ${raw.join(" ")}`] : []),
        `next        ${next}`,
        "commands    zvault --help",
      ]);
      return;
    }
    const { agent, vault } = await statusOf(session);
    const sealed = vault?.sealed ?? true;
    const open = agent.vaults.find((one) => one.id === found.id);
    const next = sealed
      ? "zvault unseal"
      : raw.length > 0
        ? "zvault import"
        : files.length > 0
          ? "zvault run -- CMD"
          : "zvault set NAME";
    this.print(flags, { vault: found.id, sealed, files, raw, next }, () => [
      `vault       ${found.dir}${vault?.open ? `, ${count(vault.open.secrets, "secret")}` : ""}`,
      `state       ${sealed ? "sealed" : `unsealed${open ? `, ${duration(Math.min(open.absoluteLeft, open.idleLeft))} left` : ""}`}`,
      ...(files.length > 0 ? [`files       ${files.join(" ")}`] : []),
      ...(raw.length > 0 ? [`raw values  ${raw.join(" ")}`] : []),
      `next        ${next}`,
      "commands    zvault --help",
    ]);
  }
}
