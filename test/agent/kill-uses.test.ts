/**
 * What may be used so many times, with the agent killed at a system call of its own: nothing that a crash gives back. strace kills it, at
 * its n-th call; the crash simulator (test/vault/approle.test.ts, test/crash/transit.test.ts) tries what a disk may do besides.
 */
import "../helpers/detached.ts";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import t from "tap";
import { type Client, connect } from "../../src/client.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { processStat } from "../../src/process-stat.ts";
import { share, slow } from "../helpers/slow.ts";
import { bytes, codeOf, refOf } from "../helpers/vault.ts";
import { agentCommand, gone, makePlaces } from "./real.ts";

const root = process.getuid?.() === 0;
const strace = spawnSync("strace", ["-V"]).status === 0;
const skip = root ? (strace ? false : "not run: strace") : "not run: tracing the agent needs root";

const uses = 8;
/** of one thread, from the first request on; past the last one the agent lives, and the sweep is over */
const mostCalls = 400;

type Proof = { credential: { kind: "key-file"; parts: Uint8Array[] } };

/** One vault with a role and a transit key, and an agent that is begun again after each kill. */
class Life {
  readonly base: string;
  readonly dir: string;
  readonly #project: string;
  readonly #options: Parameters<typeof connect>[0];
  readonly #key = makeKeyFile();
  clients: Client[] = [];
  roleId = "";

  constructor() {
    const { base, places } = makePlaces();
    this.base = base;
    this.#project = `${base}/shop`;
    this.dir = `${this.#project}/.zvault`;
    fs.mkdirSync(this.#project, { mode: 0o700 });
    this.#options = { places, start: true, command: agentCommand() };
  }

  get #client(): Client {
    const [first] = this.clients;
    if (!first) throw new Error("nobody is connected");
    return first;
  }

  get pid(): number {
    return this.#client.agentPid;
  }

