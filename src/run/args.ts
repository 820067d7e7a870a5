/**
 * The one parser of `zvault run`: the hot lane and the oclif command use it, and help and completion read `options`. Options end at
 * the first word that is none, or behind `--`; everything after is the program's.
 */
import { ZvaultError } from "../errors.ts";
import { nearest } from "./nearest.ts";

export type Option = {
  readonly name: string;
  readonly short?: string;
  /** name of the value in help; without it the option takes none */
  readonly value?: string;
  /** the value may be left off, and is then this; it is only taken from `--name=VALUE` */
  readonly optional?: string;
  readonly repeat?: boolean;
  readonly description: string;
};

export const options = [
  { name: "env", short: "e", value: "NAME", description: "read .env.NAME.zvault too" },
  { name: "env-file", short: "f", value: "FILE", repeat: true, description: "read FILE and no other file; repeatable, later wins" },
  { name: "only", value: "A,B", repeat: true, description: "set these variables only" },
  { name: "clear-env", description: "give the program nothing but the variables of the files" },
  { name: "override", description: "the files win over variables that are set already" },
  { name: "file", value: "NAME", repeat: true, description: "give NAME as a file in memory: NAME_FILE=/proc/self/fd/N" },
  { name: "watch", description: "start the program anew when a value or an env file changes" },
  { name: "dry-run", description: "show names, places and sources; start nothing" },
  { name: "json", description: "with --dry-run: as JSON" },
  { name: "json-errors", value: "FD", description: "write failures of zvault itself as JSON to this descriptor" },
  { name: "no-mask", description: "leave values in redirected output as they are" },
  { name: "allow-ai", description: "start an AI tool or an editor with the values" },
  {
    name: "key-file",
    value: "FILE",
    description: "for services: open the vault by FILE for this run alone",
  },
  { name: "wait", value: "TIME", optional: "5m", description: "while sealed, wait for a person to unseal (90s, 5m, 1h)" },
  { name: "vault", value: "DIR", description: "use the vault in DIR" },
  { name: "quiet", short: "q", description: "no notes" },
  { name: "help", short: "h", description: "show this" },
] as const satisfies readonly Option[];

export type RunOptions = {
  env?: string;
  files: string[];
  only?: string[];
  clearEnv: boolean;
  /** variables that become files in memory */
  memory: string[];
  watch: boolean;
  override: boolean;
  dryRun: boolean;
  json: boolean;
  jsonErrors?: number;
  mask: boolean;
  allowAi: boolean;
  /** ms */
  wait?: number;
  /** opens the vault for this run alone */
  keyFile?: string;
  vault?: string;
  quiet: boolean;
  help: boolean;
  /** the program and its arguments; empty only with `dryRun` or `help` */
  command: string[];
};

function usage(message: string, hint = "zvault run [options] [--] CMD …; options stand before CMD"): ZvaultError {
  return new ZvaultError("usage", message, { hint });
}

/** `argv`: the words after `run`. Throws `usage`. */
export function parseArgs(argv: readonly string[]): RunOptions {
  const { given, command } = split(argv);
  const last = (name: string) => given.get(name)?.at(-1);
  const env = last("env");
  const only = given
    .get("only")
    ?.flatMap((names) => names.split(","))
    .filter((name) => name !== "");
  const jsonErrors = last("json-errors");
  const wait = last("wait");
  const vault = last("vault");
  const keyFile = last("key-file");
  if (keyFile === "") throw usage("--key-file needs the name of a file", "is the variable empty that names it?");
  if (env !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(env)) {
    throw usage(`${JSON.stringify(env)} is no name of an environment`, "letters, digits, . _ -, as in -e production");
  }
  if (jsonErrors !== undefined && !/^\d{1,4}$/.test(jsonErrors)) {
    throw usage("--json-errors takes the number of an open descriptor", "--json-errors 3 3>errors.json");
  }
  const parsed: RunOptions = {
    ...(env === undefined ? {} : { env }),
    files: given.get("env-file") ?? [],
    ...(only === undefined ? {} : { only }),
    clearEnv: given.has("clear-env"),
    memory: given.get("file") ?? [],
    watch: given.has("watch"),
    override: given.has("override"),
    dryRun: given.has("dry-run"),
    json: given.has("json"),
    ...(jsonErrors === undefined ? {} : { jsonErrors: Number(jsonErrors) }),
    mask: !given.has("no-mask"),
    allowAi: given.has("allow-ai"),
    ...(wait === undefined ? {} : { wait: duration(wait) }),
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(vault === undefined ? {} : { vault }),
    quiet: given.has("quiet"),
    help: given.has("help"),
    command,
  };
  if (parsed.json && !parsed.dryRun)
    throw usage("--json goes with --dry-run only", "the program owns stdout; failures: --json-errors FD");
  if (parsed.keyFile !== undefined && (parsed.watch || parsed.wait !== undefined))
    throw usage(
      `--key-file opens the vault once, ${parsed.watch ? "and --watch wants it unsealed" : "and there is nothing to wait for"}`,
      "zvault unseal --key-file FILE unseals it",
    );
  if (command.length === 0 && !parsed.dryRun && !parsed.help) throw usage("no program to start", "zvault run -- npm run dev");
  return parsed;
}

