/** Plays a walk: real shells in real terminals, a HOME with nothing in it but the projects of the walk. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { start } from "../helpers/start.ts";
import { Tmux } from "../helpers/tmux.ts";
import { makePlace, normal } from "../helpers/transcript.ts";
import { printWalk, type Step } from "./walk.ts";

/** What a shell has in its environment, by its name: nothing for a person's. */
const shells: Record<string, Record<string, string>> = { person: {}, claude: { CLAUDECODE: "1" }, mira: {} };

/** what is there to be copied stays whole: hints, and a path or reference that fills a line */
const mayBreak = /^(?!zvault: hint: )(?! *["{]) *\S+ /;

export type Played = {
  steps: Step[];
  /** lines that are wider than the terminal: the command they come from, and the line */
  wide: string[];
};

/** `prepare` makes the projects in HOME. The agent is sealed in the end and every terminal closed. */
export async function playWalk(
  wanted: readonly Step[],
  executable: "source" | "dist",
  prepare: (home: string) => void,
): Promise<Played> {
  // where lines are broken must not depend on how long its name is
  process.env["TMPDIR"] = "/tmp";
  const place = makePlace(executable);
  const home = join(place.folder, "home");
  prepare(home);
  const open = new Map<string, Shell>();
  const played: Played = { steps: [], wide: [] };
  try {
    for (const step of wanted) {
      let shell = open.get(step.shell);
      if (!shell) {
        shell = new Shell(place.folder, step.shell, { ...place.env, ...shells[step.shell] });
        open.set(step.shell, shell);
        await shell.ready();
      }
      const { lines, scrolled, status } = await shell.do(step);
      // a refusal to an AI tool is for a model: its lines stay whole
      const ours = step.shell !== "claude" && step.command.startsWith("zvault") && !step.command.startsWith("zvault run");
      const wide = lines
        .filter((line) => ours && line.length > 80 && mayBreak.test(line))
        .map((line) => `${step.command}: ${line}`);
      played.wide.push(...wide);
      const screen = lines.map((line) =>
        normal(line, place.folder)
          .replaceAll(/\b[0-9a-f]{16}\b/g, "ID16")
          .replaceAll(/tmp\.\w{10}/g, "TMP"),
      );
      played.steps.push({ ...step, screen, scrolled, status });
    }
  } catch (error) {
    throw new Error(`after\n${printWalk(played.steps)}\n${(error as Error).message}`, { cause: error });
  } finally {
    for (const shell of open.values()) shell.close();
    await start(["sh", "-c", "zvault seal"], { cwd: home, env: place.env });
    place.remove();
  }
  return played;
}

/** bash in a terminal; the number of its prompts and the last exit code are in a file. */
class Shell {
  readonly #terminal: Tmux;
  readonly #book: string;
  #prompts = 0;

  constructor(folder: string, name: string, env: Record<string, string>) {
    this.#book = join(folder, `prompts-${name}`);
    this.#terminal = new Tmux(folder, { env, shell: "exec bash --norc --noprofile" });
    this.#terminal.line(` cd; PS1='$ '; PROMPT_COMMAND='echo $? >>${this.#book}'; clear`);
  }

  async ready(): Promise<void> {
    await this.#prompt();
  }

  async do(step: Step): Promise<{ lines: string[]; scrolled: number; status: number }> {
    await this.#terminal.wipe();
    this.#terminal.line(step.command);
    let answered = 0;
    for (const { wait, type } of step.answers) {
      await this.#terminal.until(() => {
        const { line, row } = this.#terminal.cursor();
        if (!line.includes(wait) || row <= answered) return false;
        answered = row;
        return true;
      });
      if (/^\^[A-Z]$/.test(type)) this.#terminal.keys(`C-${type.charAt(1).toLowerCase()}`);
      else this.#terminal.line(type);
    }
    const status = await this.#prompt();
    await this.#terminal.until((screen) => /^\$ *$/.test(lastLine(screen)));
    const { lines, scrolled } = this.#terminal.whole();
    // the command itself, and the prompt that follows
    return { lines: lines.slice(1, -1), scrolled, status };
  }

  close(): void {
    this.#terminal.close();
    rmSync(this.#book, { force: true });
  }

  /** The exit code before it. Throws after 30 s. */
  async #prompt(): Promise<number> {
    for (let left = 1500; left > 0; left--) {
      const codes = existsSync(this.#book) ? readFileSync(this.#book, "utf8").trim().split("\n") : [];
      if (codes.length > this.#prompts) {
        this.#prompts = codes.length;
        return Number(codes.at(-1));
      }
      await new Promise((wake) => setTimeout(wake, 20));
    }
    throw new Error(`the command does not end:\n${this.#terminal.screen()}`);
  }
}

function lastLine(screen: string): string {
  return screen.trimEnd().split("\n").at(-1) ?? "";
}
