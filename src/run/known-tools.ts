/**
 * AI tools and editors: everything they start would see the values, for as long as they run. They can use `zvault run` themselves.
 * The list knows names, not intentions: it stops the slip, not the will.
 */
import { basename } from "node:path";
import { ZvaultError } from "../errors.ts";

const tools = new Set(
  `claude codex cursor cursor-agent code code-insiders codium vscodium windsurf gemini aider copilot opencode zed amp qwen
  auggie kiro kiro-cli cody plandex openhands trae idea pycharm webstorm goland rubymine clion rider phpstorm
  subl sublime_text emacs vim nvim vi nano hx helix`.split(/\s+/),
);

/** Packages that runners such as npx start. */
const packages = new Map([
  ["@anthropic-ai/claude-code", "claude"],
  ["@openai/codex", "codex"],
  ["@google/gemini-cli", "gemini"],
  ["@github/copilot", "copilot"],
  ["opencode-ai", "opencode"],
  ["@sourcegraph/amp", "amp"],
  ["aider-chat", "aider"],
  ["@qwen-code/qwen-code", "qwen"],
]);

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
  if (tools.has(name)) return name;
  let rest = command.slice(1);
  if (wrappers.has(name)) return knownTool(rest.slice(firstWord(rest, /^-|=/)));
  const words = runnerWords.get(name);
  if (!runners.has(name) && !words) return undefined;
  if (words) {
    if (!words.includes(rest[0] ?? "")) return undefined;
    rest = rest.slice(1);
  }
  const started = rest[firstWord(rest, /^-/)] ?? "";
  const bare = started.replace(/(?<=.)@[^@/]*$/, "");
  return packages.get(bare) ?? (tools.has(bare) ? bare : undefined);
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
