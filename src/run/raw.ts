/**
 * Raw values beside the references: another tool (`vercel env pull`, an editor, a colleague's script) wrote an env file anew. `run` names
 * them in at most one line a day for each file; `check` whenever it is asked.
 *
 *     $XDG_STATE_HOME/zvault/raw: one line a file, {"path","stamp","names","told"}; stamp = inode, size and time of change
 *
 * Loaded only where such a file is there; while it is the one that was seen last, it is not read again.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { assignments, valueBytes } from "../envfile/document.ts";
import { parse } from "../envfile/parse.ts";
import { parseValue } from "../envfile/reference.ts";
import { shown } from "../envfile/text.ts";
import { classify } from "../scan/class.ts";
import { readRegular } from "../sys/regular.ts";

const largest = 1024 * 1024;
const kept = 200;
const day = 24 * 3600_000;

type Seen = { path: string; stamp: string; names: string[]; told: number };

/** Names that have a value in plain text and should not: secrets by the scanner, and what the references beside it have in the vault. */
export function rawNames(bytes: Uint8Array, stored: ReadonlySet<string>): string[] {
  const names = assignments(parse(bytes)).filter((one) => {
    const value = shown(one.value);
    if (value === "" || isReference(value)) return false;
    return stored.has(one.name) || classify(one.name, value).class === "secret";
  });
  return [...new Set(names.map((one) => one.name))];
}

/** Name → bytes of the last assignment, as dotenv reads it. */
export function rawValues(bytes: Uint8Array): Map<string, Uint8Array> {
  return new Map(assignments(parse(bytes)).map((one) => [one.name, valueBytes(one)]));
}

function isReference(value: string): boolean {
  try {
    return parseValue(value).kind !== "plain";
  } catch {
    return true; // malformed, but no value
  }
}

/** Another one when the file was written. */
export function stampOf(stat: { ino: number; size: number; mtimeMs: number }): string {
  return `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
}

/** The whole file, or undefined: not there, not regular, too large, not ours to read. */
export function readRaw(path: string): { bytes: Uint8Array; stamp: string } | undefined {
  const found = readRegular(path, largest);
  return found && { bytes: found.bytes, stamp: stampOf(found.stat) };
}

/**
 * The lines to print, one a file and day. `files`: paths with what their stat said; `stored`: names that are references here.
 * Nothing of this may keep a program from starting: a state that cannot be read or written counts as empty.
 */
export function rawNotes(
  files: readonly { path: string; label: string; stamp: string }[],
  stored: ReadonlySet<string>,
  state: string,
  now = Date.now(),
): string[] {
  const seen = readSeen(`${state}/raw`);
  const lines: string[] = [];
  let changed = false;
  for (const { path, label, stamp } of files) {
    let known = seen.get(path);
    if (known?.stamp !== stamp) {
      const names = rawNames(readRaw(path)?.bytes ?? new Uint8Array(), stored);
      known = { path, stamp, names, told: known && known.names.length > 0 ? known.told : 0 };
      changed = true;
    }
    // a clock that was set back is no reason for silence
    if (known.names.length > 0 && (now - known.told >= day || now < known.told)) {
      const [first = "", ...more] = known.names;
      const count = known.names.length === 1 ? "a raw value" : `${known.names.length} raw values`;
      lines.push(`${label} has ${count} (${first}${more.length > 0 ? ", …" : ""}): zvault import ${label}`);
      known = { ...known, told: now };
      changed = true;
    }
    seen.delete(path);
    seen.set(path, known);
  }
  if (changed) writeSeen(state, [...seen.values()].slice(-kept));
  return lines;
}

function readSeen(path: string): Map<string, Seen> {
  const text = Buffer.from(readRaw(path)?.bytes ?? []).toString("utf8");
  const all = text.split("\n").flatMap((line): [string, Seen][] => {
    try {
      const { path: file, stamp, names, told } = JSON.parse(line) as Record<string, unknown>;
      const fits = typeof file === "string" && typeof stamp === "string" && typeof told === "number" && Array.isArray(names);
      return fits ? [[file, { path: file, stamp, names: names.map(String), told }]] : [];
    } catch {
      return [];
    }
  });
  return new Map(all);
}

function writeSeen(state: string, all: readonly Seen[]): void {
  const fresh = `${state}/raw.${process.pid}`;
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 });
    writeFileSync(fresh, all.map((one) => `${JSON.stringify(one)}\n`).join(""), { mode: 0o600, flag: "wx" });
    renameSync(fresh, `${state}/raw`);
  } catch {
    // told once more, then
  }
}
