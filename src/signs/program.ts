/**
 * What a process is called: by its file, by its script when the file is an interpreter, and as it calls itself. No other word of its
 * command line counts, so neither `vim codex-ideas.md` nor a folder `/home/claude` is a tool.
 */
import { editors, interpreters, multiplexers, packages, services, terminals, tools } from "./tools.ts";

export type Program = {
  /** path of the executable, "" if it cannot be seen */
  exe: string;
  /** the name in /proc/<pid>/stat: of the file, or what the process calls itself; at most 15 bytes */
  comm: string;
  /** the words of its command line; only looked at when it is an interpreter */
  argv: readonly string[];
};

/** Whether the command line says more than the file does. */
export function isInterpreter(exe: string, comm: string): boolean {
  const file = base(exe.replace(deleted, ""));
  return interpreters.test(file === "" ? comm : file);
}

const deleted = / \(deleted\)$/;

/** Names in order of trust; none twice, none empty. */
export function namesOf({ exe, comm, argv }: Program): string[] {
  const file = base(exe.replace(deleted, ""));
  const names = [file];
  if (isInterpreter(exe, comm)) {
    const script = scriptOf(argv);
    if (script !== "") names.push(packageOf(script) ?? base(script));
  }
  // tmux calls itself "tmux: server", a login of OpenSSH "sshd-session"
  names.push(comm.replace(/: .*$/, ""));
  return [...new Set(names.filter((name) => name !== ""))];
}

function base(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** argv[1], behind options that are one word each. */
function scriptOf(argv: readonly string[]): string {
  for (const word of argv.slice(1)) {
    if (!word.startsWith("-")) return word;
    if (!/^--[\w-]+=|^--(no|enable|disable|experimental|trace)-[\w-]+$/.test(word)) return "";
  }
  return "";
}

/** …/node_modules/@anthropic-ai/claude-code/cli.js */
function packageOf(script: string): string | undefined {
  const parts = script.split("/");
  const at = parts.lastIndexOf("node_modules");
  if (at < 0) return undefined;
  const first = parts[at + 1] ?? "";
  return packages.get(first.startsWith("@") ? `${first}/${parts[at + 2] ?? ""}` : first);
}

export type Kind = "tool" | "editor" | "multiplexer" | "terminal" | "service" | "other";

/** What the names say, the strongest first. `name`: the one that says it; `tool`: as people call it. */
export function kindOf(names: readonly string[]): { kind: Kind; name: string; tool?: string } {
  for (const name of names) {
    const tool = tools.get(name);
    if (tool !== undefined) return { kind: "tool", name, tool };
  }
  for (const name of names) {
    const editor = editors.get(name);
    if (editor !== undefined) return { kind: "editor", name, tool: editor };
    if (multiplexers.has(name)) return { kind: "multiplexer", name };
    if (terminals.has(name)) return { kind: "terminal", name };
    if (services.has(name)) return { kind: "service", name };
  }
  return { kind: "other", name: names[0] ?? "" };
}
