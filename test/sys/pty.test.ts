import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, existsSync, readFileSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { duplicate } from "../../src/sys/fd.ts";
import { keysOf, type Modes, rawModes, readModes, sameModes, sttyText, withoutOutputProcessing } from "../../src/sys/modes.ts";
import { pipe2 } from "../../src/sys/pipe.ts";
import { openPty } from "../../src/sys/pty.ts";
import { type Action, type Change, childChange, spawnProgram } from "../../src/sys/spawn.ts";
import { statOf } from "../../src/sys/stat.ts";
import { foregroundGroup, setWindowSize, windowSize } from "../../src/sys/tty.ts";

/** Modes as a fresh terminal has them: Linux's own for a new pty. */
function fresh(): Modes {
  const { master } = openPty(new Uint32Array(16), { rows: 1, columns: 1 });
  closeSync(master);
  const modes = new Uint32Array(16);
  // ICRNL IXON; OPOST ONLCR; B38400 CS8 CREAD; ISIG ICANON ECHO ECHOE ECHOK ECHOCTL ECHOKE IEXTEN
  modes.set([0o2400, 0o5, 0o277, 0o105073]);
  // ^C ^\ DEL ^U ^D 0 1 0 ^Q ^S ^Z 0 ^R ^O ^W ^V
  new Uint8Array(modes.buffer).set([3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22], 17);
  return modes;
}

async function ended(pid: number): Promise<Change> {
  for (let left = 1000; left > 0; left--) {
    const change = childChange(pid);
    if (change !== undefined) return change;
    await new Promise((wake) => setTimeout(wake, 10));
  }
  throw new Error("did not end");
}

/** What the program wrote to descriptor 1. */
async function run(argv: string[], o: { session?: boolean; env?: Map<string, string> } = {}): Promise<string> {
  const [from, to] = pipe2();
  const actions: Action[] = [
    { fd: 1, from: to },
    { fd: 0, open: "/dev/null" },
  ];
  const env = o.env ?? new Map([["PATH", "/usr/bin:/bin"]]);
  const pid = spawnProgram({ program: argv[0] ?? "", argv, env, actions, session: o.session ?? false, ...o });
  closeSync(to);
  await ended(pid);
  const text = readFileSync(from, "utf8");
  closeSync(from);
  return text;
}

t.test("a spawned program has its arguments, its environment and no descriptor of ours", async (t) => {
  const extra = duplicate(0);
  t.equal(
    await run(["/bin/sh", "-c", 'printf "%s|%s|%s" "$1" "$2" "$ODD"', "sh", "", "ü b"], { env: new Map([["ODD", "x=y\n ö"]]) }),
    "|ü b|x=y\n ö",
  );
  t.equal(await run(["/usr/bin/env"], { env: new Map() }), "");
  const fds = (await run(["/bin/ls", "-l", "/proc/self/fd"])).match(/ (\d+) -> /g)?.map((one) => Number(one.slice(1, -4)));
  t.notOk(fds?.includes(extra), "a descriptor that closes on exec is closed");
  closeSync(extra);
});

t.test("a spawned program has default signals and none blocked", async (t) => {
  const plain = await run(["/bin/grep", "Sig", "/proc/self/status"]);
  t.match(plain, /SigBlk:\t0{16}\nSigIgn:\t0{16}\n/, "although Node ignores SIGPIPE");
});

t.test("a session of its own is made when asked for", async (t) => {
  const own = statOf("self");
  const stat = async (session: boolean) => (await run(["/bin/cat", "/proc/self/stat"], { session })).split(" ");
  const [pid, , , , group, sessionId] = await stat(true);
  t.same([group, sessionId], [pid, pid]);
  t.equal((await stat(false))[5], String(own?.session));
});

t.test("what cannot be started says why", async (t) => {
  const go =
    (program: string, env = new Map<string, string>()) =>
    () =>
      spawnProgram({ program, argv: [program], env, actions: [], session: false });
  t.throws(go("/no/such"), { code: "ENOENT" });
  t.throws(go("/etc/passwd"), { code: "EACCES" });
  const script = join(t.testdir({ script: "echo hi\n" }), "script");
  chmodSync(script, 0o755);
  t.throws(go(script), { code: "ENOEXEC" }, "a script without first line");
  t.throws(go("/bin/true", new Map([["LONG", "x".repeat(200_000)]])), { code: "E2BIG" });
});

t.test("every way to end, to stop and to go on is told, once", async (t) => {
  const start = (line: string) =>
    spawnProgram({ program: "/bin/sh", argv: ["sh", "-c", line], env: new Map(), actions: [], session: false });
  t.same(await ended(start("exit 200")), { kind: "exited", code: 200 });
  t.same(await ended(start("kill -SEGV $$")), { kind: "killed", signal: 11 });
  const pid = start("kill -STOP $$; exit 3");
  t.same(await ended(pid), { kind: "stopped" });
  t.equal(childChange(pid), undefined);
  process.kill(pid, "SIGCONT");
  const seen = [await ended(pid)];
  if (seen[0]?.kind === "continued") seen.push(await ended(pid));
  t.same(seen.at(-1), { kind: "exited", code: 3 });
  t.throws(() => childChange(pid), { code: "ECHILD" });
});

t.test("a pty has the modes and the size that it was given, and the program that leads its session is in front", async (t) => {
  const modes = fresh();
  const { master, path } = openPty(modes, { rows: 33, columns: 77 });
  t.match(path, /^\/dev\/pts\/\d+$/);
  t.ok(sameModes(readModes(master), modes), sttyText(readModes(master)));
  t.same(windowSize(master), { rows: 33, columns: 77 });
  const actions: Action[] = [{ fd: 0, open: path }, { fd: 1, from: 0 }, { fd: 2, from: 0 }]; // prettier-ignore
  const pid = spawnProgram({ program: "/bin/cat", argv: ["cat"], env: new Map(), actions, session: true });
  t.equal(foregroundGroup(master), pid);
  setWindowSize(master, { rows: 5, columns: 6 });
  t.same(windowSize(master), { rows: 5, columns: 6 });
  writeSync(master, "a\n\x04");
  t.same(await ended(pid), { kind: "exited", code: 0 });
  const into = new Uint8Array(100);
  let text = "";
  try {
    for (;;) text += Buffer.from(into.subarray(0, readSync(master, into))).toString();
  } catch (error) {
    t.equal((error as NodeJS.ErrnoException).code, "EIO", "the end of a pty");
  }
  t.equal(text, "a\r\na\r\n");
  closeSync(master);
});

t.test(
  "raw modes and the keys are those of the C library, and the text is that of stty",
  { skip: !existsSync("/usr/bin/stty") && "not run: stty" },
  async (t) => {
    const modes = fresh();
    t.same(keysOf(modes), { signals: true, shown: true, interrupt: 3, quit: 28, suspend: 26, literal: 22 });
    t.equal(keysOf(rawModes(modes, false)).signals, false);
    t.equal(keysOf(rawModes(modes, true)).signals, true);
    const { master, path } = openPty(modes, { rows: 1, columns: 1 });
    const stty = (...args: string[]) => spawnSync("/usr/bin/stty", ["-F", path, ...args], { encoding: "utf8" }).stdout.trim();
    t.equal(stty("-g"), sttyText(readModes(master)));
    stty("raw", "-echo");
    t.equal(keysOf(readModes(master)).signals, false);
    stty(sttyText(modes));
    t.ok(sameModes(readModes(master), modes), "stty takes the text");
    stty("-opost");
    t.ok(sameModes(readModes(master), withoutOutputProcessing(modes)));
    closeSync(master);
  },
);
