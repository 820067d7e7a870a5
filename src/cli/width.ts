/**
 * Lines on a person's terminal: broken between words, with what follows below the column it belongs to. Only there; a pipe and a file get
 * each line whole. Lines that are there to be copied into a shell stay whole, too.
 */
import { fstatSync } from "node:fs";
import { isTerminal, windowSize, type WindowSize } from "../sys/tty.ts";

/** a text column that is narrower than this goes below instead */
const narrowest = 40;
/** no terminal is asked for its size for a line that fits any */
const always = 40;
const command = /^\s+(?:rm|git|zvault) |^zvault: hint: /;

const sizes = new Map<1 | 2, WindowSize | undefined>();

/** Whether what is written to stderr is read at once, by whoever answers a question. */
export function hasTerminal(): boolean {
  return isTerminal(2);
}

/** Of the terminal that stdout or stderr is; undefined if it is none or does not know. */
export function sizeOf(fd: 1 | 2): WindowSize | undefined {
  if (!sizes.has(fd)) sizes.set(fd, look(fd));
  return sizes.get(fd);
}

function look(fd: 1 | 2): WindowSize | undefined {
  try {
    // a pipe or file needs no system call through node:ffi
    if (!fstatSync(fd).isCharacterDevice()) return undefined;
    const size = windowSize(fd);
    return size.columns < always || size.rows === 0 ? undefined : size;
  } catch {
    return undefined; // /dev/null, or hung up
  }
}

/** The line as the terminal behind `fd` can show it; itself if there is none. */
export function fitted(line: string, fd: 1 | 2): string[] {
  const columns = line.length <= always ? undefined : sizeOf(fd)?.columns;
  return columns === undefined ? [line] : broken(line, columns);
}

/** The same for a question, to which `more` characters are added. */
export function fittedQuestion(text: string, more: number): string {
  const columns = sizeOf(2)?.columns;
  return columns === undefined ? text : broken(text, columns - more).join("\n");
}

/** `line` in pieces of at most `columns` characters, but for words that are longer. */
export function broken(line: string, columns: number): string[] {
  if (line.length <= columns || command.test(line)) return [line];
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  // the last column of a table, or what stands behind the program's name
  const hang = /^(.*\S {2,})\S/.exec(line)?.[1]?.length ?? (line.startsWith("zvault: ") ? 8 : undefined);
  if (hang === undefined) return filled(line.slice(indent), indent, indent === 0 ? 0 : indent + 2, columns);
  if (columns - hang >= narrowest) return filled(line.slice(hang), hang, hang, columns, line.slice(0, hang));
  const head = line.slice(0, hang).trimEnd();
  return [...broken(head, columns), ...filled(line.slice(hang), indent + 4, indent + 4, columns)];
}

/** Words, `first` spaces (or `head`) before the first line of them and `then` before the others. */
function filled(text: string, first: number, then: number, columns: number, head = " ".repeat(first)): string[] {
  const lines: string[] = [];
  let line = head;
  let empty = true;
  for (const word of text.split(" ")) {
    if (!empty && line.length + 1 + word.length > columns) {
      lines.push(line.trimEnd());
      line = " ".repeat(then);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}
