/** Help, from `commands.json` alone: no command is loaded to be described. */
import { exitCodes } from "../errors.ts";
import { runHelp } from "../run/run.ts";
import { nearest } from "../run/nearest.ts";
import { version } from "../build.ts";
import { ZvaultError } from "../errors.ts";
import { table as columns } from "./output.ts";
import { broken, sizeOf } from "./width.ts";
import commands from "./commands.json" with { type: "json" };
import { groups, topics } from "./table.ts";

export type FlagMeta = {
  name: string;
  char?: string;
  type: string;
  description?: string;
  helpValue?: string;
  helpGroup?: string;
  hidden?: boolean;
  multiple?: boolean;
  required?: boolean;
  options?: string[];
};
export type ArgMeta = { name: string; description?: string; required?: boolean; multiple?: boolean };
export type CommandMeta = {
  id: string;
  summary?: string;
  description?: string;
  usage?: string | string[];
  examples?: string[];
  strict?: boolean;
  args: Record<string, ArgMeta>;
  flags: Record<string, FlagMeta>;
};

/** columns of a line of prose */
const widest = 132;

const all = commands as unknown as Record<string, CommandMeta>;

export function metaOf(id: string): CommandMeta | undefined {
  return Object.hasOwn(all, id) ? all[id] : undefined;
}

/** The first screen: at most 40 lines. On a terminal that is too narrow for them it goes without the examples. */
export function rootHelp(columns = sizeOf(1)?.columns ?? Infinity): string[] {
  const lines = [`zvault ${version}   values out of the project, into a vault; programs still get them`, ""];
  const width = Math.max(...groups.flatMap((group) => group.rows.map(([id]) => id.length)));
  const left = Math.max(...groups.flatMap((group) => group.rows.map(([id]) => summaryOf(id).length)));
  const right = Math.max(...groups.flatMap((group) => group.rows.map(([, example]) => example.length)));
  const roomy = 2 + width + 2 + left + 2 + right <= columns;
  for (const group of groups) {
    const rows = group.rows.filter(([id]) => topics[id] !== undefined || metaOf(id) !== undefined);
    const last = (id: string, example: string) => (roomy ? `${summaryOf(id).padEnd(left)}  ${example}` : summaryOf(id));
    lines.push(group.title, ...rows.map(([id, example]) => `  ${id.padEnd(width)}  ${last(id, example)}`), "");
  }
  return [
    ...lines,
    "zvault COMMAND --help   flags and examples       zvault help codes   exit codes",
    "zvault                  where you stand, and what to do next",
  ];
}

function summaryOf(id: string): string {
  return metaOf(id)?.summary ?? topics[id] ?? "";
}

/** Throws `usage` for a subject that is none. */
export function helpFor(words: readonly string[]): string[] {
  const subject = words.join(" ");
  if (subject === "" || subject === "help") return rootHelp();
  if (subject === "codes") return codes();
  const meta = metaOf(words.join(":"));
  if (meta?.id === "run") return runHelp().trimEnd().split("\n");
  if (meta) return commandHelp(meta);
  const first = words[0] ?? "";
  if (words.length === 1 && topics[first] !== undefined) return topicHelp(first);
  throw unknownCommand(words, "help");
}

export function topicHelp(topic: string): string[] {
  const rows = Object.values(all).filter((one) => one.id.startsWith(`${topic}:`));
  return [
    `zvault ${topic}   ${topics[topic] ?? ""}`,
    "",
    ...columns(rows.map((one) => [`  zvault ${one.id.replace(":", " ")}`, one.summary ?? ""])),
    "",
    `zvault ${topic} COMMAND --help   flags and examples`,
  ];
}

export function commandHelp(meta: CommandMeta): string[] {
  const id = meta.id.replaceAll(":", " ");
  const lines = [meta.summary ?? "", "", "Usage", ...usageOf(meta).map((one) => `  zvault ${id}${one === "" ? "" : ` ${one}`}`)];
  const args = Object.values(meta.args).filter((one) => one.description !== undefined);
  if (args.length > 0)
    lines.push("", "Arguments", ...columns(args.map((one) => [`  ${one.name.toUpperCase()}`, one.description ?? ""])));

  lines.push(...flagLines(meta));
  if (meta.description !== undefined) lines.push("", ...paragraphs(meta.description.trim()));
  if (meta.examples && meta.examples.length > 0) lines.push("", "Examples", ...meta.examples.map((one) => `  ${one}`));
  return lines;
}

