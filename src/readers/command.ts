/** A line for a shell in its simple commands, with offsets: enough of the grammar to put something before a program and nowhere else. */

export type Word = { text: string; start: number; end: number };

export type Simple = {
  start: number;
  end: number;
  /** NAME=value in front of the program */
  assignments: Word[];
  words: Word[];
  /** it holds nothing but words: no group, substitution, redirection from a here-document */
  plain: boolean;
};

const separator = /^(?:&&|\|\||;|\||&|\n)/;

export function parseCommand(line: string): Simple[] {
  const all: Simple[] = [];
  let words: Word[] = [];
  let plain = true;
  let at = 0;
  const close = (): void => {
    const count = words.findIndex((word) => !/^[A-Za-z_]\w*\+?=/.test(word.text));
    const split = count === -1 ? words.length : count;
    const [first, last] = [words[0], words.at(-1)];
    if (first && last)
      all.push({ start: first.start, end: last.end, assignments: words.slice(0, split), words: words.slice(split), plain });
    words = [];
    plain = true;
  };
  while (at < line.length) {
    const rest = line.slice(at);
    const blank = /^(?:[ \t\r]|\\\r?\n)+/.exec(rest);
    if (blank) {
      at += blank[0].length;
      continue;
    }
    const end = separator.exec(rest);
    if (end) {
      close();
      at += end[0].length;
      continue;
    }
    if (rest.startsWith("#")) break;
    const word = readWord(line, at);
    if (/[(){}`<]|\$\(/.test(word.bare)) plain = false;
    words.push({ text: word.text, start: at, end: word.end });
    at = word.end;
  }
  close();
  return all;
}

/** `text` without quotes; `bare`: what stood outside of single quotes. */
function readWord(line: string, from: number): { text: string; bare: string; end: number } {
  let text = "";
  let bare = "";
  let at = from;
  while (at < line.length) {
    const one = line[at] ?? "";
    if (/[\s;&|]/.test(one)) break;
    if (one === "\\") {
      text += line[at + 1] ?? "";
      at += 2;
    } else if (one === "'" || one === '"') {
      const end = line.indexOf(one, at + 1);
      const inner = line.slice(at + 1, end === -1 ? line.length : end);
      text += inner;
      // a quote that is not closed, and what a shell does in double quotes
      if (one === '"') bare += inner.replace(/[(){}<]/g, (sign) => (inner.includes("$(") ? sign : ""));
      if (end === -1) bare += "(";
      at = end === -1 ? line.length : end + 1;
    } else {
      text += one;
      bare += one;
      at++;
    }
  }
  return { text, bare, end: Math.max(at, from + 1) };
}
