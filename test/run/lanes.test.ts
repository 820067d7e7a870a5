import t from "tap";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync, openSync, closeSync } from "node:fs";
import { createHash, randomBytes } from "node:crypto";
import { execFileSync } from "node:child_process";
import { Folder, secret, until } from "./start.ts";

const folder = new Folder();
t.teardown(() => folder.remove());
// all 256 codes in `npm run test:slow`
const slow = process.env["ZVAULT_TEST_SLOW"] !== undefined;
// the plain lane with redirected streams, and the masked one
const lanes = [
  ["plain", ["--no-mask"]],
  ["masked", []],
] as const;

for (const [lane, options] of lanes) {
  t.test(`${lane}: exit codes 0 to 255 arrive unchanged`, async (t) => {
    const codes = Array.from({ length: 256 }, (_, i) => i).filter((i) => slow || i % 32 === 0 || (i > 123 && i < 131) || i === 255);
    const wrong: number[] = [];
    const work = async () => {
      for (let code = codes.pop(); code !== undefined; code = codes.pop()) {
        const result = await folder.run([...options, "--", "sh", "-c", `exit ${code}`]);
        if (result.code !== code || result.signal !== null) wrong.push(code);
      }
    };
    await Promise.all([work(), work(), work()]);
    t.same(wrong, []);
  });

  t.test(`${lane}: a death by signal is a death by the same signal`, async (t) => {
    const names = [
      "HUP",
      "INT",
      "QUIT",
      "ILL",
      "TRAP",
      "ABRT",
      "BUS",
      "FPE",
      "KILL",
      "USR1",
      "SEGV",
      "PIPE",
      "ALRM",
      "TERM",
      "XFSZ",
    ];
    for (const name of names) {
      const result = await folder.run([...options, "--", "sh", "-c", `kill -${name} $$`]);
      t.same([result.code, result.signal], [null, `SIG${name}`], name);
    }
    const shell = await folder.shell(`run ${options.join(" ")} sh -c 'kill -KILL $$'; echo $?`);
    t.equal(shell.stdout.toString(), "137\n");
  });

  t.test(`${lane}: the program has default signals, the caller's limits, and no stray descriptors`, async (t) => {
    const status = (await folder.run([...options, "--", "cat", "/proc/self/status"])).stdout.toString();
    t.match(status, /SigBlk:\t0{16}\n/);
    t.match(status, /SigIgn:\t0{16}\n/);
    const own = execFileSync("sh", ["-c", "ulimit -c; umask"]).toString();
    t.equal((await folder.run([...options, "--", "sh", "-c", "ulimit -c; umask"])).stdout.toString(), own);
    const fds = await folder.shell(`run ${options.join(" ")} ls /proc/self/fd`);
    const bare = await folder.shell("ls /proc/self/fd");
    t.equal(fds.stdout.toString(), bare.stdout.toString());
    const pipe = await folder.shell(`run ${options.join(" ")} bash -c 'yes | head -1; echo \${PIPESTATUS[0]}'`);
    t.equal(pipe.stdout.toString(), "y\n141\n");
    const blocking = await folder.shell(
      `run ${options.join(" ")} sh -c 'grep flags /proc/self/fdinfo/0 /proc/self/fdinfo/1 /proc/self/fdinfo/2' </dev/null`,
    );
    for (const [, flags] of blocking.stdout.toString().matchAll(/flags:\t(\d+)/g)) t.equal(parseInt(flags ?? "", 8) & 0o4000, 0);
  });

  t.test(`${lane}: 100 MB of stdin arrive byte for byte`, async (t) => {
    const path = `${folder.path}/big-${lane}`;
    const block = randomBytes(1024 * 1024);
    const hash = createHash("sha256");
    const fd = openSync(path, "w");
    for (let i = 0; i < 100; i++) {
      block[i] = i;
      hash.update(block);
      writeFileSync(fd, block);
    }
    closeSync(fd);
    const result = await folder.shell(`cat ${path} | run ${options.join(" ")} sha256sum`);
    t.equal(result.stdout.toString(), `${hash.digest("hex")}  -\n`);
  });

  t.test(`${lane}: a closed stdin is no obstacle`, async (t) => {
    const result = await folder.shell(`run ${options.join(" ")} echo fine <&-`);
    t.same([result.code, result.stdout.toString()], [0, "fine\n"]);
  });

  t.test(`${lane}: a program that cannot be started is 126 or 127, and a script without first line goes to sh`, async (t) => {
    folder.write("plain.txt", "x", 0o644);
    folder.write("bare", "echo from sh $1\n", 0o755);
    folder.write("lost", "#!/no/such/interpreter\n", 0o755);
    t.equal((await folder.run([...options, "--", "no-such-program"])).code, 127);
    t.equal((await folder.run([...options, "--", "./plain.txt"])).code, 126);
    t.equal((await folder.run([...options, "--", "./"])).code, 126);
    t.equal((await folder.run([...options, "--", "./lost"])).code, 126);
    t.equal((await folder.run([...options, "--", "./bare", "it"])).stdout.toString(), "from sh it\n");
  });

  t.test(`${lane}: works as pid 1`, async (t) => {
    const probe = await folder.shell("unshare --pid --fork true");
    if (probe.code !== 0) {
      t.skip("not run: unshare --pid is not allowed", () => undefined);
      return;
    }
    const words = `unshare --pid --fork ${folder.line([...options, "--", "sh", "-c"])}`;
    const result = await folder.shell(`${words} 'echo $$; exit 9'`);
    t.same([result.code, result.stdout.toString()], [9, lane === "plain" ? "1\n" : result.stdout.toString()]);
    t.equal((await folder.shell(`${words} 'kill -KILL $$; exit 3'; exit $?`)).code, lane === "plain" ? 3 : 137);
  });
}

