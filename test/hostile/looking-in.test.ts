import "../helpers/detached.ts";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import net from "node:net";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { count } from "./memory.ts";
import type { Asked, Said } from "./user.ts";

const root = process.geteuid?.() === 0;
/** the user whose agent it is, and whose other programs look at it */
const user = root ? { uid: 65534, gid: 65534 } : {};
const script = fileURLToPath(new URL("user.ts", import.meta.url));
const node = ["-i", "PATH=/usr/bin:/bin", "TMPDIR=/tmp", "HOME=/nowhere", process.execPath, "--no-warnings", script];

type Ran = { status: number | null; out: string };

/** A program of the same user, with nothing of ours in its environment. */
function run(...argv: string[]): Ran {
  const { status, stdout, stderr } = spawnSync("/usr/bin/env", ["-i", "PATH=/usr/bin:/bin:/usr/local/bin", ...argv], {
    ...user,
    cwd: "/",
    timeout: 60_000,
  });
  return { status, out: stdout.toString() + stderr.toString() };
}

/** An agent of that user with an open vault that holds `value`. */
async function unsealed(t: Test, value: Uint8Array): Promise<Said> {
  const child: ChildProcess = spawn("/usr/bin/env", node, { ...user, cwd: "/", stdio: ["pipe", "pipe", "inherit", "pipe"] });
  (child.stdio[3] as NodeJS.WritableStream).end(value);
  const exited = new Promise((resolve) => child.on("exit", resolve));
  t.teardown(async () => {
    child.stdin?.end();
    await exited;
  });
  let text = "";
  for await (const chunk of child.stdout as NodeJS.ReadableStream) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  return JSON.parse(text) as Said;
}

const readable = run("test", "-r", script).status === 0;

t.test(
  "another program of the same user cannot look into the agent",
  { skip: !readable && "not run: the sources are closed to other users" },
  async (t) => {
    const { pid, base } = await unsealed(t, randomBytes(64));
    const plain = spawn("/usr/bin/env", ["-i", "sleep", "60"], { ...user, cwd: "/", stdio: "ignore" });
    t.teardown(() => void plain.kill());
    await new Promise((resolve) => plain.once("spawn", resolve));
    for (const name of ["mem", "environ", "maps", "auxv", "stack"]) {
      const peek = (of: number): Ran => run("head", "-c", "1", `/proc/${of}/${name}`);
      t.match(peek(pid).out, /denied|not permitted/, name);
      if (name === "environ" || name === "maps")
        t.notMatch(peek(plain.pid ?? 0).out, /denied|not permitted/, `${name} of an unhardened program can be read`);
    }
    t.match(run("ls", `/proc/${pid}/fd`).out, /denied|not permitted/, "descriptors");
    t.match(run("readlink", `/proc/${pid}/exe`).status, 1);

    if (run("which", "gdb").status !== 0) return t.comment("not run: gdb");
    const attach = (to: number): Ran => run("gdb", "-p", String(to), "-batch", "-nx", "-ex", "info registers rip");
    t.match(attach(pid).out, /not permitted/, "gdb");
    t.notMatch(attach(pid).out, /rip +0x/);
    t.not(run("gcore", "-o", `${base}/core`, String(pid)).status, 0, "gcore");
    t.strictSame(
      fs.readdirSync(base).filter((name) => name.startsWith("core")),
      [],
    );
    if (!/rip +0x/.test(attach(plain.pid ?? 0).out)) t.comment("not shown: here gdb attaches to nothing at all");
  },
);

t.test(
  "SIGUSR1 opens no inspector, memory is locked, core files are off",
  { skip: !readable && "not run: the sources are closed to other users" },
  async (t) => {
    const said = await unsealed(t, randomBytes(64));
    const { pid } = said;
    const listens = (): Promise<boolean> =>
      new Promise((resolve) => {
        const probe = net.connect(9229, "127.0.0.1", () => resolve(true));
        probe.on("error", () => resolve(false));
        probe.on("connect", () => probe.destroy());
      });
    const before = await listens();
    t.equal(run("kill", "-USR1", String(pid)).status, 0);
    const asked = run("env", ...node, "ask", JSON.stringify(said)); // the agent has got the signal before this
    t.equal(asked.status, 0, asked.out);
    t.equal(await listens(), before);
    const status = fs.readFileSync(`/proc/${pid}/status`, "latin1");
    const locked = Number(/^VmLck:\s+(\d+)/m.exec(status)?.[1]);
    if (/^Max locked memory\s+0\s/m.test(fs.readFileSync("/proc/self/limits", "latin1")))
      t.comment("not run: nothing may be locked here");
    else t.ok(locked > 0, `VmLck ${locked} KiB`);
    t.equal(BigInt(`0x${/^SigCgt:\s+(\w+)/m.exec(status)?.[1]}`) & (1n << 9n), 0n, "SIGUSR1 is not caught");
    if (root) t.match(fs.readFileSync(`/proc/${pid}/limits`, "latin1"), /^Max core file size\s+0 /m);
  },
);

t.test(
  "a foreign program on the socket is shown no value and governs nothing",
  { skip: !readable && "not run: the sources are closed to other users" },
  async (t) => {
    const said = await unsealed(t, randomBytes(64));
    const asked = JSON.parse(run("setsid", "-w", "env", ...node, "ask", JSON.stringify(said)).out) as Asked;
    for (const verb of ["kv.get", "access.add", "vault.rekey", "project.allow"])
      t.match(asked[verb], { code: "presence-needed" }, verb);
    t.match(asked["kv.resolve"], { code: "not-bound" }, "nor does `use` from a folder that nobody bound");
  },
);

t.test(
  "no copy of a value or of a credential stays in memory that root can read",
  { skip: !readable && "not run: the sources are closed to other users" },
  async (t) => {
    if (!root) return t.comment("not run: reading another process needs root");
    const value = randomBytes(2048);
    const { pid } = await unsealed(t, value);
    const status = fs.readFileSync(`/proc/${pid}/status`, "latin1");
    t.ok(/^VmLck:\s+[1-9]/m.test(status));
    const places = [0, 16, 1000, 2032];
    const [name, ...pieces] = count(pid, [Buffer.from("env/shop/N19"), ...places.map((from) => value.subarray(from, from + 16))]);
    t.ok(name && name > 0, "what is no secret is found: the search works");
    for (const [index, from] of places.entries()) t.equal(pieces[index], 0, `bytes ${from} to ${from + 16} of the value`);
  },
);
