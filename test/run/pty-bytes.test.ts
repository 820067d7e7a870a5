/** What goes through the pty lane, byte for byte, and who sees what of the processes. */
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { endOf, RawTerminal } from "../helpers/raw-terminal.ts";
import { until } from "./start.ts";

const driver = join(import.meta.dirname, "pty-driver.ts");
const secret = "hX7-pq9!Lm2zRt4k";
const slow = process.env["ZVAULT_TEST_SLOW"] !== undefined;
const mebi = 1024 * 1024;

type Running = { pid: number; terminal: RawTerminal; folder: string };

/** `shell`: a line around it, which is `"$@"`; files are put into the folder `$D` first. */
function start(t: Test, line: string, o: { files?: Record<string, string | Uint8Array>; shell?: string } = {}): Running {
  const folder = t.testdir({ "secrets.json": JSON.stringify({ KEY: secret }) });
  for (const [name, bytes] of Object.entries(o.files ?? {})) writeFileSync(join(folder, name), bytes);
  const terminal = new RawTerminal();
  t.teardown(() => terminal.close());
  const env = { PATH: "/usr/bin:/bin", HOME: folder, D: folder };
  const own = [process.execPath, "--no-warnings", driver, join(folder, "secrets.json"), "sh", "-c", line];
  const argv = o.shell === undefined ? own : ["/bin/sh", "-c", o.shell, "sh", ...own];
  const pid = terminal.start(argv, env);
  return { pid, terminal, folder };
}

t.test("large output arrives byte for byte, and waits for a slow terminal", async (t) => {
  const size = (slow ? 64 : 8) * mebi;
  const block = Buffer.from(randomBytes(48 * 1024).toString("base64"));
  const { pid, terminal } = start(t, `i=0; while [ $i -lt ${size / 65536} ]; do cat "$D/block"; i=$((i+1)); done`, {
    files: { block },
  });
  const hash = createHash("sha256");
  const wanted = createHash("sha256");
  let count = 0;
  let rests = 0;
  terminal.drain((bytes) => {
    hash.update(bytes);
    count += bytes.length;
    if (count < (rests + 1) * mebi) return;
    rests += 1;
    terminal.pause();
    setTimeout(() => terminal.resume(), 20);
  });
  t.same(await endOf(pid), { kind: "exited", code: 0 });
  for (let i = 0; i < size / 65536; i++) wanted.update(block);
  await until(() => count === size);
  t.equal(hash.digest("hex"), wanted.digest("hex"));
});

t.test("typed bytes of every kind arrive, a large paste too, while the program is slow to read", async (t) => {
  const bytes = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, i) => i)), randomBytes(300_000)]);
  const { pid, terminal } = start(t, `printf go; sleep 0.5; head -c ${bytes.length} | sha256sum`);
  await until(() => terminal.seen.includes("go"));
  await terminal.send(bytes);
  t.same(await endOf(pid), { kind: "exited", code: 0 });
  await until(() => terminal.seen.includes("-\n"));
  t.equal(terminal.seen.toString(), `go${createHash("sha256").update(bytes).digest("hex")}  -\n`);
});

t.test("UTF-8 in single bytes, escape sequences and NUL pass unchanged, a value between them is masked", async (t) => {
  const text = `\x1b[2J\x1b[5;5Hgrün ‹ 日本 🙂\0\x1b]0;titel\x07`;
  const { pid, terminal } = start(t, `for f in 1 2 3; do dd if="$D/text" bs=1 2>/dev/null; printf "<%s>" "$KEY"; done`, {
    files: { text },
  });
  t.same(await endOf(pid), { kind: "exited", code: 0 });
  await until(() => terminal.seen.toString().endsWith("›>"));
  t.equal(terminal.seen.toString(), `${text}<‹zvault:KEY›>`.repeat(3));
});

t.test("stdin from a pipe stays a pipe, binary and whole; stderr in a file is masked over a pipe of its own", async (t) => {
  const bytes = randomBytes(5 * mebi);
  const { pid, terminal, folder } = start(t, `sha256sum; test -t 0 || echo no; test -t 1 && echo yes; echo "$KEY" >&2`, {
    files: { in: bytes },
    shell: `cat "$D/in" | "$@" 2> "$D/err"`,
  });
  t.same(await endOf(pid), { kind: "exited", code: 0 });
  await until(() => terminal.seen.includes("yes"));
  t.equal(terminal.seen.toString(), `${createHash("sha256").update(bytes).digest("hex")}  -\nno\nyes\n`);
  t.equal(readFileSync(join(folder, "err"), "utf8"), "‹zvault:KEY›\n");
});

t.test("with stdout in a pipe, stderr stays a terminal and is masked, and keyboard and modes are left alone", async (t) => {
  const { pid, terminal, folder } = start(
    t,
    `test -t 2 && echo "$KEY" && echo "$KEY" >&2; stty size <&2 >&2; stty -F /dev/tty -g; read x < /dev/tty; echo "read $x"`,
    { shell: `stty onlcr opost icrnl icanon rows 20; stty -g > "$D/modes"; "$@" | cat > "$D/out"` },
  );
  await until(() => terminal.seen.includes("20 80"));
  await terminal.send(Buffer.from("typed\n"));
  t.same(await endOf(pid), { kind: "exited", code: 0 });
  t.equal(terminal.seen.toString(), "‹zvault:KEY›\r\n20 80\r\n");
  t.equal(readFileSync(join(folder, "out"), "utf8"), `‹zvault:KEY›\n${readFileSync(join(folder, "modes"), "utf8")}read typed\n`);
});