/**
 * The descriptor of `--json-errors`, for failures that happen before or while `argv` is parsed; undefined if it is not there or no number.
 */
export function errorsTo(argv: readonly string[]): number | undefined {
  for (const [index, word] of argv.entries()) {
    if (word === "--") return undefined;
    const text = word === "--json-errors" ? argv[index + 1] : /^--json-errors=(.*)$/.exec(word)?.[1];
    if (text !== undefined) return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
  }
  return undefined;
}

function split(argv: readonly string[]): { given: Map<string, string[]>; command: string[] } {
  const given = new Map<string, string[]>();
  let at = 0;
  for (; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (word === "--") return { given, command: argv.slice(at + 1) };
    if (!word.startsWith("-") || word === "-") break;
    const { option, attached } = find(word);
    let value = attached;
    if (option.value === undefined && attached !== undefined) throw usage(`--${option.name} takes no value`);
    if (option.value !== undefined && value === undefined) {
      value = option.optional ?? argv[++at];
      if (value === undefined) throw usage(`--${option.name} needs a value: ${option.value}`);
    }
    given.set(option.name, [...(given.get(option.name) ?? []), value ?? ""]);
  }
  return { given, command: argv.slice(at) };
}

/** `--name`, `--name=value`, `-n`, `-nvalue`. */
function find(word: string): { option: Option; attached: string | undefined } {
  const all: readonly Option[] = options;
  if (word.startsWith("--")) {
    const equals = word.indexOf("=");
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const option = all.find((one) => one.name === name);
    if (option) return { option, attached: equals < 0 ? undefined : word.slice(equals + 1) };
    const close = nearest(
      name,
      all.map((one) => one.name),
    );
    throw usage(`run has no option --${name.slice(0, 40)}`, close === undefined ? undefined : `did you mean --${close}?`);
  }
  const option = all.find((one) => one.short === word[1]);
  if (!option) throw usage(`run has no option -${word.slice(1, 2)}`);
  return { option, attached: word.length > 2 ? word.slice(2).replace(/^=/, "") : undefined };
}

/** "90s", "5m", "1h", or seconds; in ms. */
function duration(text: string): number {
  const found = /^(\d{1,6})(s|m|h)?$/.exec(text);
  if (!found) throw usage(`${JSON.stringify(text.slice(0, 40))} is no time`, "--wait=90s, --wait=5m, --wait=1h");
  const unit = { s: 1000, m: 60_000, h: 3_600_000 }[(found[2] ?? "s") as "s" | "m" | "h"];
  return Math.min(Number(found[1]) * unit, 24 * 3_600_000);
}

/** The option part of the help text, one line each. */
export function optionsHelp(): string {
  const rows = (options as readonly Option[]).map((one) => {
    const value = one.value === undefined ? "" : one.optional === undefined ? ` ${one.value}` : `[=${one.optional}]`;
    return [`${one.short === undefined ? "    " : `-${one.short}, `}--${one.name}${value}`, one.description] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join("");
}
