/** The chunk `cli`: from the words typed to a command, its help or a refusal. */
import { build } from "../build.ts";
import { ZvaultError } from "../errors.ts";
import { report } from "./errors.ts";
import { fileError } from "../file-error.ts";
import { tell } from "./output.ts";
import { isCommand, loadCommand } from "./table.ts";
import { OutputFailure } from "./stream.ts";

/** Returns the exit code; never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  const { id, rest } = split(argv);
  const before = rest.slice(0, rest.includes("--") ? rest.indexOf("--") : undefined);
  const flag = (...names: string[]) => before.some((word) => names.includes(word));
  const told = { json: flag("--json"), verbose: flag("-v", "--verbose") };
  try {
    return await start(argv, id, rest, flag).catch((error: unknown) => {
      if (error instanceof OutputFailure) throw error;
      return report(error, { ...told, command: id === "overview" ? undefined : id?.replace(":", " ") });
    });
  } catch (error) {
    if (!(error instanceof OutputFailure)) throw error;
    // `| head` has enough: that is no failure. A full disk is one.
    return error.cause.code === "EPIPE" ? 0 : report(fileError(error.cause, "stdout"), { ...told, json: false });
  }
}

async function start(
  argv: readonly string[],
  id: string | undefined,
  rest: string[],
  flag: (...names: string[]) => boolean,
): Promise<number> {
  const first = argv[0];
  const help = async (...words: string[]): Promise<number> => print((await import("./help.ts")).helpFor(words));
  if (first === "--version" || first === "-V") return print([`zvault ${build}`]);
  if (first === "help") return help(...argv.slice(1).filter((word) => !word.startsWith("-")));
  if (first === "--help" || first === "-h") return help();
  if (id === undefined) {
    if (first !== undefined && flag("--help", "-h")) return help(...argv.filter((word) => !word.startsWith("-")));
    throw (await import("./help.ts")).unknownCommand(argv);
  }
  if (flag("--help", "-h")) return help(...(id === "overview" ? [] : id.split(":")));
  const word = id === "overview" ? rest.find((one) => isCommand(one) || isCommand(`${one}:list`)) : undefined;
  if (word !== undefined) throw new ZvaultError("usage", "options stand behind the command", { hint: `zvault ${word} …` });
  // oclif is not loaded for help and slips of the keyboard, help not for commands
  const { makeConfig, startCommand } = await import("./config.ts");
  return startCommand(await loadCommand(id), id, rest, await makeConfig());
}

function print(lines: readonly string[]): number {
  tell(lines);
  return 0;
}

/** No words at all: the status screen. Flags alone belong to it, too. */
function split(argv: readonly string[]): { id: string | undefined; rest: string[] } {
  const [first, second] = argv;
  if (first === undefined || (first.startsWith("-") && !["--help", "-h", "--version", "-V"].includes(first)))
    return { id: "overview", rest: [...argv] };
  if (second !== undefined && isCommand(`${first}:${second}`)) return { id: `${first}:${second}`, rest: argv.slice(2) };
  if (!first.includes(":") && isCommand(first)) return { id: first, rest: argv.slice(1) };
  return { id: undefined, rest: argv.slice(1) };
}
