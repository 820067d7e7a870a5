import { realpathSync } from "node:fs";
import { ZvaultCommand } from "../cli/base.ts";
import { rawNames } from "../cli/import/gather.ts";
import { startLine } from "../cli/next.ts";
import { count, duration, localTime } from "../cli/output.ts";
import { folderBelow } from "../folder.ts";
import { lostIn } from "../locate.ts";
import { findFiles } from "../run/files.ts";
import { waitingLine, waitingOf } from "../cli/waiting.ts";
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
      const lost = lostIn(process.cwd(), session.places);
      const next = raw.length > 0 ? "zvault import" : "zvault init";
      this.print(flags, { vault: null, sealed: null, files, raw, next }, () => [
        "no vault here",
        ...(lost ? [`lost        a vault was here; an encrypted copy from ${localTime(lost)}: zvault backup restore`] : []),
        ...(raw.length > 0 ? [`raw values  ${raw.join(" ")}`] : []),
        `next        ${next}`,
        "commands    zvault --help",
      ]);
      return;
    }
    const { agent, vault } = await statusOf(session);
    const sealed = vault?.sealed ?? true;
    const waiting = waitingOf(session);
    const exposed = vault?.open?.exposed ?? 0;
    const open = agent.vaults.find((one) => one.id === found.id);
    const projects = vault?.open?.projects ?? [];
    const here = folderBelow(found, realpathSync(process.cwd()));
    const others = files.length === 0 && !projects.some((one) => one.folder === here) ? projects : [];
    const stranger =
      vault?.open !== undefined && files.length > 0 && (here === undefined || !projects.some((one) => isIn(here, one.folder)));
    const next = sealed
      ? "zvault unseal"
      : raw.length > 0
        ? "zvault import"
        : files.length > 0
          ? stranger
            ? "zvault check: this folder is none of that vault's"
            : startLine(process.cwd())
          : others.length > 0
            ? "zvault run -- CMD, in the folder of a project"
            : "zvault set NAME";
    this.print(flags, { vault: found.id, sealed, files, raw, next }, () => [
      `vault       ${found.dir}${vault?.open ? `, ${count(vault.open.secrets, "secret")}` : ""}`,
      `state       ${sealed ? "sealed" : `unsealed${open ? `, ${duration(Math.min(open.absoluteLeft, open.idleLeft))} left` : ""}`}`,
      ...(files.length > 0 ? [`files       ${files.join(" ")}`] : []),
      ...(others.length > 0 ? [`projects    ${others.map((one) => one.folder).join(" ")}`] : []),
      ...(raw.length > 0 ? [`raw values  ${raw.join(" ")}`] : []),
      ...(exposed > 0 ? [`exposed     ${count(exposed, "secret")} in a git history: zvault ls, then zvault set NAME`] : []),
      ...waiting.slice(0, 3).map((one) => `waiting     ${waitingLine(one)}`),
      `next        ${next}`,
      "commands    zvault --help",
    ]);
  }
}

function isIn(folder: string, project: string): boolean {
  return project === "." || folder === project || folder.startsWith(`${project}/`);
}
