/** Writes src/cli/commands.json, what help and the parser need to know of every command: `node scripts/commands.ts` (`--check`: only compares). */
import { readFileSync, writeFileSync } from "node:fs";
import type { ZvaultCommand } from "../src/cli/base.ts";
import { table } from "../src/cli/table.ts";

type Meta = Record<string, unknown>;

const flagKeys = [
  "name",
  "char",
  "type",
  "description",
  "helpValue",
  "helpGroup",
  "hidden",
  "multiple",
  "required",
  "options",
  "allowNo",
  "default",
];
const argKeys = ["name", "description", "required", "multiple", "options"];

function pick(from: object, keys: readonly string[]): Meta {
  const all = from as Meta;
  return Object.fromEntries(
    keys.flatMap((key) =>
      all[key] === undefined || all[key] === false || typeof all[key] === "function" ? [] : [[key, all[key]]],
    ),
  );
}

function named(all: Record<string, object>, keys: readonly string[]): Meta {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, pick({ ...one, name }, keys)]));
}

function describe(id: string, command: typeof ZvaultCommand): Meta {
  const { summary, description, usage, examples, strict, hidden } = command;
  return {
    id,
    ...pick({ summary, description: description?.trim(), usage, examples }, ["summary", "description", "usage", "examples"]),
    ...(strict ? {} : { strict }),
    ...(hidden ? { hidden } : {}),
    aliases: [],
    hiddenAliases: [],
    args: named(command.args, argKeys),
    flags: named({ ...command.flags, ...command.baseFlags }, flagKeys),
  };
}

/** The text of commands.json as it should be. */
export async function commandsText(): Promise<string> {
  const all: Record<string, Meta> = {};
  for (const [id, load] of Object.entries(table)) all[id] = describe(id, (await load()).default);
  return `${JSON.stringify(all, null, 1)}\n`;
}

if (import.meta.main) {
  const file = new URL("../src/cli/commands.json", import.meta.url);
  const text = await commandsText();
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    process.stderr.write("src/cli/commands.json is stale: node scripts/commands.ts\n");
    process.exitCode = 1;
  }
}
