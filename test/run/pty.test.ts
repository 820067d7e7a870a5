/** The masked lane over a pty, in real terminals. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { isGone } from "../../src/process-stat.ts";
import { forms } from "../../src/run/mask/forms.ts";
import { missing, noTmux, Tmux } from "../helpers/tmux.ts";

const driver = join(import.meta.dirname, "pty-driver.ts");
const slow = process.env["ZVAULT_TEST_SLOW"] !== undefined;
const secret = "hX7-pq9!Lm2zRt4k";

/** 50 values of many alphabets, the one of the other tests first. */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=!$%&*#@";
let seed = 7;
const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
const values: Record<string, string> = { KEY: secret };
for (let i = 1; i < 50; i++) {
  values[`S${i}`] = Array.from({ length: 12 + random(36) }, () => alphabet[random(alphabet.length)]).join("");
}
const hidden = Object.values(values).flatMap((value) => forms(new TextEncoder().encode(value)));

function leaks(screen: string): string[] {
  return hidden.filter((form) => screen.includes(form));
}

/** A folder with `run` in it: a script that runs its arguments in the lane. */
function place(t: Test): { folder: string; terminal: Tmux } {
  const folder = mkdtempSync(join(tmpdir(), "zvault-pty-"));
  writeFileSync(join(folder, "secrets.json"), JSON.stringify(values));
  writeFileSync(
    join(folder, "run"),
    `#!/bin/sh\nexec '${process.execPath}' --no-warnings '${driver}' '${folder}/secrets.json' "$@"\n`,
    { mode: 0o755 },
  );
  const terminal = new Tmux(folder);
  t.teardown(() => {
    terminal.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return { folder, terminal };
}

/** Puts the shell's line into words: modes of the terminal are "as before". */
async function sameModes(t: Test, terminal: Tmux, what: string): Promise<void> {
  terminal.line(`clear; stty -a | cmp - before && echo modes-$((40 + 2))`);
  await terminal.until(/modes-42|differ|EOF/);
  t.match(terminal.screen(), "modes-42", `the terminal is as before: ${what}`);
}

const each = { skip: noTmux };

t.test("colours, prompts, window size and values: the program has a terminal, and it is masked", each, async (t) => {
  const { terminal } = place(t);
  terminal.line("stty -a > before");
  terminal.line(`./run sh -c 'test -t 0 && test -t 1 && test -t 2 && stty size; echo "$KEY"; tty; exit 7'; echo code $?`);
  const screen = await terminal.until("code 7");
  t.match(screen, /24 80\n‹zvault:KEY›\n\/dev\/pts\/\d+\n/);
  await sameModes(t, terminal, "normal end");
  terminal.line(`./run bash -c 'trap "stty size" WINCH; echo ready-$((1 + 1)); while :; do sleep 0.1; done'`);
  await terminal.until("ready-2");
  terminal.resize(100, 30);
  await terminal.until("30 100");
  terminal.keys("C-c");
  await terminal.prompt();
  terminal.line("echo code $?");
  await terminal.until("code 130");
  terminal.line(`./run sh -c 'printf "\\033[31m%s\\033[0m %.8s\\033[1m%s\\n" "$KEY" "$KEY" "$(echo "$KEY" | cut -c9-)"'`);
  t.match(await terminal.until("‹zvault:KEY› ‹zvault:KEY›"), "‹zvault:KEY› ‹zvault:KEY›", "escape sequences are looked through");
  t.same(leaks(terminal.screen()), []);
});

t.test("Ctrl-C arrives once, Ctrl-Z, bg and fg work, Ctrl-\\ and Ctrl-D too, and modes are restored both ways", each, async (t) => {
  const { folder, terminal } = place(t);
  writeFileSync(
    join(folder, "count"),
    "n=0; trap 'n=$((n+1)); echo int-$n' INT; stty -icanon; echo ready; while :; do sleep 0.1; done\n",
  );
  terminal.line("stty -a > before");
  terminal.line("./run bash count");
  await terminal.until("ready");
  terminal.keys("C-c");
  await terminal.until("int-1");
  terminal.keys("C-z");
  await terminal.until("Stopped");
  await sameModes(t, terminal, "while stopped");
  terminal.line("fg");
  await terminal.until(/^\.\/run bash count$/m);
  terminal.keys("C-c");
  await terminal.until("int-2");
  t.notMatch(terminal.screen(), "int-3");
  terminal.keys("C-z");
  await terminal.until("Stopped");
  terminal.line("clear; bg; jobs");
  await terminal.until("Running");
  await sameModes(t, terminal, "while in the background");
  terminal.line("fg");
  await terminal.until(/^\.\/run bash count$/m);
  await new Promise((wake) => setTimeout(wake, 300));
  terminal.keys("C-c");
  await terminal.until("int-3");
  terminal.line("");
  terminal.keys("C-z");
  await terminal.until("Stopped");
  terminal.line("clear; kill %1; fg; echo ended-$?");
  await terminal.until("ended-143");
  await sameModes(t, terminal, "after a death by signal");
  terminal.line("./run sh -c 'echo on-$((1 + 1)); exec sleep 60'");
  await terminal.until("on-2");
  terminal.keys("C-\\");
  await terminal.until("Quit");
  terminal.line("echo quit-$?");
  await terminal.until("quit-131");
  terminal.line("./run sh -c 'echo cat-$((1 + 1)); cat; echo eof-$?'");
  await terminal.until("cat-2");
  terminal.line("typed");
  await terminal.until("typed\ntyped");
  terminal.keys("C-d");
  await terminal.until("eof-0");
  await terminal.prompt();
  await sameModes(t, terminal, "Ctrl-D");
});

t.test("a shell inside has its own job control", each, async (t) => {
  const { terminal } = place(t);
  terminal.line("./run bash --norc --noprofile");
  await terminal.until(/^bash-[0-9.]+[#$]$/m);
  terminal.line("PS1='inner> '");
  await terminal.until(/^inner>/m);
  terminal.line("sleep 60");
  await new Promise((wake) => setTimeout(wake, 300));
  terminal.keys("C-z");
  await terminal.until("Stopped");
  terminal.line("kill -9 %1; wait %1 2>/dev/null; echo in-$((1 + 1))");
  await terminal.until("in-2");
  terminal.line("exit 4");
  await terminal.prompt();
  terminal.line("echo out-$?");
  await terminal.until("out-4");
  t.pass();
});

t.test(
  "a password prompt: nothing is echoed, nothing stalls, and the answer is masked",
  { skip: missing("python3") },
  async (t) => {
    const { terminal } = place(t);
    const begin = secret.slice(0, 3);
    terminal.line(`./run bash -c 'read -rsp "$(echo pass) ${begin}" x; echo; echo "got \${#x} $x"'`);
    await terminal.until(`pass ${begin}`);
    terminal.line(secret);
    await terminal.until("got 16 ‹zvault:KEY›");
    t.same(leaks(terminal.screen().replace("pass", "")), []);
    terminal.line("clear");
    terminal.line(`./run python3 -c 'import getpass; x = getpass.getpass("p"+"y ${begin}"); print(len(x), x)'`);
    await terminal.until(`py ${begin}`);
    terminal.line(secret);
    await terminal.until("16 ‹zvault:KEY›");
    t.same(leaks(terminal.screen()), []);
  },
);

t.test(
  "kill -9 of the mask leaves the terminal as it was, and ends the program, also under a shell that does not look after it",
  each,
  async (t) => {
    const { folder, terminal } = place(t);
    writeFileSync(join(folder, "hold"), "echo $$ > pid; echo $PPID > mask; stty -echo; echo ready; while :; do sleep 0.1; done\n");
    terminal.line("stty -a > before");
    terminal.line("sh -c './run sh hold; stty -a > at-once; sleep 1; stty -a | cmp - before && echo restored-$((40 + 2))'");
    await terminal.until("ready");
    const [mask, program] = ["mask", "pid"].map((name) => Number(readFileSync(join(folder, name), "utf8")));
    process.kill(mask ?? 0, "SIGKILL");
    await terminal.until("restored-42");
    t.ok(isGone(program ?? 0, ""), "the program was hung up");
    await sameModes(t, terminal, "kill -9 of the mask");
    const left =
      readFileSync("/proc/self/mounts", "utf8") &&
      (await import("node:child_process")).execFileSync("ps", ["-eo", "args"]).toString();
    t.notMatch(left, `zvault-terminal ${folder}`);
  },
);

t.test("a hang-up of the terminal ends the program", each, async (t) => {
  const { folder, terminal } = place(t);
  writeFileSync(
    join(folder, "hold"),
    "trap 'echo hup > hup; exit 3' HUP; echo $PPID > mask; echo ready; while :; do sleep 0.1; done\n",
  );
  terminal.line("./run sh hold");
  await terminal.until("ready");
  const mask = Number(readFileSync(join(folder, "mask"), "utf8"));
  terminal.close();
  for (let left = 200; left > 0 && !isGone(mask, ""); left--) await new Promise((wake) => setTimeout(wake, 20));
  t.ok(isGone(mask, ""));
  t.equal(readFileSync(join(folder, "hup"), "utf8"), "hup\n");
});

t.test("exit codes and deaths by signal are those of the program", each, async (t) => {
  const { folder, terminal } = place(t);
  const codes = slow ? [0, 1, 2, 125, 126, 127, 128, 255] : [0, 127, 255];
  const names = slow ? ["HUP", "INT", "QUIT", "KILL", "TERM", "SEGV", "PIPE", "USR1", "XFSZ"] : ["INT", "KILL", "PIPE"];
  writeFileSync(
    join(folder, "all"),
    `for c in ${codes.join(" ")}; do ./run sh -c "exit $c"; echo $? >> codes; done\n` +
      `for s in ${names.join(" ")}; do ./run sh -c "kill -$s \\$\\$"; kill -l $? >> signals; done 2>/dev/null\necho all-$((1 + 1))\n`,
  );
  terminal.line("bash ./all");
  await terminal.until("all-2");
  t.equal(readFileSync(join(folder, "codes"), "utf8"), `${codes.join("\n")}\n`);
  t.equal(readFileSync(join(folder, "signals"), "utf8"), `${names.join("\n")}\n`);
});

t.test("a run inside of a run, one that starts in the background, and the other programs of a pipeline", each, async (t) => {
  const { terminal } = place(t);
  terminal.line("stty -a > before");
  terminal.line(`./run ./run sh -c 'echo "$KEY"; exit 9'; echo nested-$?`);
  t.match(await terminal.until("nested-9"), "‹zvault:KEY›");
  terminal.line(`clear; ./run sh -c 'echo out-$((1 + 1)); read x; echo "got $x"' &`);
  await terminal.until("out-2");
  terminal.line("echo the shell has the keyboard | tr a-z A-Z");
  await terminal.until("THE SHELL HAS THE KEYBOARD");
  terminal.line("fg");
  await terminal.until(/^\.\/run sh -c/m);
  await new Promise((wake) => setTimeout(wake, 300));
  terminal.line("typed");
  await terminal.until("got typed");
  await terminal.prompt();
  terminal.line(
    `clear; sh -c 'echo "first?" > /dev/tty; read x < /dev/tty; echo "$x"' | ./run sh -c 'cat; read y < /dev/tty; echo "then $y"'`,
  );
  await terminal.until("first?");
  terminal.line("one");
  await terminal.until(/one(.|\n)*one/);
  await new Promise((wake) => setTimeout(wake, 300));
  terminal.line("two");
  await terminal.until("then two");
  await terminal.prompt();
  terminal.line("clear; sleep 60 | ./run sh -c 'echo on-$((1 + 1)); cat'");
  await terminal.until("on-2");
  terminal.keys("C-c");
  await terminal.prompt();
  await sameModes(t, terminal, "Ctrl-C ends all of a pipeline");
});
