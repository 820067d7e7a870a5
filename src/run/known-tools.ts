/**
 * AI tools and editors: everything they start would see the values, for as long as they run. They can use `zvault run` themselves.
 * The list knows names, not intentions: it stops the slip, not the will.
 */
import { basename } from "node:path";
import { ZvaultError } from "../errors.ts";
import { namesOf } from "../signs/program.ts";
import { editors, packages, tools } from "../signs/tools.ts";

/** Editors that nobody is asked about elsewhere, and AI tools without a program that others start. */
const more = new Set(
  "cody cursor-agent fleet helix hx kiro-cli nano nvim openhands plandex subl sublime_text vi vim zeditor".split(/\s+/),
);

/** Names that better-known programs have: goose migrates databases. */
const other = new Set(["goose"]);

function isTool(name: string): boolean {
  return (tools.has(name) && !other.has(name)) || editors.has(name) || more.has(name);
}

const runners = new Set(["npx", "bunx", "pnpx", "uvx"]);
/** runner → its words that start a package */
const runnerWords = new Map([
  ["pnpm", ["dlx", "exec"]],
  ["npm", ["exec", "x"]],
  ["yarn", ["dlx", "exec"]],
  ["bun", ["x"]],
  ["pipx", ["run"]],
  ["uv", ["run"]],
]);
/** Programs that start their first argument. */
const wrappers = new Set(["env", "nohup", "nice", "setsid", "time", "stdbuf", "command"]);

/** The tool that `command` would start, undefined for any other program. */
export function knownTool(command: readonly string[]): string | undefined {
  const name = basename(command[0] ?? "").replace(/\.(exe|cmd|appimage)$/i, "");
  // `node …/claude` and `node …/@anthropic-ai/claude-code/cli.js`, too
  const started = [name, ...namesOf({ exe: command[0] ?? "", comm: "", argv: command })].find(isTool);
  if (started !== undefined) return started;
  let rest = command.slice(1);
  if (wrappers.has(name)) return knownTool(rest.slice(firstWord(rest, /^-|=/)));
  const words = runnerWords.get(name);
  if (!runners.has(name) && !words) return undefined;
  if (words) {
    if (!words.includes(rest[0] ?? "")) return undefined;
    rest = rest.slice(1);
  }
  const bare = (rest[firstWord(rest, /^-/)] ?? "").replace(/(?<=.)@[^@/]*$/, "");
  return packages.get(bare) ?? (isTool(bare) ? bare : undefined);
}

function firstWord(words: readonly string[], option: RegExp): number {
  const at = words.findIndex((word) => !option.test(word));
  return at < 0 ? words.length : at;
}

/** Throws `denied` for a known tool. */
export function refuseTool(command: readonly string[]): void {
  const tool = knownTool(command);
  if (tool === undefined) return;
  throw new ZvaultError("denied", `refused: everything that ${tool} starts would see the values`, {
    hint: `start ${tool} by itself; it can use \`zvault run\`. --allow-ai if you mean it`,
    names: [tool],
  });
}
