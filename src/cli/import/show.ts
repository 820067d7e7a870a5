/** The plan of an import as a person, or a script, reads it. Names, places and reasons; never a value. */
import type { PlannedFile } from "../../envfile/plan.ts";
import { dropEmpty } from "../listing.ts";
import { count, table } from "../output.ts";
import { type Around, aroundLines, gitWord } from "./around.ts";
import { readerOf } from "./reader.ts";
import { labelOf, type Site } from "./site.ts";
import { leftOutText, optionText } from "./words.ts";

const namesShown = 8;

function named(keys: readonly string[]): string {
  const more = keys.length > namesShown ? ` … (${keys.length - namesShown} more)` : "";
  return `${keys.slice(0, namesShown).join(" ")}${more}`;
}

const keysOf = (file: PlannedFile, to: "vault" | "file"): string[] =>
  file.entries.filter((one) => one.to === to).map((one) => one.key);

/** What is open in a plan: shown, or asked about below it, or decided. */
export type Decisions = "shown" | "asked" | "taken";

const filesOf = (sites: readonly Site[]): { site: Site; file: PlannedFile; label: string }[] =>
  sites.flatMap((site) => site.plan.files.map((file) => ({ site, file, label: labelOf(site, file.name) })));

/** A line for each file. */
export function rowLines(sites: readonly Site[], around: Around): string[] {
  const rows = filesOf(sites).map(({ site, file, label }) => {
    const stay = keysOf(file, "file");
    const secrets = keysOf(file, "vault");
    const word = gitWord(around, label);
    return [
      `  ${label}`,
      ...(sites.length > 1 ? [`→ project ${site.project}`] : []),
      ...(word === "" ? [] : [word]),
      stay.length === 0 ? "" : `${stay.length} ${stay.length === 1 ? "stays" : "stay"} readable`,
      secrets.length === 0 ? "no secret" : count(secrets.length, "secret"),
      named(secrets),
    ];
  });
  return table(dropEmpty(rows));
}

export function planLines(sites: readonly Site[], around: Around, o: { verbose: boolean; decisions: Decisions }): string[] {
  const all = filesOf(sites);
  const where = sites.length === 1 ? `project ${sites[0]?.project ?? ""}` : count(sites.length, "project");
  const lines = [`${count(all.length, "file")} to import into ${where}. Nothing is changed yet.`, "", ...rowLines(sites, around)];
  if (o.verbose) {
    lines.push("", "  why");
    lines.push(
      ...table(
        all.flatMap(({ file, label }) => file.entries.map((one) => [`    ${label}:${one.line}`, one.key, one.class, one.why])),
      ),
    );
  }
  const notes = all.flatMap(({ site, file, label }) =>
    file.notes.map((note) => ({ site, note, place: `    ${label}:${note.line}` })),
  );
  const open = notes.filter(({ note }) => note.decision);
  const told = notes.filter(({ note }) => !note.decision);
  if (open.length > 0 && o.decisions !== "asked") {
    lines.push("", o.decisions === "taken" ? "  decided by --yes: the first of each" : "  needs a decision");
    const choices = ({ site, note }: (typeof open)[number]): string =>
      (note.options ?? []).map((one) => optionText(one, readerOf(site.folder)).text).join("  ");
    const width = Math.max(...open.map(({ place }) => place.length));
    for (const one of open) {
      lines.push(`${one.place.padEnd(width)}  ${one.note.text}.`);
      if (one.note.options) lines.push(`${" ".repeat(width)}  ${choices(one)}`);
    }
  }
  if (told.length > 0) lines.push("", "  look at", ...table(told.map(({ place, note }) => [place, note.text])));
  const left = all.flatMap(({ file, label }) => file.leftOut.map((one) => [`    ${label}:${one.line}`, leftOutText(one)]));
  if (left.length > 0) lines.push("", "  left out of what is committed, kept in the vault only", ...table(left));
  return [...lines, ...aroundLines(around)];
}

export type FileReport = {
  file: string;
  secrets: string[];
  settings: string[];
  leftOut: { line: number; name: string | null; rule: string }[];
  notes: { line: number; name: string; kind: string; text: string }[];
  /** null outside of git */
  git: { tracked: boolean; ignored: boolean; commits: number; since: string | null; exposed: string[] } | null;
};

export function planJson(sites: readonly Site[], around: Around): FileReport[] {
  return sites.flatMap((site) =>
    site.plan.files.map((file) => {
      const label = labelOf(site, file.name);
      const facts = around.facts.get(label);
      return {
        file: label,
        secrets: keysOf(file, "vault"),
        settings: keysOf(file, "file"),
        leftOut: file.leftOut.map(({ line, name, rule }) => ({ line, name: name ?? null, rule })),
        notes: file.notes.map(({ line, name, kind, text }) => ({ line, name, kind, text })),
        git: facts
          ? {
              tracked: facts.tracked,
              ignored: facts.ignored,
              commits: facts.history?.commits ?? 0,
              since: facts.history?.first.toISOString() ?? null,
              exposed: facts.exposed.map((one) => one.name),
            }
          : null,
      };
    }),
  );
}