t.test("masked: values are masked in stdout and stderr, told once, and exact without the mask", async (t) => {
  const result = await folder.run([
    "--",
    "sh",
    "-c",
    'echo "$KEY $PORT"; echo "$KEY" | base64; echo "$URL" > /dev/stderr; echo err >&2',
  ]);
  t.equal(result.stdout.toString(), "‹zvault:KEY› 3000\n‹zvault:KEY›\n");
  t.equal(
    result.stderr,
    "postgres://app:‹zvault:KEY›@db/x\nerr\n" +
      "zvault: masked KEY 2 times in stdout; --no-mask writes it as it is\n" +
      "zvault: masked KEY once in stderr; --no-mask writes it as it is\n",
  );
  const bare = await folder.run(["--no-mask", "--", "sh", "-c", 'printf %s "$KEY"']);
  t.same([bare.stdout.toString(), bare.stderr], [secret, ""]);
  t.equal((await folder.run(["-q", "--", "sh", "-c", "echo $KEY"])).stderr, "");
});

t.test("masked: output that ends in the beginning of a value arrives whole", async (t) => {
  const begin = secret.slice(0, 9);
  t.equal((await folder.run(["--", "printf", `end ${begin}`])).stdout.toString(), `end ${begin}`);
});

t.test("masked: 2>&1 keeps the order of the lines", async (t) => {
  const result = await folder.shell("run sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo o$i; echo e$i >&2; done' 2>&1");
  t.equal(result.stdout.toString(), [1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => `o${i}\ne${i}\n`).join(""));
});

t.test("masked: binary output passes byte for byte", async (t) => {
  const bytes = Buffer.concat([Buffer.from("PK\0\0"), Buffer.from(secret), randomBytes(300_000)]);
  writeFileSync(`${folder.path}/binary`, bytes);
  const result = await folder.run(["--", "cat", "binary"]);
  t.ok(result.stdout.equals(bytes));
  t.equal(result.stderr, "");
});

t.test("masked: large text passes byte for byte to a slow reader", async (t) => {
  const line = `${"lorem ipsum dolor ".repeat(4)}\n`;
  writeFileSync(`${folder.path}/text`, line.repeat(200_000));
  const result = await folder.shell("run cat text | (sleep 0.5; sha256sum)");
  t.equal(result.stdout.toString(), `${createHash("sha256").update(line.repeat(200_000)).digest("hex")}  -\n`);
});

t.test("masked: a reader that has enough ends the program by SIGPIPE", async (t) => {
  const result = await folder.shell("run yes | head -1; echo ${PIPESTATUS[0]}");
  t.equal(result.stdout.toString(), "y\n141\n");
});

t.test("masked: a full disk is told and is no success", async (t) => {
  const result = await folder.shell("run sh -c 'echo $KEY' > /dev/full");
  t.equal(result.code, 125);
  t.match(result.stderr, "zvault: error: stdout cannot be written: ENOSPC");
});

t.test("masked: a background process that keeps the pipe does not hold the end up", async (t) => {
  const result = await folder.run(["--", "sh", "-c", "sleep 60 & echo $! > background; echo done"]);
  t.same([result.code, result.stdout.toString()], [0, "done\n"]);
  process.kill(Number(readFileSync(`${folder.path}/background`, "utf8")));
});

