/** The chunk `cli`: from the words typed to a command, its help or a refusal. */
import { build } from "../build.ts";
import { ZvaultError } from "../errors.ts";
import { fileError, report } from "./errors.ts";
import { helpFor, metaOf, unknownCommand } from "./help.ts";
import { clean, say } from "./output.ts";

/** Returns the exit code; never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  process.stdout.on("error", broken);
  process.stderr.on("error", () => {});
  const { id, rest } = split(argv);
  const before = rest.slice(0, rest.includes("--") ? rest.indexOf("--") : undefined);
  const flag = (...names: string[]) => before.some((word) => names.includes(word));
  try {
    return await start(argv, id, rest, flag);
  } catch (error) {
    return report(error, {
      json: flag("--json"),
      verbose: flag("-v", "--verbose"),
      command: id === "overview" ? undefined : id?.replace(":", " "),
    });
  }
}

/** `| head` has enough: that is no failure. A full disk is one. */
function broken(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  process.exit(report(fileError(error, "stdout"), { json: false, verbose: false }));
}

async function start(
  argv: readonly string[],
  id: string | undefined,
  rest: string[],
  flag: (...names: string[]) => boolean,
): Promise<number> {
  const first = argv[0];
  if (first === "--version" || first === "-V") return print([`zvault ${build}`]);
  if (first === "help") return print(helpFor(argv.slice(1).filter((word) => !word.startsWith("-"))));
  if (first === "--help" || first === "-h") return print(helpFor([]));
  if (id === undefined) {
    if (first !== undefined && flag("--help", "-h")) return print(helpFor(argv.filter((word) => !word.startsWith("-"))));
    throw unknownCommand(argv);
  }
  if (flag("--help", "-h")) return print(id === "overview" ? helpFor([]) : helpFor(id.split(":")));
  const word = id === "overview" ? rest.find((one) => metaOf(one) !== undefined || metaOf(`${one}:list`) !== undefined) : undefined;
  if (word !== undefined) throw new ZvaultError("usage", "options stand behind the command", { hint: `zvault ${word} …` });
  // oclif is not loaded for help, versions and slips of the keyboard
  const { loadCommand, makeConfig, startCommand } = await import("./config.ts");
  const config = await makeConfig();
  return startCommand(await loadCommand(config, id), rest, config);
}

function print(lines: readonly string[]): number {
  for (const line of lines) say(line);
  return 0;
}

/** No words at all: the status screen. Flags alone belong to it, too. */
function split(argv: readonly string[]): { id: string | undefined; rest: string[] } {
  const [first, second] = argv;
  if (first === undefined || (first.startsWith("-") && !["--help", "-h", "--version", "-V"].includes(first)))
    return { id: "overview", rest: [...argv] };
  if (second !== undefined && metaOf(`${first}:${second}`)) return { id: `${first}:${second}`, rest: argv.slice(2) };
  if (!first.includes(":") && metaOf(first)) return { id: first, rest: argv.slice(1) };
  return { id: undefined, rest: argv.slice(1) };
}

/**
 * What the build runs once, so that the code cache holds compiled functions: the way of most commands, without vault, agent or output.
 */
export async function warm(): Promise<void> {
  helpFor([]);
  helpFor(["set"]);
  clean("");
  const { loadCommand, makeConfig } = await import("./config.ts");
  const config = await makeConfig();
  for (const id of ["status", "ls", "set", "get", "unseal", "seal"]) await loadCommand(config, id);
}
