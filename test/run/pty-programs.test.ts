/** Real programs in the pty lane, in tmux: what stands on their screens. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { forms } from "../../src/run/mask/forms.ts";
import { missing, Tmux } from "../helpers/tmux.ts";

const driver = join(import.meta.dirname, "pty-driver.ts");

const slow = process.env["ZVAULT_TEST_SLOW"] !== undefined;

/** 50 values of many alphabets and lengths. */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=!$%&*#@";
let seed = 7;
const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
const values: Record<string, string> = {};
for (let i = 0; i < 50; i++) {
  values[`S${i}`] = Array.from({ length: 12 + random(36) }, () => alphabet[random(alphabet.length)]).join("");
}
const hidden = Object.values(values).flatMap((value) => forms(new TextEncoder().encode(value)).filter((form) => form.length >= 12));

/** Forms on a screen, in a row or over two. */
function leaks(screen: string): string[] {
  const joined = screen.replaceAll("\n", "");
  return hidden.filter((form) => screen.includes(form) || joined.includes(form));
}

/** Every value in three forms, most of them over the right margin. */
const text = Object.entries(values)
  .map(([name, value], i) => {
    const bytes = Buffer.from(value);
    return `${"x".repeat((i * 3) % 97)} ${name}=${value} ${"y".repeat(i % 13)} ${bytes.toString("base64")} ${bytes.toString("hex")}`;
  })
  .join("\n");

function place(t: Test): { folder: string; terminal: Tmux } {
  const folder = mkdtempSync(join(tmpdir(), "zvault-pty-"));
  writeFileSync(join(folder, "secrets.json"), JSON.stringify(values));
  writeFileSync(join(folder, "text"), `${text}\n`);
  const line = `exec '${process.execPath}' --no-warnings '${driver}' '${folder}/secrets.json' "$@"`;
  writeFileSync(join(folder, "run"), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  const terminal = new Tmux(folder);
  t.teardown(() => {
    terminal.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  terminal.line("stty -a > before");
  return { folder, terminal };
}

async function left(t: Test, terminal: Tmux): Promise<void> {
  await terminal.prompt();
  terminal.line("clear; stty -a | cmp - before && echo modes-$((40 + 2))");
  t.match(await terminal.until(/modes-42|differ|EOF/), "modes-42", "the terminal is as before");
}

t.test("less: pages with values over the margin are masked, and search works", { skip: missing("less") }, async (t) => {
  const { terminal } = place(t);
  for (const option of slow ? ["", "-S ", "-N "] : [""]) {
    terminal.line(`clear; ./run less ${option}text`);
    await terminal.still(/text/);
    for (const keys of [[], ["C-f"], ["C-f"], ["/", "S", "7", "Enter"]]) {
      if (keys.length > 0) terminal.keys(...keys);
      const screen = await terminal.still("‹zvault:S");
      t.same(leaks(screen), [], `less ${option}${keys.join("")}`);
    }
    terminal.keys("q");
    await left(t, terminal);
  }
});

t.test(
  "vim: pages, jumps, typing and line numbers; the screen is whole when there is no hit",
  { skip: missing("vim") },
  async (t) => {
    const { folder, terminal } = place(t);
    for (const option of slow ? ["-c 'set ruler'", "-c 'set ruler nu hlsearch'"] : ["-c 'set ruler nu'"]) {
      terminal.line(`clear; ./run vim -n -u NONE ${option} text`);
      await terminal.until(/1,1/);
      for (const keys of ["", "C-f", "G", "/S9\r"]) {
        if (keys.startsWith("C-")) terminal.keys(keys);
        else if (keys !== "") terminal.type(keys);
        const screen = await terminal.still("‹zvault:S");
        t.same(leaks(screen), [], `vim ${option} ${keys}`);
      }
      terminal.type(":q!\r");
      await left(t, terminal);
    }
    const plain = Array.from({ length: 60 }, (_, i) => `line ${i} ${"abc ".repeat(i)}`).join("\n");
    writeFileSync(join(folder, "plain"), plain);
    const screens: string[] = [];
    for (const run of ["", "./run "]) {
      terminal.line(`clear; ${run}vim -n -u NONE -c 'set ruler' plain`);
      await terminal.until("1,1");
      terminal.keys("C-f");
      terminal.type("ihello \x1b");
      screens.push(await terminal.still(/hello(.|\n)*\d+,6/));
      terminal.type(":w! out\r");
      await terminal.until(/out".*written/);
      terminal.type(":q!\r");
      await terminal.prompt();
    }
    t.equal(screens[1], screens[0], "the same screen as without us");
  },
);

t.test("python and node: REPLs with line editing, history and Ctrl-C", { skip: missing("python3") }, async (t) => {
  const { terminal } = place(t);
  terminal.line("clear; ./run /usr/bin/python3 -q");
  await terminal.until(">>>");
  terminal.line("import os; os.environ['S3']");
  await terminal.until("'‹zvault:S3›'");
  terminal.line("7 * 6");
  await terminal.until("\n42\n");
  terminal.keys("Up", "BSpace", "7", "Enter");
  await terminal.until("\n49\n");
  terminal.keys("C-c");
  await terminal.until("KeyboardInterrupt");
  t.same(leaks(terminal.screen()), []);
  terminal.keys("C-d");
  await left(t, terminal);
  terminal.line(`clear; ./run '${process.execPath}'`);
  await terminal.until(/^> ?$/m);
  terminal.line("process.env.S3");
  await terminal.until("'‹zvault:S3›'");
  terminal.line("6 * 7");
  await terminal.until("\n42\n");
  terminal.keys("Up", "BSpace", "8", "Enter");
  await terminal.until("\n48\n");
  t.same(leaks(terminal.screen()), []);
  terminal.keys("C-d");
  await left(t, terminal);
});

t.test("top: a screen that is drawn anew, and is left as it was found", { skip: missing("top") }, async (t) => {
  const { terminal } = place(t);
  terminal.line("clear; ./run sh -c 'exec top -d 0.3 -p $$'");
  await terminal.until(/PID.*COMMAND/);
  terminal.keys("c");
  await terminal.until(/top -d 0/);
  t.same(leaks(terminal.screen()), []);
  terminal.keys("q");
  await left(t, terminal);
});

t.test("progress bars over one line, in colours, and a prompt of npm", { skip: missing("npm") }, async (t) => {
  const { terminal } = place(t);
  terminal.line(
    `clear; ./run sh -c 'for i in 1 2 3 4 5; do printf "\\r\\033[K\\033[32m[%s>    ] %s %s\\033[0m" "$i" "$S1" "$i"; sleep 0.05; done; echo; echo end-$((1 + 1))'`,
  );
  await terminal.until("end-2");
  t.match(terminal.screen(), /^\[5> {4}\] ‹zvault:S1› 5$/m);
  terminal.line("clear; ./run npm init --offline; echo done-$?");
  await terminal.until("package name:");
  terminal.line("a-name");
  await terminal.until("version:");
  terminal.keys("C-c");
  await terminal.until("done-");
  t.same(leaks(terminal.screen()), []);
  await left(t, terminal);
});
