/** Commands in the hands of an unprivileged user, and another program of that user beside them. Root drops to that user. */
import "../helpers/detached.ts";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";

const root = process.geteuid?.() === 0;
const user = root ? { uid: 65534, gid: 65534 } : {};
const main = join(import.meta.dirname, "../../src/main.ts");
const readable = spawnSync("/usr/bin/test", ["-r", main], { ...user, cwd: "/" }).status === 0;
const skip = !readable && "not run: the sources are closed to other users";

type Place = { folder: string; env: Record<string, string>; run(line: string, more?: Record<string, string>): string };

/** For env(1): tap puts NODE_OPTIONS into everything that node spawns, and then writes where that user may not. */
function cleared(env: Record<string, string>, argv: string[]): string[] {
  return ["-i", ...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...argv];
}

/** A folder of that user with `zvault` on PATH and a vault in `shop`. */
function makePlace(t: Test): Place {
  const folder = fs.mkdtempSync("/tmp/zvh-");
  for (const name of ["", "home", "run", "shop", "bin"]) {
    fs.mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
    if (root) fs.chownSync(join(folder, name), 65534, 65534);
  }
  const call = `exec '${process.execPath}' --no-warnings --disable-sigusr1 '${main}' "$@"`;
  fs.writeFileSync(join(folder, "bin/zvault"), `#!/bin/sh\n${call}\n`, { mode: 0o755 });
  const env = {
    HOME: join(folder, "home"),
    XDG_RUNTIME_DIR: join(folder, "run"),
    PATH: `${folder}/bin:/usr/bin:/bin`,
    NODE_COMPILE_CACHE: `${folder}/home/cache`,
  };
  const run = (line: string, more: Record<string, string> = {}): string => {
    const argv = cleared({ ...env, ...more }, ["/bin/sh", "-c", line]);
    const { stdout, stderr } = spawnSync("/usr/bin/env", argv, { ...user, cwd: `${folder}/shop` });
    return stdout.toString() + stderr.toString();
  };
  t.teardown(() => {
    run("zvault seal");
    fs.rmSync(folder, { recursive: true, force: true });
  });
  run("zvault init --key-file ../home/k --yes && printf hunter2hunter2 | zvault set TOKEN -");
  return { folder, env, run };
}

const place = readable ? makePlace(t) : ({} as Place);

t.test(
  "a command that asks for a secret is closed to other programs, and the audit log still knows who asked",
  { skip },
  async (t) => {
    const { folder, env, run } = place;
    const line = "echo $$ > ../pid; exec zvault kv put env/shop/TYPED";
    const child: ChildProcess = spawn("/usr/bin/env", cleared(env, ["script", "-qefc", line, "/dev/null"]), {
      ...user,
      cwd: `${folder}/shop`,
      stdio: ["pipe", "pipe", "ignore"],
    });
    let seen = "";
    const prompt = new Promise<void>((resolve) => {
      child.stdout?.on("data", (chunk: Buffer) => {
        seen += chunk.toString();
        if (seen.includes("not shown")) resolve();
      });
    });
    const ended = new Promise((resolve) => child.on("close", resolve));
    await Promise.race([prompt, ended]);
    const pid = fs.readFileSync(`${folder}/pid`, "latin1").trim();
    for (const file of ["mem", "environ", "maps"]) t.match(run(`head -c 1 /proc/${pid}/${file}`), /denied|not permitted/, file);
    child.stdin?.write("swordfish99\r");
    await ended;
    run("zvault run -- true");
    const lines = run("zvault audit tail --json");
    for (const verb of ["kv.put", "kv.resolve"]) {
      const found = lines.split("},{").join("}\n{");
      t.match(found, new RegExp(`"verb":\\s*"${verb}"`), verb);
    }
    const callers = [...lines.matchAll(/"program":\s*"([^"]*)"/g)].map((one) => one[1]);
    t.same([...new Set(callers)], [fs.realpathSync(process.execPath)]);
  },
);

t.test("what helps to debug node shows no value", { skip }, async (t) => {
  const { run } = place;
  const out = run("zvault run -- sh -c 'echo seen $TOKEN in $NODE_DEBUG' 2>&1 | cat", { NODE_DEBUG: "child_process,net,fs" });
  t.match(out, "seen ‹zvault:TOKEN› in child_process,net,fs", "the program gets the variable, its value is masked");
  t.notMatch(out, "hunter2hunter2");
});

t.test("the agent keeps no descriptor of who started it, and nobody raises its core limit", { skip }, async (t) => {
  if (!root) return t.comment("not run: looking into the agent needs root");
  const { run } = place;
  run("zvault seal; exec 63</etc/hostname 90</etc/hostname; zvault status");
  const { agent } = JSON.parse(run("zvault status --json")) as { agent: { pid: number } };
  const fds = fs.readdirSync(`/proc/${agent.pid}/fd`).flatMap((fd) => {
    try {
      return fs.readlinkSync(`/proc/${agent.pid}/fd/${fd}`);
    } catch {
      return []; // closed by now
    }
  });
  t.notMatch(fds.join(), "/etc/hostname");
  t.match(fs.readFileSync(`/proc/${agent.pid}/limits`, "latin1"), /Max core file size +0 +0 /);
  if (spawnSync("which", ["prlimit"]).status !== 0) return t.comment("not run: prlimit");
  run(`prlimit --core=unlimited --pid ${agent.pid}`);
  t.match(fs.readFileSync(`/proc/${agent.pid}/limits`, "latin1"), /Max core file size +0 +0 /);
});

t.test("a committed file does not turn `set`, `rm` and `undo` on another project's value", { skip }, async (t) => {
  const { folder, run } = place;
  run("zvault unseal --key-file ../home/k; printf other | zvault kv put env/other/KEY -");
  fs.appendFileSync(`${folder}/shop/.env.zvault`, "FOREIGN=zvault://env/other/KEY\n");
  for (const line of ["printf mine | zvault set FOREIGN -", "zvault rm FOREIGN", "zvault undo FOREIGN"])
    t.match(run(line), /stands for another project's value/, line);
  t.match(run("zvault kv get env/other/KEY --reveal --key-file ../home/k"), /^other/);
});
