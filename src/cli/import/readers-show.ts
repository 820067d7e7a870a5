/** The readers of an import, as a person or a script reads them. What stands in these files is not ours: a secret in it is not shown. */
import type { Reader } from "../../readers/reader.ts";
import { judge } from "../../scan/judge.ts";
import { sizeOf } from "../width.ts";
import type { Fix, Readers } from "./readers.ts";

const widest = 100;
const narrowest = 20;
/** a reader and what to put there are one line up to here */
const together = 78;

/** Cut, and replaced where the scanner finds something in it. */
function safe(text: string, found: Readers): string {
  if (found.tells(text) || judge.scanText(Buffer.from(text)).length > 0) return "(not shown: it holds what looks like a secret)";
  return text.length > widest ? `${text.slice(0, widest - 1)}…` : text;
}

/** On a terminal a quotation is cut at its margin. */
function quotation(place: string, what: string, found: Readers): string {
  const text = safe(what, found);
  const room = Math.max(narrowest, (sizeOf(2)?.columns ?? Infinity) - place.length);
  return text.length > room ? `${place}${text.slice(0, room - 1)}…` : `${place}${text}`;
}

function lines({ file, line, what, put, note }: Reader, found: Readers): string[] {
  const first = quotation(`    ${file}:${line}  `, what, found);
  const whole = put === undefined || note !== undefined ? "" : `${first}  -> ${safe(put, found)}`;
  if (whole !== "" && whole.length <= together) return [whole];
  const says = [put === undefined ? undefined : safe(put, found), note].filter((one) => one !== undefined && !first.endsWith(one));
  return [first, ...says.map((one) => `        -> ${one}`)];
}

/** `brief`: below comes a question. What will be written is named and not shown. */
export function readerLines(found: Readers, o: { fix: boolean; brief: boolean }): string[] {
  const { readers, overrides, stubs, fixes } = found;
  const fixable = readers.filter((one) => one.edits !== undefined).length;
  return [
    ...(readers.length > 0 ? ["", "  what reads these files here", ...readers.flatMap((one) => lines(one, found))] : []),
    ...(!o.fix && fixable > 0
      ? [`    --fix makes ${fixable === 1 ? "the change" : `the ${fixable} changes`} that ${fixable === 1 ? "is" : "are"} certain`]
      : []),
    ...(fixes.length > 0 ? ["", "  --fix changes", ...fixes.flatMap((one) => diffLines(one, found))] : []),
    ...(o.brief ? overrides.map(({ file }) => `  writes ${file} for compose 2.24 or newer (shown by --dry-run)`) : []),
    ...(o.brief ? [] : overrides).flatMap(({ file, text }) => [
      "",
      `  writes ${file}  (compose 2.24 or newer; older: write these \`environment:\` lines in place of \`env_file:\`)`,
      ...text.split("\n").flatMap((line) => (line === "" || line.startsWith("#") ? [] : [`    ${line}`])),
    ]),
    ...(stubs.length > 0
      ? ["", ...stubs.map((label) => `  leaves only a comment in ${label}: a program above needs it (--no-stub)`)]
      : []),
  ];
}

/** The lines that differ: edits stay within a line, but for a launch configuration. */
function diffLines({ file, before, after }: Fix, found: Readers): string[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  const [a, b] = [old.slice(head, old.length - tail), now.slice(head, now.length - tail)];
  if (a.length === b.length) {
    const pairs = a.flatMap((line, at) =>
      line === b[at] ? [] : [`      - ${safe(line.trim(), found)}`, `      + ${safe((b[at] ?? "").trim(), found)}`],
    );
    return [`    ${file}:${head + 1}`, ...pairs];
  }
  return [
    `    ${file}:${head + 1}`,
    ...a.map((line) => `      - ${safe(line.trimEnd(), found)}`),
    ...b.map((line) => `      + ${safe(line.trimEnd(), found)}`),
  ];
}

export function readersJson(found: Readers): object[] {
  return found.readers.map(({ file, line, what, put, note, reads, needs, edits }) => ({
    file,
    line,
    what: safe(what, found),
    put: put === undefined ? null : safe(put, found),
    note: note ?? null,
    reads,
    needs,
    fix: edits !== undefined,
  }));
}