  proof(): Proof {
    return { credential: { kind: "key-file", parts: [this.#key.slice()] } };
  }

  async init(): Promise<void> {
    await this.connect(1);
    await this.#client.ask("vault.init", { dir: this.#project, slot: "key-file" }, this.proof());
    const about = { vault: refOf(this.dir), ...this.proof() };
    const asked = { role: "ci", policies: ["local"], secretIdUses: uses };
    this.roleId = (await this.#client.ask("approle.write", asked, about)).result.roleId;
    await this.#client.ask("transit.create", { name: "k", type: "aes256-gcm96" }, { ...about, ...this.proof() });
  }

  async connect(count: number): Promise<void> {
    while (this.clients.length < count) this.clients.push(await connect(this.#options));
  }

  /** After the agent was killed. */
  async again(count: number): Promise<void> {
    for (const one of this.clients.splice(0)) one.close();
    await this.connect(count);
    await this.#client.ask("agent.unseal", {}, { vault: refOf(this.dir), ...this.proof() });
  }

  async secretId(): Promise<{ secret: Uint8Array; accessor: string }> {
    const about = { vault: refOf(this.dir), ...this.proof() };
    const made = await this.#client.ask("approle.secret-id", { role: "ci" }, about);
    const secret = made.body[0]?.slice() ?? new Uint8Array();
    made.release();
    return { secret, accessor: (made.result as { accessor: string }).accessor };
  }

  /** Logins that are left to a secret_id, as the vault has it. */
  async left(accessor: string): Promise<number> {
    const { result } = await this.#client.ask("approle.secret-ids", { role: "ci" }, { vault: refOf(this.dir) });
    return result.secretIds.find((one) => one.accessor === accessor)?.usesLeft ?? 0;
  }

  login(client: Client, secret: Uint8Array): Promise<string> {
    return codeOf(client.ask("approle.login", { roleId: this.roleId }, { vault: refOf(this.dir), body: [secret.slice()] }));
  }

  async nonces(client: Client, count: number): Promise<string[]> {
    const body = Array.from({ length: count }, () => bytes("x"));
    const answer = await client.ask("transit.encrypt", { name: "k" }, { vault: refOf(this.dir), body });
    const found = answer.body.map((one) =>
      Buffer.from(Buffer.from(one).toString().split(":")[2] ?? "", "base64").toString("hex", 0, 12),
    );
    answer.release();
    return found;
  }

  async reserved(): Promise<number> {
    const { result } = await this.#client.ask("transit.read", { name: "k" }, { vault: refOf(this.dir) });
    return result.versions[0]?.uses ?? 0;
  }

  async end(): Promise<void> {
    await this.clients[0]?.ask("agent.seal", {}, {}).catch(() => undefined);
    for (const one of this.clients) one.close();
    fs.rmSync(this.base, { recursive: true, force: true });
  }
}

/** The agent dies on entering its `count`-th call of `calls`, in whichever thread comes to so many first. */
async function killAt(pid: number, calls: string, count: number): Promise<ChildProcess> {
  const inject = `inject=${calls}:signal=KILL:when=${count}`;
  const tracer = spawn("strace", ["-f", "-o", "/dev/null", "-p", String(pid), "-e", inject], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await once(tracer.stderr, "data");
  return tracer;
}

async function stop(tracer: ChildProcess): Promise<void> {
  if (tracer.exitCode !== null || tracer.signalCode !== null) return;
  const ended = once(tracer, "exit");
  tracer.kill("SIGINT");
  // now and then it waits on for a process that is gone
  const late = setTimeout(() => tracer.kill("SIGKILL"), 2000);
  await ended;
  clearTimeout(late);
}

/** `act` with the agent killed at call after call, until it outlives it. How many kills there were. */
async function sweep(
  life: Life,
  calls: string,
  counts: Iterable<number>,
  act: (kill: () => Promise<boolean>) => Promise<void>,
): Promise<number> {
  let kills = 0;
  for (const count of counts) {
    const { pid } = life;
    const since = processStat(pid)?.startTime ?? "";
    let killed = false;
    let tracer: ChildProcess | undefined;
    await act(async () => {
      if (!tracer) {
        tracer = await killAt(pid, calls, count);
        return false;
      }
      await wait(20);
      await stop(tracer);
      killed = processStat(pid)?.startTime !== since;
      if (!killed) return false;
      await gone(pid, since);
      await life.again(uses);
      return true;
    });
    if (!killed) return kills;
    kills += 1;
  }
  return kills;
}

/** All of them in the whole version, a few in the quick one. */
function countsOf(few: readonly number[]): Iterable<number> {
  if (!slow) return few;
  const { from, to } = share(mostCalls);
  return Array.from({ length: to - from }, (_, at) => from + at + 1);
}

t.test("a kill at any call of a login gives no use back", { skip, timeout: 7_200_000 }, async (t) => {
  const life = new Life();
  t.teardown(() => life.end());
  await life.init();
  await life.connect(uses);
  const wrong: string[] = [];
  let answered = 0;
  for (const [calls, few] of [
    ["all", [40]],
    ["fdatasync,fsync", [1]],
  ] as const) {
    const kills = await sweep(life, calls, countsOf(few), async (kill) => {
      const { secret, accessor } = await life.secretId();
      await kill();
      const codes = await Promise.all(life.clients.map((one) => life.login(one, secret)));
      const done = codes.filter((code) => code === "done").length;
      if (!(await kill())) return;
      const left = await life.left(accessor);
      if (done + left > uses) wrong.push(`${done} were answered and ${left} are left`);
      const more = await Promise.all(life.clients.slice(0, left).map((one) => life.login(one, secret)));
      if (more.some((code) => code !== "done")) wrong.push(`${left} are left, and not given: ${more.join()}`);
      const [first] = life.clients;
      if (slow && first && (await life.login(first, secret)) !== "denied") wrong.push(`after ${done} and ${left} one more`);
      answered += done;
    });
    t.ok(kills >= few.length, `${calls}: ${kills} kills`);
  }
  t.same(wrong.slice(0, 5), []);
  t.comment(`${answered} logins answered before a kill`);
});

t.test(
  "a kill at any call of an encryption gives no use of the key back, and no nonce comes twice",
  { skip, timeout: 7_200_000 },
  async (t) => {
    const life = new Life();
    t.teardown(() => life.end());
    await life.init();
    await life.connect(uses);
    const all: string[] = [];
    const wrong: string[] = [];
    for (const [calls, few] of [
      ["all", [12]],
      ["fdatasync,fsync", [1]],
    ] as const) {
      const kills = await sweep(life, calls, countsOf(few), async (kill) => {
        await kill();
        const got = await Promise.all(life.clients.map((one) => life.nonces(one, 100).catch(() => [])));
        all.push(...got.flat());
        if (!(await kill())) return;
        const reserved = await life.reserved();
        if (reserved < all.length) wrong.push(`${all.length} used, ${reserved} reserved`);
        const [first] = life.clients;
        if (first) all.push(...(await life.nonces(first, 100)));
      });
      t.ok(kills >= few.length, `${calls}: ${kills} kills`);
    }
    t.same(wrong.slice(0, 5), []);
    t.equal(new Set(all).size, all.length, `${all.length} nonces`);
  },
);

t.test(
  "64 processes log in with a secret_id of 8 uses: 8 succeed",
  { skip: !slow && "not run: in test:slow", timeout: 600_000 },
  async (t) => {
    const home = fs.mkdtempSync(join(os.tmpdir(), "zvu-"));
    const about = { cwd: home, env: { HOME: home, PATH: "/usr/bin:/bin" }, encoding: "utf8" } as const;
    const zvault = join(import.meta.dirname, "../../dist/zvault");
    const run = (...argv: string[]): string => spawnSync(zvault, argv, about).stdout;
    t.teardown(() => {
      run("seal");
      fs.rmSync(home, { recursive: true, force: true });
    });
    run("init", "--key-file", "k.key", "--yes");
    run("approle", "write", "ci", "--policy", "local", "--secret-id-uses", String(uses), "--key-file", "k.key");
    run("approle", "secret-id", "ci", "--out", "ci.secret", "--key-file", "k.key");
    const { roleId } = JSON.parse(run("approle", "read", "ci", "--json")) as { roleId: string };
    const argv = ["approle", "login", "--role-id", roleId, "--secret-id", "@ci.secret", "--out"];
    const codes = await Promise.all(
      Array.from({ length: 64 }, async (_, at) => {
        const child = spawn(zvault, [...argv, `${at}.token`], { ...about, stdio: "ignore" });
        const [code] = (await once(child, "exit")) as [number];
        return code;
      }),
    );
    t.same([codes.filter((code) => code === 0).length, codes.filter((code) => code === 4).length], [uses, 64 - uses]);
    t.equal(fs.readdirSync(home).filter((name) => name.endsWith(".token")).length, uses);
  },
);
