/** The plan of an import as a person, or a script, reads it. Names, places and reasons; never a value. */
import type { Plan, PlannedFile } from "../../envfile/plan.ts";
import { count, table } from "../output.ts";

const namesShown = 8;

function named(keys: readonly string[]): string {
  const more = keys.length > namesShown ? ` … (${keys.length - namesShown} more)` : "";
  return `${keys.slice(0, namesShown).join(" ")}${more}`;
}

const keysOf = (file: PlannedFile, to: "vault" | "file"): string[] =>
  file.entries.filter((one) => one.to === to).map((one) => one.key);

export function planLines(plan: Plan, project: string, o: { verbose: boolean }): string[] {
  const rows = plan.files.map((file) => {
    const stay = keysOf(file, "file");
    const secrets = keysOf(file, "vault");
    return [
      `  ${file.name}`,
      `${count(stay.length, "setting")} ${stay.length === 1 ? "stays" : "stay"} readable`,
      count(secrets.length, "secret"),
      named(secrets),
    ];
  });
  const lines = [`${count(plan.files.length, "file")} to import into project ${project}.`, "", ...table(rows)];
  if (o.verbose) {
    lines.push("", "  why");
    lines.push(
      ...table(
        plan.files.flatMap((file) => file.entries.map((one) => [`    ${file.name}:${one.line}`, one.key, one.class, one.why])),
      ),
    );
  }
  const notes = plan.files.flatMap((file) => file.notes.map((note) => [`    ${file.name}:${note.line}`, note.text]));
  if (notes.length > 0) lines.push("", "  look at", ...table(notes));
  const left = plan.files.flatMap((file) =>
    file.leftOut.map((one) => [
      `    ${file.name}:${one.line}`,
      `left out of ${file.name}.zvault: ${one.rule}${one.name === undefined ? "" : ` ${one.name}`}`,
    ]),
  );
  if (left.length > 0) lines.push("", "  kept in the vault only", ...table(left));
  return lines;
}

export type FileReport = {
  file: string;
  secrets: string[];
  settings: string[];
  leftOut: { line: number; name: string | null; rule: string }[];
  notes: { line: number; name: string; kind: string; text: string }[];
};

export function planJson(plan: Plan): FileReport[] {
  return plan.files.map((file) => ({
    file: file.name,
    secrets: keysOf(file, "vault"),
    settings: keysOf(file, "file"),
    leftOut: file.leftOut.map(({ line, name, rule }) => ({ line, name: name ?? null, rule })),
    notes: file.notes.map(({ line, name, kind, text }) => ({ line, name, kind, text })),
  }));
}
