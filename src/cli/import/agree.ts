/** The questions of an import, on the terminal: how to read what readers differ on, what is a secret, and whether to go on. */
import { answerKey, type Choice } from "../../envfile/expressions.ts";
import type { Dialect } from "../../envfile/dialects/reader.ts";
import type { Note } from "../../envfile/notes.ts";
import { ZvaultError } from "../../errors.ts";
import { promptLine } from "../../run/prompt.ts";
import { nearest } from "../../run/nearest.ts";
import { table } from "../output.ts";
import { fitted } from "../width.ts";
import { readerOf } from "./reader.ts";
import { labelOf, planAgain, type Site } from "./site.ts";
import { longOptionText } from "./words.ts";

type Say = (line: string) => void;

/**
 * Asks about every variable whose value is in question. A capital letter answers for all that follow and have that answer, too.
 * Throws `would-ask`, `interrupted`.
 */
export async function decide(sites: readonly Site[], say: Say): Promise<Site[]> {
  const always = new Set<string>();
  const settled: Site[] = [];
  for (const site of sites) {
    const answers = new Map<string, Choice>(site.input.options.answers);
    const open = site.plan.files.flatMap((file) => file.notes.filter((note) => note.options).map((note) => ({ file, note })));
    const used = open.length === 0 ? undefined : readerOf(site.folder);
    if (open.length > 0) say("");
    for (const { file, note } of open) {
      const place = `${labelOf(site, file.name)}:${note.line}`;
      answers.set(answerKey(file.name, note.name), await choiceOf(place, note, used, always));
    }
    settled.push(open.length === 0 ? site : planAgain(site, { answers }));
  }
  return settled;
}

async function choiceOf(place: string, note: Note, used: Dialect | undefined, always: Set<string>): Promise<Choice> {
  const options = (note.options ?? []).map((option) => ({ ...longOptionText(option, used), choice: option.choice }));
  const first = options[0];
  if (!first) return "keep";
  const settled = options.find((option) => always.has(option.letter));
  if (settled) return settled.choice;
  const letters = options.map((one) => one.letter).join(" or ");
  for (;;) {
    const about = note.text.replace(/; it goes on to be expanded$/, "");
    const question = `${fitted(`${place}  ${about}`, 2).join("\n")}\n    ${options.map((one) => one.text).join("\n    ")}\n  ${letters} (Enter: ${first.letter}): `;
    const answer = (await promptLine(question)).trim();
    const found = answer === "" ? first : options.find((option) => option.letter === answer.toLowerCase());
    if (!found) continue;
    if (answer !== "" && answer !== answer.toLowerCase()) always.add(found.letter);
    return found.choice;
  }
}

/** The folders to go on with. `show` prints a changed plan. Throws `would-ask`, `interrupted`. */
export async function consent(sites: readonly Site[], say: Say, show: (sites: Site[]) => void): Promise<Site[]> {
  let now = [...sites];
  for (;;) {
    const answer = (await promptLine("Go on? [Y]es  [e]dit which are secret  [n]o: ")).toLowerCase();
    if (["", "y", "yes"].includes(answer)) return now;
    if (["n", "no"].includes(answer)) throw new ZvaultError("interrupted", "nothing was changed");
    if (!["e", "edit"].includes(answer)) continue;
    now = await edit(now, say);
    show(now);
  }
}

type Row = { name: string; site: Site; places: string[]; secret: boolean; why: string };

const idOf = ({ site, name }: Pick<Row, "site" | "name">): string => `${site.label}\0${name}`;

/** Variables by name and folder: a class is one for all files of a folder. References and empty values have none to choose. */
function rowsOf(sites: readonly Site[]): Row[] {
  const rows = new Map<string, Row>();
  for (const site of sites) {
    for (const file of site.plan.files) {
      for (const { key, line, to, why } of file.entries) {
        if (why === "a reference" || why === "empty") continue;
        const place = `${labelOf(site, file.name)}:${line}`;
        const id = idOf({ site, name: key });
        const row = rows.get(id);
        if (row) row.places.push(place);
        else rows.set(id, { name: key, site, places: [place], secret: to === "vault", why });
      }
    }
  }
  return [...rows.values()];
}

async function edit(sites: readonly Site[], say: Say): Promise<Site[]> {
  let now = [...sites];
  let told: (row: Row) => boolean = () => true;
  for (;;) {
    const rows = rowsOf(now);
    const cells = rows
      .map((row, at) => [row, at] as const)
      .filter(([row]) => told(row))
      .map(([row, at]) => [
        `  ${at + 1}`,
        row.secret ? "secret" : "setting",
        row.name,
        row.places.join(" "),
        row.why.startsWith("--") ? "as you said" : row.why,
      ]);
    for (const line of table(cells)) say(line);
    const answer = await promptLine("Numbers or names to change over (Enter when done): ");
    const words = answer.split(/[\s,]+/).filter((word) => word !== "");
    if (words.length === 0) return now;
    const unknown = words.filter((word) => rowsFor(word, rows).length === 0);
    for (const word of unknown) {
      const close = nearest(
        word,
        rows.map((row) => row.name),
      );
      say(`  there is no ${word}${close === undefined ? "" : `; did you mean ${close}?`}`);
    }
    told = () => false;
    if (unknown.length > 0) continue;
    const chosen = new Set(words.flatMap((word) => rowsFor(word, rows)));
    const ids = new Set([...chosen].map(idOf));
    told = (row) => ids.has(idOf(row));
    now = now.map((site) =>
      changed(
        site,
        [...chosen].filter((row) => row.site === site),
      ),
    );
  }
}

function rowsFor(word: string, rows: readonly Row[]): Row[] {
  const numbered = /^\d{1,6}$/.test(word) ? rows[Number(word) - 1] : undefined;
  return numbered ? [numbered] : rows.filter((row) => row.name === word);
}

function changed(site: Site, rows: readonly Row[]): Site {
  if (rows.length === 0) return site;
  const plain = new Set(site.input.options.plain);
  const secret = new Set(site.input.options.secret);
  for (const row of rows) {
    (row.secret ? secret : plain).delete(row.name);
    (row.secret ? plain : secret).add(row.name);
  }
  return planAgain(site, { plain: [...plain], secret: [...secret] });
}