t.test("the program has default signals, no descriptor of ours, and nobody but it has a value in its environment", async (t) => {
  const { pid, terminal } = start(t, `grep Sig /proc/self/status; ls -1 /proc/self/fd; echo "mask $PPID"; read x`, {
    shell: `ls -1 /proc/self/fd; echo .; exec "$@"`,
  });
  await until(() => /mask \d+\n/.test(terminal.seen.toString()));
  const said = terminal.seen.toString();
  t.match(said, /SigBlk:\t0{16}\nSigIgn:\t0{16}\n/);
  const [bare = ""] = said.split(".\n");
  t.match(bare, /^0\n1\n2\n/);
  t.match(said, `${bare}mask`, "no descriptor of ours");
  t.equal(/mask (\d+)/.exec(said)?.[1], String(pid));
  t.match(readFileSync(`/proc/${pid}/limits`, "utf8"), /Max core file size\s+0 /);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  t.equal(children.length, 2, "the program, and the one that looks after the terminal");
  const watch = children.find((child) => readFileSync(`/proc/${child}/cmdline`, "utf8").includes("zvault-terminal")) ?? "";
  t.notMatch(readFileSync(`/proc/${watch}/environ`, "latin1"), secret);
  t.equal(readFileSync(`/proc/${watch}/environ`, "latin1"), "PATH=/usr/bin:/bin\0");
  await terminal.send(Buffer.from("\n"));
  t.same(await endOf(pid), { kind: "exited", code: 0 });
  await until(() => isMissing(watch));
});

function isMissing(pid: string): boolean {
  try {
    readFileSync(`/proc/${pid}/stat`);
    return false;
  } catch {
    return true;
  }
}

t.test("signals that are sent to us reach the program once", async (t) => {
  const traps = ["TERM", "USR1", "USR2", "HUP", "INT", "QUIT"].map((name) => `trap 'echo got-${name}' ${name}`).join("; ");
  const { pid, terminal } = start(t, `${traps}; echo ready; while :; do sleep 0.02; done`);
  await until(() => terminal.seen.includes("ready"));
  for (const name of ["TERM", "USR1", "USR2", "HUP", "INT", "QUIT"] as const) {
    process.kill(pid, `SIG${name}`);
    await until(() => terminal.seen.includes(`got-${name}`));
  }
  await new Promise((wake) => setTimeout(wake, 100));
  t.equal(terminal.seen.toString().match(/got-/g)?.length, 6);
  process.kill(pid, "SIGKILL");
  await endOf(pid);
});

t.test("a background process that keeps the terminal, silent or not, does not hold the end up", async (t) => {
  const { pid, terminal } = start(t, `(trap "" HUP; sleep 30) & (trap "" HUP; while echo x; do :; done) & echo $! ; exit 5`);
  const before = performance.now();
  t.same(await endOf(pid), { kind: "exited", code: 5 });
  t.ok(performance.now() - before < 20_000);
  t.match(terminal.seen.toString(), /^\d+\n/m);
});

t.test("Ctrl-C is not kept from a program that does not read what was typed before", async (t) => {
  const { pid, terminal } = start(t, `stty isig intr ^C; echo ready; sleep 60`);
  await until(() => terminal.seen.includes("ready"));
  await terminal.send(Buffer.alloc(200_000, "x"));
  await terminal.send(Buffer.from([3]));
  t.same(await endOf(pid), { kind: "killed", signal: 2 });
});

t.test("with a closed or foreign stdin, and without a controlling terminal, it runs", async (t) => {
  const closed = start(t, `echo out; test -t 1 && echo yes`, { shell: `exec "$@" <&-` });
  t.same(await endOf(closed.pid), { kind: "exited", code: 0 });
  await until(() => closed.terminal.seen.includes("yes"));
  const alone = start(t, `echo "$KEY"; exit 3`, { shell: `setsid -w "$@" < /dev/null; echo code $?` });
  t.same(await endOf(alone.pid), { kind: "exited", code: 0 });
  await until(() => alone.terminal.seen.includes("code"));
  t.match(alone.terminal.seen.toString(), "‹zvault:KEY›\ncode 3\n");
});

t.test("works as pid 1", async (t) => {
  if (spawnSync("unshare", ["--pid", "--fork", "true"]).status !== 0) {
    t.skip("not run: unshare --pid is not allowed", () => undefined);
    return;
  }
  const one = start(t, `echo "$PPID $KEY"; exit 9`, { shell: `unshare --pid --fork "$@"; echo code $?` });
  t.same(await endOf(one.pid), { kind: "exited", code: 0 });
  await until(() => one.terminal.seen.includes("code"));
  t.equal(one.terminal.seen.toString(), "1 ‹zvault:KEY›\ncode 9\n");
  const killed = start(t, "kill -KILL $$", { shell: `unshare --pid --fork "$@"; echo code $?` });
  t.same(await endOf(killed.pid), { kind: "exited", code: 0 });
  await until(() => killed.terminal.seen.includes("code"));
  t.equal(killed.terminal.seen.toString(), "code 137\n");
});
