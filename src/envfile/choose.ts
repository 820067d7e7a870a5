/**
 * Which text each variable of an import gets, where readers differ: what dotenv 18 reads, with `${NAME}` kept as an expression where
 * the files have NAME, unless `--dialect` or an answer says otherwise. Pure.
 */
import { ZvaultError } from "../errors.ts";
import { limits } from "../verbs.ts";
import { dialects, type Dialect, type Part } from "./dialects/reader.ts";
import type { Assignment } from "./document.ts";
import { answerKey, type Choice, type ChooseOptions, Expressions, type Source } from "./expressions.ts";
import { printTemplate } from "./reference.ts";
import type { SplitKind } from "./splits.ts";

/** Variables in variables in … */
const deepest = 100;

/** Asked about even where the four dialects agree: the line may be a slip, and other readers do differ. */
const slips: ReadonlySet<SplitKind> = new Set([
  "unterminated-quote",
  "text-after-quote",
  "inner-quote",
  "command-substitution",
  "odd-name",
  "bare-cr",
]);

export type Chosen = {
  /** as the program will get it */
  value: string;
  /** as it is stored: `value`, or with `${zvault:NAME}` in it */
  text: string;
  /** the texts between the variables of an expression; undefined for no expression */
  literals: readonly string[] | undefined;
};

/** One of the ways to read a variable, and who reads it so. */
export type Option = { choice: Choice; by: Dialect[]; length: number };

export type ChosenFile = {
  name: string;
  /** by name of the variable */
  chosen: Map<string, Chosen>;
  /** variables that a chosen dialect reads in a line that is no assignment for dotenv */
  extra: { name: string; line: number }[];
  /** assignments that a chosen dialect does not read */
  unread: Set<Assignment>;
  /** by name, at least two: only where nothing else decided */
  options: Map<string, Option[]>;
};

/** Throws `usage` for a file that the chosen dialect refuses, and for variables that name each other in a circle. */
export function choose(sources: readonly Source[], options: ChooseOptions): ChosenFile[] {
  return new Chooser(sources, options).files();
}

class Chooser {
  readonly #sources: readonly Source[];
  readonly #options: ChooseOptions;
  readonly #read: Expressions;
  readonly #values = new Map<string, string>();
  /** known not to come back to themselves */
  readonly #straight = new Set<string>();

  constructor(sources: readonly Source[], options: ChooseOptions) {
    this.#sources = sources;
    this.#options = options;
    this.#read = new Expressions(sources, options);
  }

