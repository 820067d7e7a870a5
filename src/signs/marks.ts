/** The variables of an environment that say something; everything else is left where it is. */
import { editorMarks, generalMark, machines, marks, markValues, noPager, pagers } from "./tools.ts";

/** Name → value; the value only where it matters, else "1". */
export type Marks = Readonly<Record<string, string>>;

/** Of a value, in characters. */
export const longestMark = 64;

/** Values that count, of names for which not every value does. */
const byValue = new Map<string, (value: string) => boolean>([
  ...Array.from(markValues, ([name, values]) => [name, (value: string) => values.has(value)] as const),
  ...pagers.map((name) => [name, (value: string) => noPager.test(value)] as const),
  ...machines.flatMap(({ has }) => has.map(([name, wanted]) => [name, (value: string) => wanted.test(value)] as const)),
]);
for (const [name] of editorMarks) {
  const values = editorMarks.filter(([other]) => other === name).map(([, value]) => value);
  byValue.set(name, (value) => values.includes(undefined) || values.includes(value));
}
const spoken = new Set<string>([generalMark, ...byValue.keys()]);
const all = [...marks.keys(), ...spoken, "CI"];
const known = new Set(all);

/** True for a name that `marksOf` may give: what a peer sends is held against it. */
export function isMark(name: string): boolean {
  return known.has(name);
}

/** A handful of names, with nothing in them that is a person's. */
export function marksOf(environment: Readonly<Record<string, string | undefined>>): Marks {
  const found: Record<string, string> = {};
  for (const name of all) {
    const value = environment[name];
    if (value === undefined || value === "" || value === "0" || value === "false") continue;
    if (byValue.get(name)?.(value) === false) continue;
    found[name] = spoken.has(name) ? value.slice(0, longestMark) : "1";
  }
  return found;
}

/** The same of the text of /proc/<pid>/environ. */
export function marksIn(environ: string): Marks {
  const environment = Object.create(null) as Record<string, string>;
  for (const pair of environ.split("\0")) {
    const at = pair.indexOf("=");
    const name = pair.slice(0, at);
    // the first one counts, as for getenv(3)
    if (at > 0 && known.has(name) && !(name in environment)) environment[name] = pair.slice(at + 1);
  }
  return marksOf(environment);
}
