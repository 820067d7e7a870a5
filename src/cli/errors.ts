/**
 * How a failure is told: two lines on stderr, or one JSON object on stdout, and the exit code. What a parser of flags says is put into
 * our words, without what was typed: somebody may have typed a value.
 */
import { stripVTControlCharacters } from "node:util";
import { ZvaultError } from "../errors.ts";
import { fileError } from "../file-error.ts";
import { nearest } from "../run/nearest.ts";
import { Refused } from "../signs/refusal.ts";
import { clean, sayJson } from "./output.ts";
import { mention } from "./stream.ts";
import { fitted } from "./width.ts";

type ParseError = Error & { parse?: { input?: { flags?: Record<string, unknown> } }; flags?: unknown; args?: unknown };

/** oclif's errors are told apart by what they carry: its classes lose their names in a bundle. */
function usageOf(error: ParseError, command: string | undefined): ZvaultError | undefined {
  if (error.parse === undefined && !("oclif" in error)) return undefined;
  const help = `zvault ${command === undefined ? "" : `${command} `}--help`;
  const usage = (message: string, hint = help, names: string[] = []) => new ZvaultError("usage", message, { hint, names });
  if (Array.isArray(error.flags)) {
    const name = String(error.flags[0]).split("=")[0] ?? "";
    const known = Object.keys(error.parse?.input?.flags ?? {});
    const close = nearest(name.replace(/^-+/, ""), known);
    return usage(`there is no option ${name.slice(0, 40)}`, close === undefined ? help : `did you mean --${close}?`);
  }
  if (Array.isArray(error.args) && error.args.length > 0) {
    if (typeof error.args[0] === "string") return usage("there is one argument too many", help);
    const names = error.args.map((arg: { name?: string }) => String(arg.name).toUpperCase());
    return usage(`${names.join(" and ")} ${names.length === 1 ? "is" : "are"} missing`, help, names);
  }
  return usage(wordsOf(error.message), help);
}

function wordsOf(message: string): string {
  const text = stripVTControlCharacters(message).replace(/\nSee more help with --help$/, "");
  const option = /^Expected (--[\w-]+)=[\s\S]* to be one of: (.*)$/.exec(text);
  if (option) return `${option[1]} is one of ${option[2]}`;
  const missing = /^(?:The following error occurred:\s*)?Missing required flag ([\w-]+)/.exec(text.replaceAll(/\s+/g, " "));
  if (missing) return `--${missing[1]} is missing`;
  const argument = /^Expected [\s\S]* to be one of: (.*)$/.exec(text);
  if (argument) return `the argument is one of ${argument[1]}`;
  const value = /^Flag (--[\w-]+) expects a value/.exec(text);
  if (value) return `${value[1]} needs a value`;
  const lines = text
    .replace(/^The following errors? occurred:\s*/, "")
    .split("\n")
    .map((line) => line.trim());
  return (lines.find((line) => line !== "") ?? "the arguments do not fit").replace(/^[A-Z](?=[a-z ])/, (letter) =>
    letter.toLowerCase(),
  );
}

/** The file that a failed system call was about. */
function nameIn(error: NodeJS.ErrnoException): string {
  return error.path ?? "a file";
}

/** Anything thrown, as one of our errors; what we do not know is "internal error" with an id, never its text. */
export function toZvaultError(error: unknown, command?: string): ZvaultError {
  if (error instanceof ZvaultError) {
    // oclif puts words of its own around what a flag's parser throws
    const message = error.message.replace(/^Parsing --[\w-]+ \n\t/, "").replace(/\nSee more help with --help$/, "");
    return message === error.message ? error : new ZvaultError(error.code, message, { hint: error.hint ?? "", names: error.names });
  }
  if (error instanceof Error) {
    const usage = usageOf(error, command);
    if (usage) return usage;
    if (typeof (error as NodeJS.ErrnoException).syscall === "string") return fileError(error, nameIn(error));
  }
  const id = Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString("hex");
  return new ZvaultError("internal", `internal error ${id}`, {
    hint: "please report it; -v shows where it happened",
    cause: error,
  });
}

/** Prints the failure and returns the exit code. */
export function report(thrown: unknown, o: { json: boolean; verbose: boolean; command?: string | undefined }): number {
  const error = toZvaultError(thrown, o.command);
  if (o.json) {
    sayJson({ error: { code: error.code, message: error.message, hint: error.hint ?? null, names: error.names } });
  } else if (error instanceof Refused) {
    for (const line of error.lines) mention(`zvault: ${clean(line)}\n`);
  } else {
    mention(`${fitted(`zvault: error: ${clean(error.message)}`, 2).join("\n")}\n`);
    for (const line of (error.hint ?? "").split("\n")) if (line !== "") mention(`zvault: hint: ${clean(line)}\n`);
  }
  // the text of a foreign error may hold anything; its places do not
  if (o.verbose && error.code === "internal" && error.cause instanceof Error) {
    const frames = (error.cause.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
    mention(`${error.cause.name}\n${frames.map(clean).join("\n")}\n`);
  }
  return error.exitCode;
}