t.test("masked: a prompt that ends in a first byte of a value is shown", async (t) => {
  const child = folder.spawn(["--", "sh", "-c", `printf 'Password: ${secret.slice(0, 2)}'; read x; echo "$KEY$x"`], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let out = "";
  child.stdout?.on("data", (data: Buffer) => (out += data.toString()));
  await until(() => out === `Password: ${secret.slice(0, 2)}`);
  child.stdin?.end("!\n");
  await once(child, "close");
  t.equal(out, `Password: ${secret.slice(0, 2)}‹zvault:KEY›!\n`);
});

t.test("masked: TERM, HUP, USR1 and USR2 sent to us reach the program once", async (t) => {
  for (const signal of ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const) {
    const script = `n=0; trap 'n=$((n+1)); echo got $n' ${signal.slice(3)}; trap 'exit 5' INT; echo ready; while :; do sleep 0.05; done`;
    const child = folder.spawn(["--", "bash", "-c", script], { detached: true });
    let out = "";
    child.stdout?.on("data", (data: Buffer) => (out += data.toString()));
    await until(() => out.includes("ready"));
    process.kill(child.pid ?? 0, signal);
    await until(() => out.includes("got 1"));
    await new Promise((wake) => setTimeout(wake, 300));
    t.notMatch(out, "got 2", signal);
    // no terminal here: INT is forwarded too
    process.kill(child.pid ?? 0, "SIGINT");
    const [code] = (await once(child, "close")) as [number];
    t.equal(code, 5);
  }
});

t.test("masked: what is sent to the whole group reaches the program once, and so does what follows it to us alone", async (t) => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const script = `n=0; trap 'n=$((n+1)); echo got $n' ${signal.slice(3)}; trap 'exit 5' USR2; echo ready; while :; do sleep 0.05; done`;
    const child = folder.spawn(["--", "bash", "-c", script], { detached: true });
    let out = "";
    child.stdout?.on("data", (data: Buffer) => (out += data.toString()));
    await until(() => out.includes("ready"));
    await until(() => witnesses(child.pid ?? 0).length === 1);
    const [before = 0] = witnesses(child.pid ?? 0);
    process.kill(-(child.pid ?? 0), signal);
    await until(() => out.includes("got 1"));
    await until(() => witnesses(child.pid ?? 0).some((pid) => pid !== before));
    await new Promise((wake) => setTimeout(wake, 150));
    t.notMatch(out, "got 2", signal);
    process.kill(child.pid ?? 0, signal);
    await until(() => out.includes("got 2"));
    await new Promise((wake) => setTimeout(wake, 150));
    t.notMatch(out, "got 3", signal);
    process.kill(child.pid ?? 0, "SIGUSR2");
    const [code] = (await once(child, "close")) as [number];
    t.equal(code, 5);
  }
});

/** The process that tells the two apart (`witness.ts`). */
function witnesses(pid: number): number[] {
  return readdirSync("/proc").flatMap((one) => {
    try {
      const parent = Number(readFileSync(`/proc/${one}/stat`, "latin1").split(") ").at(-1)?.split(" ")[1]);
      return parent === pid && readFileSync(`/proc/${one}/cmdline`, "latin1").startsWith("zvault-witness") ? [Number(one)] : [];
    } catch {
      return [];
    }
  });
}

t.test("plain: the process is not dumpable while it holds values, and the mask never is", async (t) => {
  const child = folder.spawn(["--", "sh", "-c", "echo ready; sleep 60"]);
  let out = "";
  child.stdout?.on("data", (data: Buffer) => (out += data.toString()));
  await until(() => out.includes("ready"));
  t.match(readFileSync(`/proc/${child.pid}/limits`, "utf8"), /Max core file size\s+0 /);
  const { statSync } = await import("node:fs");
  const uid = process.getuid?.();
  // the files of an undumpable process belong to root; as root the owner tells nothing
  if (uid !== 0) t.equal(statSync(`/proc/${child.pid}/environ`).uid, 0);
  child.kill("SIGTERM");
  await once(child, "close");
});

t.test("in a terminal: Ctrl-C reaches the program once, Ctrl-Z and fg work, in both lanes", async (t) => {
  if (!existsSync("/usr/bin/tmux")) {
    t.skip("not run: tmux", () => undefined);
    return;
  }
  for (const [lane, tail] of [
    ["plain", ""],
    ["masked", " | (trap '' INT; cat)"],
  ] as const) {
    const socket = `${folder.path}/tmux-${lane}`;
    const tmux = (...args: string[]) =>
      execFileSync("tmux", ["-S", socket, "-f", "/dev/null", ...args], { cwd: folder.path }).toString();
    folder.write(
      "count",
      `n=0; trap 'n=$((n+1)); echo int $n' INT; trap 'echo bye; exit 6' TERM; echo ready-$PORT; while :; do sleep 0.1; done\n`,
    );
    folder.write(`go-${lane}`, `set -o pipefail\n${folder.line(["--", "bash", "count"])}${tail}\n`);
    tmux("new-session", "-d", "-x", "120", "-y", "40", "bash --norc --noprofile");
    const screen = () => tmux("capture-pane", "-p");
    try {
      tmux("send-keys", `. ./go-${lane}; echo code $?`, "Enter");
      await until(() => screen().includes("ready-3000"));
      tmux("send-keys", "C-c");
      await until(() => screen().includes("int 1"));
      await new Promise((wake) => setTimeout(wake, 400));
      t.notMatch(screen(), "int 2", lane);
      tmux("send-keys", "C-z");
      await until(() => screen().includes("Stopped"));
      tmux("send-keys", "fg", "Enter");
      await new Promise((wake) => setTimeout(wake, 300));
      tmux("send-keys", "C-c");
      await until(() => screen().includes("int 2"));
      t.pass(lane);
    } finally {
      tmux("kill-server");
    }
  }
});