/** Lines of 132 columns at most, as they were written; a paragraph with one that does not fit is filled anew. */
export function paragraphs(text: string, columns = Math.min(sizeOf(1)?.columns ?? widest, widest)): string[] {
  return text.split("\n\n").flatMap((one, at) => {
    const lines = one.split("\n");
    const fits = lines.every((line) => line.length <= columns);
    return [...(at > 0 ? [""] : []), ...(fits ? lines : broken(one.replaceAll("\n", " "), columns))];
  });
}

function flagLines(meta: CommandMeta): string[] {
  const shown = Object.values(meta.flags).filter((flag) => flag.hidden !== true);
  const row = (flag: FlagMeta): string[] => {
    const value = flag.type === "option" ? ` ${flag.helpValue ?? flag.options?.join("|") ?? "VALUE"}` : "";
    return [`  ${flag.char === undefined ? "    " : `-${flag.char}, `}--${flag.name}${value}`, flag.description ?? ""];
  };
  const own = shown.filter((flag) => flag.helpGroup === undefined).map(row);
  const common = shown.filter((flag) => flag.helpGroup === "common").map(row);
  const lines = columns([...own, ...common]);
  const some = own.length > 0 ? ["", "Options", ...lines.slice(0, own.length)] : [];
  return [...some, "", "Everywhere", ...lines.slice(own.length)];
}

function usageOf(meta: CommandMeta): string[] {
  if (meta.usage !== undefined) return [meta.usage].flat();
  const args = Object.values(meta.args).map((one) => {
    const name = `${one.name.toUpperCase()}${one.multiple === true ? "…" : ""}`;
    return one.required === true ? name : `[${name}]`;
  });
  return [args.join(" ")];
}

/** `zvault help codes`, from the table of errors.ts itself. */
function codes(): string[] {
  const meanings: Record<number, string> = {
    0: "done",
    1: 'the answer is "no": findings, unresolved, differences, unhealthy',
    2: "usage, or would have to ask",
    3: "sealed",
    4: "refused by policy, presence or file safety",
    5: "not found: no vault, no such name",
    6: "damaged, truncated, rolled back, forked, gone, or of a newer format",
    7: "audit or disk cannot be written",
    8: "wrong passphrase, share or key",
    9: "changed meanwhile",
    10: "done, but not recorded",
    70: "internal error",
    71: "the machine: no runtime folder, agent cannot start, other build or HOME, vault busy",
    130: "Ctrl-C",
  };
  const roomy = (sizeOf(1)?.columns ?? Infinity) >= widest;
  const rows = Object.entries(meanings).map(([code, meaning]) => {
    const names = Object.entries(exitCodes)
      .filter(([, value]) => value === Number(code))
      .map(([name]) => name);
    return [`  ${code.padStart(3)}`, meaning, ...(roomy ? [names.join(" ")] : [])];
  });
  return [
    roomy
      ? "Exit codes, and the `code` of --json errors that have them"
      : "Exit codes (zvault help codes | cat: with the names in JSON)",
    "",
    ...columns(rows),
    "",
    ...paragraphs(
      "`zvault run`: the program's own code; 125 a failure of zvault itself (its code: --json-errors FD), 126 the program\ncannot be executed, 127 it was not found, 128+n it died of signal n.",
    ),
    "HashiCorp Vault's command line uses 2 for sealed; here 2 is usage and 3 is sealed.",
  ];
}

/** With a guess at what was meant. What was typed is cut: it may be anything. */
export function unknownCommand(words: readonly string[], prefix = ""): ZvaultError {
  const ids = Object.keys(all);
  const first = words[0] ?? "";
  if (topics[first] !== undefined) {
    const subs = ids.filter((id) => id.startsWith(`${first}:`)).map((id) => id.slice(first.length + 1));
    const close = words[1] === undefined ? undefined : nearest(words[1], subs);
    const hint = close === undefined ? `zvault ${first} ${subs.join("|")}` : `did you mean zvault ${first} ${close}?`;
    return new ZvaultError(
      "usage",
      words[1] === undefined ? `${first} needs a command` : `${first} has no command ${quote(words[1])}`,
      { hint },
    );
  }
  const close = nearest(first, [...ids.filter((id) => !id.includes(":")), ...Object.keys(topics), "help"]);
  const hint = close === undefined ? "zvault --help" : `did you mean zvault ${prefix === "" ? "" : `${prefix} `}${close}?`;
  return new ZvaultError("usage", `there is no command ${quote(first)}`, { hint });
}

function quote(word: string): string {
  return JSON.stringify(word.slice(0, 40));
}