  files(): ChosenFile[] {
    const extras = new Map(this.#sources.map((source) => [source.name, this.#read.structure(source)]));
    return this.#sources.map((source) => {
      const { extra, unread } = extras.get(source.name) ?? { extra: [], unread: new Set<Assignment>() };
      const names = [...this.#read.names(source.name), ...extra.map((one) => one.name)];
      const chosen = new Map(names.map((name) => [name, this.#chosen(source.name, name)]));
      const options = this.#options.dialect === undefined ? this.#questions(source) : new Map<string, Option[]>();
      return { name: source.name, chosen, extra, unread, options };
    });
  }

  /** What a run gives for `name` where `file` is read; "" for a name that nobody sets. */
  #valueFor(file: string, name: string, path: readonly { file: string; name: string }[]): string {
    const winner = this.#read.winner(file, name);
    return winner === undefined ? (this.#options.environment?.[name] ?? "") : this.#value(winner, name, path);
  }

  #value(file: string, name: string, path: readonly { file: string; name: string }[]): string {
    const key = answerKey(file, name);
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    if (path.some((one) => one.file === file && one.name === name)) throw this.#circle([...path, { file, name }]);
    if (path.length > deepest) throw this.#tooMuch(file, name, "usage", `is put together over more than ${deepest} variables`);
    const plan = this.#read.planOf(file, name);
    const value =
      plan === undefined
        ? ""
        : (plan.value ??
          ("parts" in plan ? plan.parts : [])
            .map((part) => (typeof part === "string" ? part : this.#valueFor(file, part.name, [...path, { file, name }])))
            .join(""));
    if (value.length > limits.value) throw this.#tooMuch(file, name, "too-large", "comes to more than 1 MiB");
    this.#values.set(key, value);
    return value;
  }

  #tooMuch(file: string, name: string, code: "usage" | "too-large", what: string): ZvaultError {
    const line = this.#read.assignment(file, name)?.line ?? 0;
    return new ZvaultError(code, `${file}:${line} ${name} ${what}`, {
      hint: "--dialect node stores the text as it stands",
      names: [name],
    });
  }

  #circle(path: readonly { file: string; name: string }[]): ZvaultError {
    const last = path.at(-1);
    const from = path.findIndex((one) => one.file === last?.file && one.name === last.name);
    const ring = path.slice(from, -1);
    const places = ring.map(({ file, name }) => `${file}:${this.#read.assignment(file, name)?.line ?? 0} ${name}`);
    const what = ring.length === 1 ? "names itself" : "name each other in a circle";
    return new ZvaultError("usage", `${places.join(", ")} ${what}`, {
      hint: "--dialect node stores the text as it stands; or mend the line",
      names: [...new Set(ring.map((one) => one.name))],
    });
  }

  #chosen(file: string, name: string): Chosen {
    const value = this.#value(file, name, []);
    const plan = this.#read.planOf(file, name);
    const none = { value, text: value, literals: undefined };
    if (!plan || !("parts" in plan)) return none;
    const { parts } = plan;
    // an expression that a run would read otherwise, now or through another file, is stored as what it comes to
    const known = parts.every((part) => typeof part === "string" || this.#printable(file, part.name));
    const ring = plan.value !== undefined && this.#turns(file, name, []);
    if (!known || ring) return none;
    const again = parts.map((part) => (typeof part === "string" ? part : this.#valueFor(file, part.name, []))).join("");
    if (again !== value || parts.some((part) => typeof part === "string" && part.includes("${zvault:"))) return none;
    return { value, text: printTemplate([...parts]), literals: parts.filter((part) => typeof part === "string") };
  }

  #printable(file: string, name: string): boolean {
    return /^[A-Za-z0-9._-]{1,128}$/.test(name) && (this.#read.has(file, name) || this.#options.environment?.[name] !== undefined);
  }

  /** True if `name` comes to itself by way of its expression, or goes too deep to tell. */
  #turns(file: string, name: string, path: readonly string[]): boolean {
    const key = answerKey(file, name);
    if (this.#straight.has(key)) return false;
    if (path.includes(key) || path.length > deepest) return true;
    const plan = this.#read.planOf(file, name);
    const turns =
      plan !== undefined &&
      "parts" in plan &&
      plan.parts.some((part) => {
        const winner = typeof part === "string" ? undefined : this.#read.winner(file, part.name);
        return typeof part !== "string" && winner !== undefined && this.#turns(winner, part.name, [...path, key]);
      });
    if (!turns) this.#straight.add(key);
    return turns;
  }

  /** Every way to read each variable on which our dialects differ; they do only where there is a split. */
  #questions(source: Source): Map<string, Option[]> {
    const questions = new Map<string, Option[]>();
    for (const name of new Set(source.splits.map((split) => split.name))) {
      const one = this.#read.assignment(source.name, name);
      if (!one) continue;
      const kept = this.#read.kept(source.name, one);
      const options: (Option & { value: string })[] = [];
      if (kept) options.push({ choice: "keep", by: [], length: 0, value: this.#keptValue(source.name, kept) });
      for (const dialect of dialects) {
        const reading = this.#read.reading(dialect, source.name);
        const value = reading.kind === "read" ? reading.bound.get(name)?.value : undefined;
        if (value === undefined) continue;
        const same = options.find((option) => option.value === value);
        if (same) same.by.push(dialect);
        else options.push({ choice: dialect, by: [dialect], length: 0, value });
      }
      const slip = source.splits.some((split) => split.name === name && slips.has(split.kind));
      if (slip) options.push({ choice: "leave", by: [], length: 0, value: "" });
      if (options.length < 2) continue;
      questions.set(
        name,
        options.map(({ choice, by, value }) => ({ choice, by, length: value.length })),
      );
    }
    return questions;
  }

  #keptValue(file: string, parts: readonly Part[]): string {
    return parts.map((part) => (typeof part === "string" ? part : this.#valueFor(file, part.name, []))).join("");
  }
}
