/** A person's terminal: a shell in a window of tmux (80 × 24), typed at and looked at as on a screen. Nothing of our environment is in it. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** Why a test cannot run, or false. */
export const noTmux: string | false = existsSync("/usr/bin/tmux") ? false : "not run: tmux";

/** false where `program` is in /usr/bin, else the reason for a skip. */
export function missing(program: string): string | false {
  return noTmux !== false ? noTmux : existsSync(join("/usr/bin", program)) ? false : `not run: ${program}`;
}

let count = 0;

export class Tmux {
  readonly #socket: string;
  #closed = false;

  /** `shell`: what runs in the window; a command for sh. */
  constructor(folder: string, o: { env?: Record<string, string>; shell?: string } = {}) {
    this.#socket = join(folder, `tmux-${++count}`);
    const env = {
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: folder,
      TERM: "xterm-256color",
      LANG: "C.UTF-8",
      ...o.env,
    };
    const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const shell = o.shell ?? "bash --norc --noprofile";
    execFileSync(
      "/usr/bin/env",
      ["-i", ...words, "tmux", "-S", this.#socket, "-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", shell],
      { cwd: folder },
    );
    if (o.shell === undefined) this.line("PS1='$ '; clear");
  }

  /** Names of keys as tmux knows them: "C-c", "Enter", "Escape". */
  keys(...names: string[]): void {
    this.#tmux("send-keys", ...names);
  }

  type(text: string): void {
    this.#tmux("send-keys", "-l", text);
  }

  line(text: string): void {
    this.type(text);
    this.keys("Enter");
  }

  screen(): string {
    return this.#tmux("capture-pane", "-p");
  }

  /** Lines as they were written, however often they were wrapped, from what left the screen on; and how many rows have left it. */
  whole(): { lines: string[]; scrolled: number } {
    const lines = this.#tmux("capture-pane", "-p", "-J", "-S", "-")
      .split("\n")
      .map((line) => line.trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return { lines, scrolled: Number(this.#tmux("display-message", "-p", "#{history_size}")) };
  }

  /** The line that the cursor is in, and how many rows are above it, with those that left the screen. */
  cursor(): { line: string; row: number } {
    const [left, on] = this.#tmux("display-message", "-p", "#{history_size} #{cursor_y}").trim().split(" ").map(Number);
    return { line: this.screen().split("\n")[on ?? 0] ?? "", row: (left ?? 0) + (on ?? 0) };
  }

  /** An empty screen with the prompt on top, and nothing that left it. */
  async wipe(): Promise<void> {
    this.keys("C-l");
    await this.until(/^\$\s*$/);
    this.#tmux("clear-history");
  }

  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** The screen, once it fits. Throws after 15 s with the screen as it is. */
  async until(wanted: string | RegExp | ((screen: string) => boolean)): Promise<string> {
    for (let left = 500; ; left--) {
      const screen = this.screen();
      const fits =
        typeof wanted === "string" ? screen.includes(wanted) : wanted instanceof RegExp ? wanted.test(screen) : wanted(screen);
      if (fits) return screen;
      if (left === 0) throw new Error(`no ${String(wanted)} on the screen:\n${screen}`);
      await new Promise((wake) => setTimeout(wake, 30));
    }
  }

  /** The screen, once it fits and does not change any more. */
  async still(wanted: string | RegExp): Promise<string> {
    for (let before = await this.until(wanted); ;) {
      await new Promise((wake) => setTimeout(wake, 100));
      const screen = await this.until(wanted);
      if (screen === before) return screen;
      before = screen;
    }
  }

  /** The shell waits for a line. */
  async prompt(): Promise<void> {
    await this.until(/(^|\n)\$\n*$/);
  }

  /** Hangs up: what runs in there gets SIGHUP. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tmux("kill-server");
  }

  #tmux(...args: string[]): string {
    return execFileSync("tmux", ["-S", this.#socket, "-f", "/dev/null", ...args], {
      stdio: ["ignore", "pipe", "ignore"],
    }).toString();
  }
}
