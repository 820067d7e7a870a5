/**
 * What an AI tool is told when it is refused something. Three parts, so that it neither gives up nor looks for a way around: what was
 * refused and for whom; what the person types, and where; what the tool may do instead. At most four lines, no colour.
 */
import { ZvaultError } from "../errors.ts";

/** Told line by line, each behind `zvault: `. */
export class Refused extends ZvaultError {
  readonly lines: readonly string[];

  constructor(code: "ai-tool" | "sealed", lines: readonly string[], tool: string) {
    super(code, lines[0] ?? "", { hint: lines.slice(1).join("\n"), names: [tool] });
    this.lines = lines;
  }
}

type Part = {
  /** `AI`: an AI tool (Claude Code) */
  what: string;
  /** what the person types behind `zvault `; `NAME` is replaced */
  types: string;
  instead: string;
};

const run = "the program gets its values all the same:   zvault run -- <cmd>";
const names = "names are safe to use:   zvault ls";

/** By the command's id. Decided one by one: docs/design.md, "AI tools". */
const parts: Readonly<Record<string, Part>> = {
  get: { what: "values are not shown where AI reads", types: "get NAME", instead: run },
  export: { what: "values are not written to a file for AI", types: "export --out FILE", instead: run },
  eject: { what: "values are not written back to files for AI", types: "eject", instead: run },
  set: {
    what: "a secret is typed by a person, not by AI",
    types: "set NAME",
    instead: "for a random value no one needs to know:   zvault set NAME --generate hex:32",
  },
  "set:generate": {
    what: "AI may make new values, not replace one that is there",
    types: "set NAME --generate hex:32",
    instead: "use the name as it is (zvault run -- <cmd>), or make one with another name",
  },
  fill: { what: "secrets are typed by a person, not by AI", types: "fill", instead: `what is missing:   zvault check` },
  rm: {
    what: "a name is taken away by a person, not by AI",
    types: "rm NAME",
    instead: "take its line out of .env.zvault if it is not used",
  },
  undo: { what: "a value is changed by a person, not by AI", types: "undo NAME", instead: "its versions:   zvault history NAME" },
  import: {
    what: "an import is agreed to by a person, not by AI",
    types: "import",
    instead: "the plan, without values:   zvault import --dry-run",
  },
  init: {
    what: "a vault is made by a person, not by AI",
    types: "init",
    instead: "write code against names; they get values by `zvault run` once there is a vault",
  },
  unseal: {
    what: "a vault is unsealed by a person, not by AI",
    types: "unseal",
    instead: "then run the same command again; whether it is unsealed:   zvault status",
  },
  adopt: {
    what: "a vault from elsewhere is adopted by a person, not by AI",
    types: "adopt",
    instead: "whose it is:   zvault status",
  },
  allow: { what: "what a folder may use is decided by a person, not by AI", types: "allow NAME", instead: names },
  policy: {
    what: "who may do what is decided by a person, not by AI",
    types: "policy … NAME",
    instead: "what policy says of a path, and why:   zvault policy test PATH use",
  },
  "policy:write": {
    what: "who may do what is decided by a person, not by AI",
    types: "policy write NAME FILE",
    instead: "what policy says of a path, and why:   zvault policy test PATH use",
  },
  access: { what: "who can unseal is decided by a person, not by AI", types: "access …", instead: "who can:   zvault access list" },
  backup: {
    what: "a vault is restored by a person, not by AI",
    types: "backup restore",
    instead: "which copies there are:   zvault backup list",
  },
  operator: {
    what: "keys and files of the vault are changed by a person, not by AI",
    types: "operator …",
    instead: "whether they are whole:   zvault operator verify",
  },
  transit: {
    what: "keys of the vault are used by a person, not by AI",
    types: "transit …",
    instead: "which keys there are, and their public keys:   zvault transit keys",
  },
  kv: { what: "a value is changed by a person, not by AI", types: "kv …", instead: names },
  "run:no-mask": {
    what: "output is masked where AI reads; nothing was started",
    types: "run --no-mask -- <cmd>",
    instead: "leave --no-mask out: the program gets its values, its output shows ‹zvault:NAME› in their place",
  },
  "run:tool": {
    what: "everything that NAME starts would see the values, and AI may not decide that; nothing was started",
    types: "run --allow-ai -- NAME",
    instead: "start NAME by itself; it can use `zvault run`",
  },
};
const other: Part = { what: "this is done by a person, not by AI", types: "…", instead: names };

export type Asked = {
  /** id of the command, `kv:get`; or `set:generate`, `run:no-mask`, `run:tool` */
  command: string;
  /** as people call it */
  tool: string;
  /** the folder as one would type it: `~/shop` */
  folder: string;
  /** the variable or path it is about, if there is one */
  name?: string | undefined;
};

/** Commands of kv that the everyday ones say better. */
const better: Readonly<Record<string, string>> = { "kv:get": "get", "kv:put": "set", "kv:put:generate": "set:generate" };

export function refusal({ command, tool, folder, name }: Asked): Refused {
  const [group = "", word = ""] = command.split(":");
  const part = parts[better[command] ?? command] ?? parts[group] ?? other;
  const fill = (text: string, nobody: string) => text.replaceAll("NAME", name ?? nobody);
  const typed = `zvault ${fill(part.types, "NAME").replace("…", part === other ? command.replaceAll(":", " ") : word)}`;
  return new Refused(
    "ai-tool",
    [
      `refused: ${fill(part.what, "it").replace(/\bAI\b/, `an AI tool (${tool})`)}`,
      `ask the user to run this in their own terminal, outside this session:   ${folder === "" ? "" : `cd ${folder} && `}${typed}`,
      fill(part.instead, "NAME"),
    ],
    tool,
  );
}

/** Sealed is no refusal; a tool cannot unseal, and must not look for a way. `started`: whether anything was. */
export function sealedFor(tool: string, o: { nothingStarted: boolean }): Refused {
  return new Refused(
    "sealed",
    [
      "error: sealed, and only a person can unseal",
      `ask the user to run \`zvault unseal\` in their own terminal, then run the same command again${o.nothingStarted ? ". Nothing was started" : ""}`,
    ],
    tool,
  );
}

/** A folder as a person types it behind `cd`. */
export function typedFolder(folder: string, home: string | undefined): string {
  const below = home !== undefined && home !== "" && home !== "/" && (folder === home || folder.startsWith(`${home}/`));
  const text = below ? `~${folder.slice(home.length)}` : folder;
  if (/^[\w@%+=:,./~-]+$/.test(text)) return text;
  return `'${folder.replaceAll("'", "'\\''")}'`;
}
