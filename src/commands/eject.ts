import * as Flags from "@oclif/core/flags";
import { lstatSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { ZvaultCommand } from "../cli/base.ts";
import { sure } from "../cli/confirm.ts";
import { checkFree, unignore, writeBack } from "../cli/eject/apply.ts";
import { type Everything, type OldFile, projectFiles, readEverything, refsOf, stillImported } from "../cli/eject/read.ts";
import { readCommitted } from "../cli/files.ts";
import { presenceFlags, presenceOf, yesFlag } from "../cli/flags.ts";
import { known } from "../cli/import/vault.ts";
import { count, showLine } from "../cli/output.ts";
import { type Ask, type Held, heldValues, wipeValues } from "../cli/values.ts";
import { asImported, type Back, eject, type ValueOf } from "../envfile/eject.ts";
import { printReference } from "../envfile/reference.ts";
import { ZvaultError } from "../errors.ts";
import { folderIn } from "../folder.ts";
import { shield } from "../run/exec.ts";

type Planned = Back & { name: string };

/** Written by the import for compose; the first line says so. */
const composeFiles = ["compose.zvault.yaml", "compose.zvault.yml"];

export default class Eject extends ZvaultCommand {
  static override person = () => true;
  static override summary = "leave zvault: write the env files back";
  static override usage = ["[--as-imported] [--dry-run] [--yes] [--delete-vault]"];
  static override description = `
Writes every env file of this project back, with the values of now, as it was laid out: byte for byte the imported file where nothing
changed. Each is read back and compared before its .env.zvault goes. Lines that import added to .gitignore are taken away, and no
others. The vault stays, unless --delete-vault. Needs your presence.`;
  static override examples = ["zvault eject --dry-run", "zvault eject", "zvault eject --as-imported --yes --key-file ../key"];
  static override flags = {
    "as-imported": Flags.boolean({ description: "the files as they were imported, with the values of that time" }),
    "dry-run": Flags.boolean({ description: "show what would be written, change nothing" }),
    "delete-vault": Flags.boolean({ description: "remove the vault, too; its encrypted copy stays in the state folder" }),
    ...presenceFlags,
    ...yesFlag,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Eject);
    const session = this.session(flags);
    const { folder, project } = projectFiles();
    const where = folderIn(session.vault(), folder);
    await known(session, true);
    shield();
    const ask: Ask = {
      session,
      folder: where,
      presence: presenceOf(flags),
      what: `Write the values of ${project} back to ${folder}`,
    };
    const all = await readEverything(ask);
    const root = where === "." ? folder : resolve(folder, ...where.split("/").map(() => ".."));
    const others = await stillImported(ask, project, root);
    if (flags["delete-vault"] && others.length > 0) {
      throw new ZvaultError("usage", `the vault holds other projects that are still imported: ${others.join(", ")}`, {
        hint: "eject these first, or leave --delete-vault out",
        names: others,
      });
    }
    try {
      const planned: Planned[] = [];
      for (const file of all.files) planned.push({ name: file.name, ...(await this.#plan(ask, all, file, flags["as-imported"])) });
      for (const one of planned) checkFree(folder, one.name, one.bytes);
      const report = reportOf(all, planned, Boolean(flags["dry-run"]));
      if (flags["dry-run"])
        return this.print(flags, report, () => [
          ...planLines(all, planned, flags["as-imported"]),
          "",
          "Nothing was changed (--dry-run).",
        ]);
      if (!flags.json && !flags.quiet) for (const line of planLines(all, planned, flags["as-imported"])) showLine(line);
      await sure(flags["delete-vault"] ? "Write them, and delete the vault?" : "Write them?", {
        yes: flags.yes,
        usually: !flags["delete-vault"],
        no: "nothing was changed",
      });
      for (const one of planned) writeBack(folder, one.name, one.bytes);
      report.removed.push(...planned.map((one) => `${one.name}.zvault`), ...removeCompose(folder));
      if (others.length === 0) report.gitignore = await unignore(root, all.ignored);
      if (flags["delete-vault"]) {
        await session.ask("agent.seal", {}, { vault: false });
        rmSync(session.vault().dir, { recursive: true });
        report.removed.push(session.vault().dir);
      }
      report.left = leftOver(all, session.vault().dir, others, flags["delete-vault"]);
      this.print(flags, report, () => [
        `wrote ${planned.map((one) => one.name).join(", ")}`,
        `removed ${report.removed.join(", ")}`,
        ...(report.gitignore.length > 0 ? [`.gitignore - ${report.gitignore.join(" ")}`] : []),
        ...report.left.map((line) => `left: ${line}`),
      ]);
      if (report.gitignore.length > 0)
        this.note(flags, `git does not ignore ${report.gitignore.join(" ")} any more, as before the import`);
    } finally {
      wipeValues(all.values.values());
      for (const { layout } of all.files) layout?.fill(0);
    }
  }

  async #plan(ask: Ask, all: Everything, file: OldFile, asWas: boolean): Promise<Back> {
    if (!asWas) return eject(file.file.bytes, file.layout, lookUp(all.values));
    if (!file.layout || file.time === undefined) {
      throw new ZvaultError("not-found", `${file.name} was not imported, or its layout was destroyed`, {
        hint: "without --as-imported it is written from its .env.zvault",
        names: [file.name],
      });
    }
    const then = await heldValues(
      ask,
      refsOf(file).filter((ref) => ref.version === undefined),
      { at: file.time },
    );
    try {
      return { ...asImported(file.layout, lookUp(then)), changed: [], added: [], left: [] };
    } finally {
      wipeValues(then.values());
    }
  }
}

function lookUp(values: ReadonlyMap<string, Held>): ValueOf {
  return (ref) => {
    const found = values.get(printReference(ref));
    return found?.state === "live" ? found : undefined;
  };
}

type Report = {
  project: string;
  files: { file: string; changed: string[]; added: string[]; gone: string[]; left: string[] }[];
  removed: string[];
  gitignore: string[];
  left: string[];
  dryRun: boolean;
};

function reportOf(all: Everything, planned: readonly Planned[], dryRun: boolean): Report {
  const files = planned.map(({ name, changed, added, gone, left }) => ({ file: name, changed, added, gone, left }));
  return { project: all.project, files, removed: [], gitignore: [], left: [], dryRun };
}

function planLines(all: Everything, planned: readonly Planned[], asWas: boolean): string[] {
  const lines = [`${count(planned.length, "file")} of project ${all.project} to write back into ${all.folder}.`, ""];
  for (const { name, changed, added, gone, left } of planned) {
    const old = all.files.find((file) => file.name === name);
    const same = changed.length + added.length + gone.length === 0;
    lines.push(
      `  ${name}  ${old?.layout ? (same ? `as it was imported${asWas ? "" : ", with the values of today"}` : "in its old layout") : "from its .env.zvault, it was never imported"}`,
    );
    if (changed.length > 0) lines.push(`    changed since: ${changed.join(" ")}`);
    if (added.length > 0) lines.push(`    new, at the end: ${added.join(" ")}`);
    if (gone.length > 0) lines.push(`    no value any more, their lines are empty: ${gone.join(" ")}`);
    if (left.length > 0) lines.push(`    taken out of ${name}.zvault since, written all the same: ${left.join(" ")}`);
  }
  return lines;
}

/** A file that is too large, or none any more, is none of ours. */
function isOurs(path: string): boolean {
  try {
    return new TextDecoder().decode(readCommitted(path, largestCompose)).startsWith("# written by zvault");
  } catch {
    return false;
  }
}

const largestCompose = 1024 * 1024;

function removeCompose(folder: string): string[] {
  return composeFiles.filter((name) => {
    const path = `${folder}/${name}`;
    if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) return false;
    if (!isOurs(path)) return false;
    rmSync(path);
    return true;
  });
}

function leftOver(all: Everything, dir: string, others: readonly string[], deleted: boolean): string[] {
  return [
    ...(deleted
      ? ["an encrypted copy of the vault in the state folder: zvault backup list"]
      : [`${dir} with all values; without use for it: zvault eject --delete-vault, or rm -r it`]),
    ...(others.length > 0 ? [`.gitignore as it is: ${others.join(", ")} still use zvault`] : []),
    ...(others.length === 0 && all.ignored.length === 0 ? [".gitignore as it is: nothing is known of lines from an import"] : []),
    ...all.foreign.map((name) => `${name}: zvault did not write it`),
    "scripts that say `zvault run`",
  ];
}
