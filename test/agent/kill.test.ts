/** The agent killed in the middle of its work, again and again. */
import "../helpers/detached.ts";
import * as fs from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import t from "tap";
import { type Client, connect } from "../../src/client.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { processStat } from "../../src/process-stat.ts";
import { share, slow } from "../helpers/slow.ts";
import { bytes, refOf } from "../helpers/vault.ts";
import { agentCommand, gone, makePlaces } from "./real.ts";

type Proof = { credential: { kind: "key-file"; parts: Uint8Array[] } };
/** path → value; undefined: deleted */
type Change = Map<string, string | undefined>;

/** One of several who write at the same time, each to paths of its own; it knows what was acknowledged and what was on its way. */
class Writer {
  readonly prefix: string;
  acknowledged: Map<string, string> = new Map();
  pending: Change = new Map();
  #next = 0;

  constructor(number: number) {
    this.prefix = `env/shop/W${number}_`;
  }

  /** Until the agent is gone; why it ended. */
  async work(client: Client, dir: string, proof: () => Proof): Promise<string> {
    try {
      for (;;) await this.#step(client, dir, proof);
    } catch (failure) {
      return (failure as Error).message;
    }
  }

  async #step(client: Client, dir: string, proof: () => Proof): Promise<void> {
    const vault = refOf(dir);
    const at = this.#next++;
    const path = `${this.prefix}${at % 15}`;
    if (at % 40 === 39)
      return void (await client.ask(at % 80 === 39 ? "vault.rotate" : "vault.compact", {}, { vault, ...proof() }));
    if (at % 10 === 9) {
      this.pending = new Map([0, 1, 2].map((one) => [`${this.prefix}${one}`, `import ${at} ${one}`]));
      const entries = [...this.pending.keys()].map((one) => ({ path: one }));
      const body = [...this.pending.values()].map((one) => bytes(one ?? ""));
      await client.ask("kv.import", { project: "shop", folder: ".", bind: true, entries, layouts: [] }, { vault, body });
    } else if (at % 7 === 6 && this.acknowledged.has(path)) {
      this.pending = new Map([[path, undefined]]);
      await client.ask("kv.delete", { path }, { vault });
    } else {
      this.pending = new Map([[path, String(at)]]);
      await client.ask("kv.put", { path }, { vault, body: [bytes(String(at))] });
    }
    this.acknowledged = this.#after();
    this.pending = new Map();
  }

  #after(): Map<string, string> {
    const after = new Map(this.acknowledged);
    for (const [path, value] of this.pending) {
      if (value === undefined) after.delete(path);
      else after.set(path, value);
    }
    return after;
  }

  /** What was on its way may be there or not, whole. */
  problem(all: ReadonlyMap<string, string>): string | undefined {
    const found = new Map([...all].filter(([path]) => path.startsWith(this.prefix)));
    const text = (content: ReadonlyMap<string, string>): string => JSON.stringify([...content].toSorted());
    const allowed = [this.acknowledged, this.#after()].map(text);
    const fits = allowed.includes(text(found));
    this.acknowledged = found;
    this.pending = new Map();
    return fits ? undefined : `found ${text(found)}, expected ${allowed.join(" or ")}`;
  }
}

const { from, to } = share(slow ? 1000 : 5);

t.test(`${to - from} times kill -9 under load: nothing acknowledged is lost`, { timeout: 3_600_000 }, async (t) => {
  const { base, places } = makePlaces();
  const project = `${base}/shop`;
  const dir = `${project}/.zvault`;
  fs.mkdirSync(project, { mode: 0o700 });
  const key = makeKeyFile();
  const proof = (): Proof => ({ credential: { kind: "key-file", parts: [key.slice()] } });
  const options = { places, start: true, command: agentCommand() };
  let client: Client = await connect(options);
  t.teardown(async () => {
    await client.ask("agent.seal", {}, {}).catch(() => undefined);
    client.close();
    fs.rmSync(base, { recursive: true, force: true });
  });
  await client.ask("vault.init", { dir: project, slot: "key-file" }, proof());
  await client.ask("kv.import", { project: "shop", folder: ".", bind: true, entries: [], layouts: [] }, { vault: refOf(dir) });
  const writers = [1, 2, 3].map((number) => new Writer(number));
  const problems: string[] = [];

  async function content(): Promise<Map<string, string>> {
    const { result } = await client.ask("kv.list", { prefix: "" }, { vault: refOf(dir) });
    const refs = result.secrets.map(({ path }) => ({ path }));
    if (refs.length === 0) return new Map();
    const answer = await client.ask("kv.resolve", { folder: ".", refs }, { vault: refOf(dir) });
    const found = new Map(refs.map(({ path }, at) => [path, Buffer.from(answer.body[at] ?? []).toString()]));
    answer.release();
    return found;
  }

  let inFlight = 0;
  for (let round = from; round < to; round++) {
    const pid = client.agentPid;
    const since = processStat(pid)?.startTime ?? "";
    const more = await Promise.all([connect(options), connect(options)]);
    const working = writers.map((one, at) => one.work([client, ...more][at] ?? client, dir, proof));
    await wait((round * 13) % 89);
    process.kill(pid, "SIGKILL");
    const ends = await Promise.all(working);
    problems.push(...ends.filter((one) => !one.startsWith("the agent went away")).map((one) => `round ${round}: ${one}`));
    inFlight += writers.filter((one) => one.pending.size > 0).length;
    await gone(pid, since);
    for (const one of [client, ...more]) one.close();
    client = await connect(options);
    await client.ask("agent.unseal", {}, { vault: refOf(dir), ...proof() });
    const found = await content();
    for (const one of writers) {
      const problem = one.problem(found);
      if (problem !== undefined) problems.push(`round ${round}: ${problem}`);
    }
    if (round % 50 === 0 || round === to - 1) {
      t.match((await client.ask("vault.verify", {}, { vault: refOf(dir) })).result, { ok: true }, `verified after round ${round}`);
      // said now: a piece that runs out of time has shown this much
      t.same(problems.slice(0, 5), [], `nothing lost in rounds ${from} to ${round}`);
    }
  }
  t.ok(inFlight > (to - from) / 2, "the agent was killed while it worked");
  t.comment(`${to - from} kills, ${inFlight} changes on their way, ${problems.length} rounds with something lost`);
});
