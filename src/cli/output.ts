/**
 * What a person sees. Names, paths and descriptions may come from a committed file or another program: everything that is printed goes
 * through `clean`, so no ANSI, OSC, bidi or zero-width character of theirs reaches the terminal. Data on stdout, all else on stderr.
 */
import { mention, put } from "./stream.ts";
import { fitted } from "./width.ts";

const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text with control, format and surrogate characters as `\x1b` or `\u{202e}`. */
export function clean(text: string): string {
  return text.replace(unsafe, (one) => {
    const code = one.codePointAt(0) ?? 0;
    return code < 0x80 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** One line on stdout, whole. */
export function say(line = ""): void {
  put(1, `${clean(line)}\n`);
}

/** One line on stderr, of a plan that a person is asked about. */
export function showLine(line: string): void {
  mention(`${fitted(clean(line), 2).join("\n")}\n`);
}

/** Lines on stdout, as a terminal can show them. */
export function tell(lines: readonly string[]): void {
  const shown = lines.flatMap((line) => fitted(clean(line), 1));
  if (shown.length > 0) put(1, `${shown.join("\n")}\n`);
}

/** One line on stderr, after the program's name. */
export function note(line: string): void {
  mention(`${fitted(`zvault: ${clean(line)}`, 2).join("\n")}\n`);
}

/** Escapes in JSON are JSON's own, so it stays parseable: what `clean` would hide is written as \uXXXX. */
export function sayJson(value: unknown, indent = 2): void {
  const text = JSON.stringify(value, null, indent);
  const escaped = text.replace(/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\x7f-\x9f]/gu, (one) =>
    Array.from({ length: one.length }, (_, at) => `\\u${one.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""),
  );
  put(1, `${escaped}\n`);
}

/** Rows in columns, two spaces apart; the last column is not padded. Cells are cleaned before they are measured. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(clean));
  const widths: number[] = [];
  for (const row of cells) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return cells.map((row) =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** "12 secrets", "1 secret". */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** Seconds as "3 h 12 min", "45 s". */
export function duration(seconds: number): string {
  const all = Math.max(0, Math.round(seconds));
  if (all < 60) return `${all} s`;
  const minutes = Math.round(all / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.round(hours / 24)} days`;
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** How long ago an RFC 3339 time was; "just now" under 5 s and for a clock that went back. */
export function age(time: string, now = Date.now()): string {
  const seconds = (now - Date.parse(time)) / 1000;
  return seconds < 5 ? "just now" : `${duration(seconds)} ago`;
}

/** "2026-11-25 14:03", by the clock of this computer. */
export function localTime(time: Date): string {
  return time.toLocaleString("sv-SE").slice(0, 16);
}

/** "41 KiB" */
export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  if (n < 1024 * 1024) return `${Math.round(n / 1024)} KiB`;
  return `${(n / 1024 / 1024).toFixed(1)} MiB`;
}
