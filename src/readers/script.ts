/** What one command line reads, and the same line under `zvault run`. */
import { type Framework, frameworks } from "./frameworks.ts";
import { parseCommand, type Simple } from "./command.ts";
import { type Edit, type Imported, isImported, join, optionsFor, usual } from "./reader.ts";

export type Found = {
  /** relative to the folder the command runs in, in the order in which they win */
  reads: string[];
  needs: boolean;
  note?: string;
  setsNodeEnv?: true;
  /** of the line; none: nobody can say how the line should read */
  edits?: Edit[];
};

/** Programs that only start another one. */
const starters = new Set([
  "npx",
  "pnpx",
  "bunx",
  "cross-env",
  "exec",
  "time",
  "nice",
  "sudo",
  "env",
  "nohup",
  "pnpm",
  "yarn",
  "dlx",
]);
/** Runtimes that know node's `--env-file`. */
const nodes = new Set(["node", "nodemon", "tsx", "ts-node", "bun", "deno", "node-dev", "ts-node-dev"]);

/** `folder`: where the line runs, relative to where the import began. */
export function readersIn(line: string, folder: string, imported: Imported): Found[] {
  return parseCommand(line).flatMap((one) => {
    const found = look(one, folder, imported);
    return found && found.reads.some((path) => isImported(imported, join(folder, path))) ? [found] : [];
  });
}

function look(one: Simple, folder: string, imported: Imported): Found | undefined {
  const words = one.words.map((word) => word.text);
  if (words.length === 0 || words.includes("zvault")) return undefined;
  return (
    sourced(words) ??
    wrapped(one, words, folder, imported) ??
    envFile(one, words, folder, imported) ??
    framework(one, words, folder, imported)
  );
}

/** `source .env`, `. ./.env`, `export $(cat .env | xargs)`. */
function sourced(words: readonly string[]): Found | undefined {
  const [first = "", second = ""] = words;
  if (first !== "source" && first !== ".") return undefined;
  return { reads: [cleanPath(second)], needs: true, note: "take the line out, and start the whole by: zvault run -- …" };
}

/** `$DIR/.env` and `"${ROOT}"/.env` are most often the folder's own. */
function cleanPath(path: string): string {
  return path.replace(/^(\$\w+|\$\{[^}]*\}|\$\([^)]*\))\//, "").replace(/^\.\//, "");
}

/** dotenv-cli (the first file wins), env-cmd, dotenvx: everything from the program to the real one goes. */
function wrapped(one: Simple, words: readonly string[], folder: string, imported: Imported): Found | undefined {
  const at = words.findIndex((word) => word === "dotenv" || word === "env-cmd" || word === "dotenvx");
  if (at === -1 || words.slice(0, at).some((word) => !starters.has(word))) return undefined;
  const program = words[at];
  const files: string[] = [];
  let odd = false;
  let next = at + 1;
  if (program === "dotenvx" && words[next++] !== "run") return undefined;
  for (; next < words.length && words[next]?.startsWith("-"); next++) {
    const word = words[next] ?? "";
    const [name = "", glued] = word.split(/=(.*)/s);
    if (word === "--") {
      next++;
      break;
    }
    if (name === "-e" || name === "-f" || name === "--file" || name === "--env-file") files.push(glued ?? words[++next] ?? "");
    else odd = true; // -c, -v, -o, --environments: another meaning than ours
  }
  const reads = files.length > 0 ? (program === "dotenv" ? files.toReversed() : files) : [".env"];
  const start = one.words[at];
  const real = one.words[next];
  const needs = program === "env-cmd";
  if (odd || !one.plain || !start || !real) return { reads, needs };
  const text = `zvault run ${optionsFor(reads, folder, imported)}-- `;
  return { reads, needs, edits: [{ start: start.start, end: real.start, text }] };
}

/** `node --env-file=.env`, `docker run --env-file .env`. */
function envFile(one: Simple, words: readonly string[], folder: string, imported: Imported): Found | undefined {
  const files: string[] = [];
  const cuts: Edit[] = [];
  let needs = false;
  for (const [at, word] of words.entries()) {
    const [, maybe, glued] = /^--env-file(-if-exists)?(?:=(.*))?$/s.exec(word) ?? [];
    if (!/^--env-file(-if-exists)?(=|$)/.test(word)) continue;
    const path = glued ?? words[at + 1] ?? "";
    const [first, last] = [one.words[at], one.words[glued === undefined ? at + 1 : at]];
    files.push(path);
    needs ||= maybe === undefined;
    if (first && last) cuts.push({ start: first.start, end: last.end, text: "" });
  }
  const preload =
    words.some((word, at) => word === "dotenv/config" && /^(-r|--require|--import)$/.test(words[at - 1] ?? "")) ||
    words.some((word) => /^(--require|--import)=dotenv\/config$/.test(word));
  const program = words.find((word) => !starters.has(word) && !word.startsWith("-")) ?? "";
  if (files.length === 0 && !preload) return undefined;
  if (files.length > 0 && !nodes.has(program)) {
    const docker = program === "docker" || program === "podman" || program === "docker-compose";
    return {
      reads: files,
      needs,
      ...(docker ? { note: "zvault run -- … -e NAME for each name; the values come from the environment" } : {}),
    };
  }
  const reads = files.length > 0 ? files : [".env"];
  const first = one.words[0];
  if (!one.plain || !first || files.some((path) => /[$*]/.test(path))) return { reads, needs };
  const edits = [insertRun(one, optionsFor(reads, folder, imported)), ...cuts.map((cut) => withBlank(cut, one))];
  return { reads, needs, edits };
}

function withBlank(cut: Edit, one: Simple): Edit {
  const next = one.words.find((word) => word.start >= cut.end);
  return { ...cut, end: next?.start ?? cut.end };
}

/** In front of the program: assignments before it stay where they are. */
function insertRun(one: Simple, options: string): Edit {
  const at = one.words[0]?.start ?? one.start;
  return { start: at, end: at, text: `zvault run ${options}-- ` };
}

function framework(one: Simple, words: readonly string[], folder: string, imported: Imported): Found | undefined {
  const at = words.findIndex((word) => !starters.has(word) && !/^[A-Za-z_]\w*=/.test(word) && !word.startsWith("-"));
  const program = words[at] ?? "";
  const own = words.slice(at);
  const known: Framework | undefined =
    program === "docker" && own[1] === "compose" ? {} : Object.hasOwn(frameworks, program) ? frameworks[program] : undefined;
  if (!known || (known.only && !known.only.test(own[1] ?? ""))) return undefined;
  const names = imported.get(folder) ?? [];
  const mode = known.mode?.(own);
  const special = mode !== undefined && names.some((name) => name === `.env.${mode}` || name === `.env.${mode}.local`);
  const reads = usual(names, mode);
  if (reads.length === 0) return undefined;
  return {
    reads,
    needs: false,
    ...(known.setsNodeEnv ? { setsNodeEnv: true } : {}),
    ...(one.plain ? { edits: [insertRun(one, special ? `-e ${mode} ` : "")] } : {}),
  };
}

export function applyEdits(text: string, edits: readonly Edit[]): string {
  let done = text;
  for (const edit of edits.toSorted((a, b) => b.start - a.start || b.end - a.end))
    done = done.slice(0, edit.start) + edit.text + done.slice(edit.end);
  return done;
}
