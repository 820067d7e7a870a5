/** How a project is started, by its own files: what a person is told to type next. */
import { existsSync } from "node:fs";
import { readCommitted } from "./files.ts";

const largest = 1024 * 1024;

/** "zvault run -- npm run dev"; with CMD where nothing says so. */
export function startLine(folder: string): string {
  const script = scriptOf(folder);
  if (script?.ours === true) return script.line;
  if (script) return `zvault run -- ${script.line}`;
  return existsSync(`${folder}/manage.py`) ? "zvault run -- python manage.py runserver" : "zvault run -- CMD";
}

/** `ours`: the script says `zvault run` itself. */
function scriptOf(folder: string): { line: string; ours: boolean } | undefined {
  let scripts: Record<string, unknown>;
  try {
    const bytes = readCommitted(`${folder}/package.json`, largest);
    scripts = (JSON.parse(new TextDecoder().decode(bytes)) as { scripts?: Record<string, unknown> }).scripts ?? {};
  } catch {
    return undefined; // none, or not ours to read
  }
  const name = ["dev", "start"].find((one) => typeof scripts[one] === "string");
  if (name === undefined) return undefined;
  return { line: `${managerOf(folder)} ${name}`, ours: String(scripts[name]).startsWith("zvault run ") };
}

function managerOf(folder: string): string {
  if (existsSync(`${folder}/pnpm-lock.yaml`)) return "pnpm";
  if (existsSync(`${folder}/yarn.lock`)) return "yarn";
  return existsSync(`${folder}/bun.lock`) ? "bun run" : "npm run";
}
