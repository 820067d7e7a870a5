/**
 * How each variable of an import is to be read: in which file it is set, and which expression or text it is there, by dotenv 18, by a
 * dialect, or as an answer says. Pure; what comes out of it is `choose.ts`'s business.
 */
import { ZvaultError } from "../errors.ts";
import { Readings } from "./dialects/dialects.ts";
import type { Dialect, Part, Reading } from "./dialects/reader.ts";
import { assignments, type Assignment, type Document } from "./document.ts";
import { fileSet } from "./file-set.ts";
import type { Split } from "./splits.ts";
import { variablesIn } from "./variables.ts";

/** "keep": as dotenv reads it, variables of the same files stay variables. "leave": the line is left out. */
export type Choice = Dialect | "keep" | "leave";

export type ChooseOptions = {
  /** for all variables; questions are then settled */
  dialect?: Dialect;
  /** by `answerKey` */
  answers?: ReadonlyMap<string, Choice>;
  /** of the caller; only names that no file has are looked up in it */
  environment?: Readonly<Record<string, string | undefined>>;
};

export function answerKey(file: string, name: string): string {
  return `${file}\0${name}`;
}

export type Source = { name: string; document: Document; text: string; splits: readonly Split[] };

/** How a variable is to be read, before others are put in. */
export type Plan = { value: string } | { parts: readonly Part[]; value: string | undefined };

/** What the dialect of an import reads in a file elsewhere than dotenv does. */
export type Structure = {
  /** variables in a line that is no assignment for dotenv */
  extra: { name: string; line: number }[];
  /** assignments that are not read */
  unread: Set<Assignment>;
};

export class Expressions {
  readonly #options: ChooseOptions;
  readonly #names: readonly string[];
  readonly #last: ReadonlyMap<string, ReadonlyMap<string, Assignment>>;
  readonly #readings: Readings;
  readonly #plans = new Map<string, Plan>();

  constructor(sources: readonly Source[], options: ChooseOptions) {
    this.#options = options;
    this.#names = sources.map((source) => source.name);
    this.#last = new Map(sources.map(({ name, document }) => [name, new Map(assignments(document).map((one) => [one.name, one]))]));
    const own = new Set([...this.#last.values()].flatMap((names) => [...names.keys()]));
    const outside = new Map<string, string>();
    for (const [name, value] of Object.entries(options.environment ?? {})) {
      if (value !== undefined && !own.has(name)) outside.set(name, value);
    }
    this.#readings = new Readings(new Map(sources.map(({ name, text }) => [name, text])), outside);
  }

  /** The assignment that counts. */
  assignment(file: string, name: string): Assignment | undefined {
    return this.#last.get(file)?.get(name);
  }

  names(file: string): string[] {
    return [...(this.#last.get(file)?.keys() ?? [])];
  }

  reading(dialect: Dialect, file: string): Reading {
    return this.#readings.of(dialect, file);
  }

  #choiceOf(file: string, name: string): Choice {
    return this.#options.answers?.get(answerKey(file, name)) ?? this.#options.dialect ?? "keep";
  }

  /** What the dialect of the whole import reads elsewhere than dotenv does. */
  structure(source: Source): Structure {
    const { dialect } = this.#options;
    const left = assignments(source.document).filter((one) => this.#choiceOf(source.name, one.name) === "leave");
    if (dialect === undefined || dialect === "node") return { extra: [], unread: new Set(left) };
    const reading = this.#readings.of(dialect, source.name);
    if (reading.kind === "refused") {
      throw new ZvaultError("usage", `${source.name}:${reading.line}: ${dialect} refuses this file: ${reading.why}`, {
        hint: `mend the line, or import without --dialect ${dialect}`,
      });
    }
    const ours = this.#last.get(source.name);
    const extra = [...reading.bound.values()].filter((one) => !ours?.has(one.name)).map(({ name, line }) => ({ name, line }));
    return { extra, unread: new Set(assignments(source.document).filter((one) => !reading.bound.has(one.name))) };
  }

  planOf(file: string, name: string): Plan | undefined {
    const key = answerKey(file, name);
    const known = this.#plans.get(key);
    if (known) return known;
    const made = this.#makePlan(file, name, this.#choiceOf(file, name));
    if (made) this.#plans.set(key, made);
    return made;
  }

  #makePlan(file: string, name: string, choice: Choice): Plan | undefined {
    const one = this.#last.get(file)?.get(name);
    if (choice === "leave") return undefined;
    if (choice === "keep" || choice === "node") {
      if (!one) return undefined;
      const parts = choice === "keep" ? this.kept(file, one) : undefined;
      return parts ? { parts, value: undefined } : { value: one.value };
    }
    const reading = this.#readings.of(choice, file);
    const bound = reading.kind === "read" ? reading.bound.get(name) : undefined;
    // an answer that this reader has nothing for; with `dialect` the line is left out
    if (!bound) return one && this.#options.dialect === undefined ? { value: one.value } : undefined;
    return bound.parts ? { parts: bound.parts, value: bound.value } : { value: bound.value };
  }

  /** The expression in dotenv's value; undefined if it names nothing that the files have. */
  kept(file: string, one: Assignment): readonly Part[] | undefined {
    if (one.quote === "'" || one.value.includes("${zvault:")) return undefined;
    const parts = this.#partsOf(file, one.value);
    return parts.some((part) => typeof part !== "string") ? parts : undefined;
  }

  #partsOf(file: string, text: string): Part[] {
    const parts: Part[] = [];
    let done = 0;
    for (const { name, start, end, sign, word } of variablesIn(text)) {
      const there = this.has(file, name);
      if (!there || sign.endsWith("+")) continue;
      parts.push(text.slice(done, start));
      done = end;
      const empty = sign === ":-" && this.#last.get(this.winner(file, name) ?? "")?.get(name)?.value === "";
      parts.push(...(empty ? this.#partsOf(file, word) : [{ name }]));
    }
    parts.push(text.slice(done));
    return parts.filter((part) => part !== "");
  }

  has(file: string, name: string): boolean {
    return this.winner(file, name) !== undefined;
  }

  /** The file of the set that gives `name` its value in a run. */
  winner(file: string, name: string): string | undefined {
    return fileSet(file, this.#names).findLast((one) => this.#defines(one, name));
  }

  #defines(file: string, name: string): boolean {
    const { dialect } = this.#options;
    if (this.#choiceOf(file, name) === "leave") return false;
    if (dialect === undefined || dialect === "node") return this.#last.get(file)?.has(name) === true;
    const reading = this.#readings.of(dialect, file);
    return reading.kind === "read" && reading.bound.has(name);
  }
}
