import t from "tap";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./start.ts";

const asker = join(import.meta.dirname, "asker.ts");
const line = (kind: string) => `env -u NODE_OPTIONS ${process.execPath} --no-warnings ${asker} ${kind}`;

t.test("without a terminal nobody is asked", (t) => {
  const result = spawnSync("setsid", ["-w", "sh", "-c", line("hidden")], { input: "typed\n" });
  t.equal(result.stdout.toString(), "failed would-ask\n");
  t.end();
});

t.test("an orphan in the background of a terminal asks nobody, and says so", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "zvault-prompt-"));
  // a shell with job control leaves it in a group of its own, and goes on
  const shell = `set -m; (sh -c "sleep 0.2; ${line("hidden")} > ${folder}/said; touch ${folder}/done" &); while ! [ -e ${folder}/done ]; do sleep 0.1; done`;
  const python = "import pty,sys; pty.spawn(['bash', '-c', sys.argv[1]])";
  spawnSync("python3", ["-c", python, shell], { stdio: "ignore", timeout: 20_000 });
  t.equal(readFileSync(`${folder}/said`, "utf8"), "failed would-ask\n");
  rmSync(folder, { recursive: true });
  t.end();
});

t.test("on a terminal", { skip: !existsSync("/usr/bin/tmux") && "not run: tmux" }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "zvault-prompt-"));
  const tmux = (...args: string[]) =>
    execFileSync("tmux", ["-S", `${folder}/s`, "-f", "/dev/null", ...args], { cwd: folder }).toString();
  tmux("new-session", "-d", "-x", "200", "-y", "50", "env PS1='$ ' bash --norc --noprofile");
  const screen = () => tmux("capture-pane", "-p");
  const shows = async (text: string | RegExp) =>
    await until(() => (typeof text === "string" ? screen().includes(text) : text.test(screen())));
  let round = 0;
  const start = async (kind: string, prompt: string) => {
    round += 1;
    tmux("send-keys", `clear; echo round ${round}; ${line(kind)}; stty -a | grep -o ' -*echo '`, "Enter");
    // not the line that was typed, nor the prompt of the round before
    await shows(new RegExp(`^round ${round}\\n${prompt}`, "m")); // tmux cuts blanks at the end of a line
  };
  try {
    await t.test("a hidden answer is not shown, its exact bytes come back, and the echo is on again", async (t) => {
      await start("hidden", "Passphrase:");
      tmux("send-keys", "-l", "wrong");
      tmux("send-keys", "C-u");
      tmux("send-keys", "-l", "pä$x'Z");
      tmux("send-keys", "BSpace");
      tmux("send-keys", "Enter");
      await shows(`got ${Buffer.from("pä$x'").toString("hex")}`);
      await shows(/^ echo$/m).catch(() => t.fail("echo is off"));
      t.notMatch(screen(), /wrong|x'Z/);
    });
    await t.test("Ctrl-C gives up and puts the terminal back", async (t) => {
      await start("hidden", "Passphrase:");
      tmux("send-keys", "-l", "half");
      tmux("send-keys", "C-c");
      await shows("failed interrupted");
      await shows(/^ echo$/m).catch(() => t.fail("echo is off"));
      t.notMatch(screen(), "half");
    });
    await t.test("Ctrl-D is no answer", async () => {
      await start("hidden", "Passphrase:");
      tmux("send-keys", "C-d");
      await shows("failed interrupted");
    });
    await t.test("Ctrl-Z gives the terminal back, and fg asks again", async (t) => {
      await start("hidden", "Passphrase:");
      tmux("send-keys", "C-z");
      await shows("Stopped");
      tmux("send-keys", "stty -a | grep -o ' -*echo '", "Enter");
      await shows(/^ echo$/m).catch(() => t.fail("echo is off"));
      tmux("send-keys", "fg", "Enter");
      await shows(/Passphrase:[^]*Passphrase:/);
      tmux("send-keys", "-l", "abc");
      tmux("send-keys", "Enter");
      await shows("got 616263");
    });
    await t.test("a line and a yes are taken", async () => {
      await start("line", "Name:");
      tmux("send-keys", "-l", "mira ");
      tmux("send-keys", "Enter");
      await shows('got "mira"');
      await start("confirm", "Go on\\?");
      tmux("send-keys", "x", "Enter");
      tmux("send-keys", "Enter");
      await shows("got true");
    });
  } finally {
    tmux("kill-server");
    rmSync(folder, { recursive: true, force: true });
  }
});
