/**
 * Telling an AI tool from a person. One pure function from what the agent found out about a caller to a verdict:
 *
 *   plain      a person at a terminal we know, or a service we know
 *   ambiguous  nothing against a person, nothing for one either: an editor's terminal, a tmux from before the login, no ancestry
 *   sign       a sign of an AI tool
 *
 * Signs only take away. They are evidence against honest tools and accidents, no proof: `env -i setsid` takes them all away.
 */
import type { Verdict } from "../calls/vault.ts";
import type { Marks } from "./marks.ts";
import { kindOf, namesOf, type Program } from "./program.ts";
import { editorMarks, generalMark, generalNames, machines, marks, markValues, noPager, pagers } from "./tools.ts";

export type Ancestor = Program & {
  /** of its environment, {} where it cannot be read */
  marks: Marks;
  /** seconds since boot */
  started: number;
};

export type Evidence = {
  /** false: pid 0, or the process is gone */
  known: boolean;
  /** of its own environment, as read or as it says itself */
  marks: Marks;
  /** it has a controlling terminal */
  terminal: boolean;
  /** its parent first, as far as can be seen */
  ancestors: readonly Ancestor[];
  /** when the oldest login of this user that still lasts began, in seconds since boot; undefined where nobody keeps book */
  login?: number;
};

export type Judgement = {
  verdict: Verdict;
  /** as people call it; only with a sign */
  tool?: string;
  /** names of what was found, each at most 64 printable characters */
  evidence: string[];
};

const most = 8;
/** seconds between a login and the book it is written into */
const slack = 2;

/** `mark`: the evidence without whose it is; what every process below inherited is told once */
type Found = { tool: string; mark: string; evidence: string };

export function judge(seen: Evidence): Judgement {
  if (!seen.known) return { verdict: "sign", tool: "a program that is gone or hidden", evidence: ["caller gone"] };
  const signs = [
    ...signsOf(seen.marks, seen.terminal, ""),
    ...seen.ancestors.flatMap((one) => {
      const names = namesOf(one);
      const { kind, name, tool = name } = kindOf(names);
      const inherited = signsOf(one.marks, seen.terminal, ` of ${names[0] ?? "?"}`);
      return kind === "tool" ? [{ tool, mark: name, evidence: `ancestor ${name}` }, ...inherited] : inherited;
    }),
  ];
  const [first] = signs;
  if (first) {
    const told = new Map(signs.toReversed().map((one) => [one.mark, one.evidence]));
    const evidence = [...told.values()].toReversed();
    return { verdict: "sign", tool: printable(first.tool), evidence: evidence.slice(0, most).map(printable) };
  }
  const doubts = doubtsOf(seen);
  return { verdict: doubts.length > 0 ? "ambiguous" : "plain", evidence: doubts.slice(0, most).map(printable) };
}

/** `whose`: ` of bash` behind the evidence of an ancestor. */
function signsOf(found: Marks, terminal: boolean, whose: string): Found[] {
  const signs: Found[] = [];
  const add = (tool: string, mark: string) => signs.push({ tool, mark, evidence: `${mark}${whose}` });
  for (const [name, tool] of marks) if (found[name] !== undefined) add(tool, name);
  for (const [name, values] of markValues) {
    const tool = values.get(found[name] ?? "");
    if (tool !== undefined) add(tool, name);
  }
  const general = found[generalMark];
  if (general !== undefined) add(generalNames.find(([prefix]) => general.startsWith(prefix))?.[1] ?? general, generalMark);
  for (const { tool, has } of machines)
    if (has.every(([name, value]) => value.test(found[name] ?? ""))) add(tool, has.map(([name]) => name).join("+"));
  const editor = editorOf(found);
  if (editor) {
    const pager = pagers.find((name) => noPager.test(found[name] ?? ""));
    if (pager !== undefined) add(editor.tool, `${editor.name}+${pager}`);
    else if (!terminal) add(editor.tool, `${editor.name} without a terminal`);
  }
  return signs;
}

function editorOf(found: Marks): { name: string; tool: string } | undefined {
  for (const [name, value, tool] of editorMarks) {
    const given = found[name];
    if (given !== undefined && (value === undefined || given === value)) return { name, tool };
  }
  return undefined;
}

/** Why it cannot be said that this is a person; empty: it can. */
function doubtsOf({ marks: own, terminal, ancestors, login }: Evidence): string[] {
  const editor = editorOf(own) ?? ancestors.map((one) => editorOf(one.marks)).find((one) => one !== undefined);
  if (editor) return [editor.name];
  for (const one of ancestors) {
    const { kind, name } = kindOf(namesOf(one));
    if (kind === "editor") return [`ancestor ${name}`];
    if (kind === "multiplexer" && login !== undefined && one.started + slack < login) return [`${name} older than the login`];
    if (kind === "multiplexer" || kind === "terminal" || kind === "service") return [];
  }
  // a build machine says so itself, and has no terminal
  if (own["CI"] !== undefined && !terminal) return [];
  return ["no known terminal or service above it"];
}

/** What others chose the words of is cut, and cannot pretend to be something else on a terminal or in a log. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 64);
}
