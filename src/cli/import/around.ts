/** What surrounds the files of an import: what git knows about them, and the copies that lie next to them. */
import { valuesOf } from "../../envfile/document.ts";
import { parse } from "../../envfile/parse.ts";
import type { PlannedFile } from "../../envfile/plan.ts";
import { shown, toText } from "../../envfile/text.ts";
import { count, table } from "../output.ts";
import type { Git, History } from "./git.ts";
import { labelOf, type Site } from "./site.ts";

export type FileFacts = {
  label: string;
  tracked: boolean;
  ignored: boolean;
  history?: History;
  /** secrets whose present value git has: their paths */
  exposed: { name: string; path: string }[];
};

export type Around = {
  git: Git | undefined;
  /** by the label of the file; empty without git */
  facts: ReadonlyMap<string, FileFacts>;
  /** copies that editors and people leave behind */
  leftovers: string[];
  /** git is there and does not answer: what it says */
  problem: string | undefined;
};

/** `git` looks at the folder the import began in. */
export function lookAround(
  sites: readonly Site[],
  git: Git | undefined,
  o: { problem: string | undefined; leftovers: readonly string[] },
): Around {
  const facts = new Map<string, FileFacts>();
  if (git) {
    const labels = sites.flatMap((site) => site.gathered.files.map((file) => labelOf(site, file.name)));
    const tracked = git.tracked(labels);
    const ignored = git.ignored(labels);
    const history = git.history(labels);
    for (const site of sites) {
      for (const file of site.plan.files) {
        const label = labelOf(site, file.name);
        const past = history?.get(label);
        const seen = past !== undefined || tracked.has(label);
        facts.set(label, {
          label,
          tracked: tracked.has(label),
          ignored: ignored.has(label),
          ...(past ? { history: past } : {}),
          exposed: seen ? exposedOf(file, git.versions(label)) : [],
        });
      }
    }
  }
  const leftovers = sites.flatMap((site) => site.gathered.leftovers.map((name) => labelOf(site, name)));
  return { git, facts, leftovers: [...o.leftovers, ...leftovers], problem: o.problem };
}

/** Names whose present value is in one of the versions; all, where the versions cannot be read. */
function exposedOf(file: PlannedFile, versions: readonly Uint8Array[] | undefined): FileFacts["exposed"] {
  const secrets = file.entries.filter((entry) => entry.to === "vault");
  const read = versions?.map((bytes) => ({ text: toText(bytes), values: valuesOf(parse(bytes)) }));
  const seen = secrets.filter((entry) => {
    const value = toText(entry.value);
    return (
      read === undefined ||
      read.some(({ text, values }) => values.get(entry.key) === shown(value) || (value.length >= 8 && text.includes(value)))
    );
  });
  return seen.map((entry) => ({ name: entry.key, path: entry.path }));
}

/** How a file stands with git, for the plan's column. */
export function gitWord(around: Around, label: string): string {
  const facts = around.facts.get(label);
  if (!facts) return "";
  if (facts.tracked) return "in git!";
  return facts.ignored ? "git-ignored" : "not in git yet";
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

/** Lines below the plan. */
export function aroundLines(around: Around): string[] {
  const rows = [...around.facts.values()].flatMap(({ label, tracked, history, exposed }) => {
    if (!history && !tracked) return [];
    const where = history ? `${count(history.commits, "commit")} since ${day(history.first)}` : "git's index";
    const names = exposed.map((one) => one.name).join(" ");
    return [[`    ${label}`, names === "" ? `${where}; no present secret` : `${where}; needs a new value: ${names}`]];
  });
  return [
    ...(rows.length > 0 ? ["", "  seen by git: what it has is leaked", ...table(rows)] : []),
    ...(around.problem === undefined ? [] : ["", `  git was not asked: ${around.problem}`]),
    ...(around.leftovers.length > 0
      ? ["", "  copies that are not imported and may hold the same values", `    rm -- ${around.leftovers.map(quoted).join(" ")}`]
      : []),
  ];
}

/** For a shell. */
export function quoted(word: string): string {
  return /^[\w./@%+,:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
