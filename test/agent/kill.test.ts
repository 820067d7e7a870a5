/** The agent killed in the middle of its work, again and again; and two agents that want the same folder. */
import * as fs from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import t from "tap";
import { type Client, connect } from "../../src/client.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { processStat } from "../../src/process-stat.ts";
import { bytes, codeOf, refOf } from "../helpers/vault.ts";
import { agentCommand, gone, makePlaces, realAgent } from "./real.ts";

const rounds = process.env["ZVAULT_TEST_SLOW"] === "1" ? 1000 : 5;

t.test(`${rounds} times kill -9 under load: nothing acknowledged is lost`, { timeout: 3_600_000 }, async (t) => {
  const { base, places } = makePlaces();
  const project = `${base}/shop`;
  fs.mkdirSync(project, { mode: 0o700 });
  const key = makeKeyFile();
  const proof = (): { credential: { kind: "key-file"; parts: Uint8Array[] } } => ({
    credential: { kind: "key-file", parts: [key.slice()] },
  });
  const options = { places, start: true, command: agentCommand() };
  let client: Client = await connect(options);
  t.teardown(async () => {
    await client.ask("agent.seal", {}, {}).catch(() => undefined);
    client.close();
    fs.rmSync(base, { recursive: true, force: true });
  });
  const made = { project: "shop", folder: ".", bind: true, entries: [{ path: "env/shop/K0" }], layouts: [] };
  await client.ask("vault.init", { dir: project, slot: "key-file" }, proof());
  const ref = () => refOf(`${project}/.zvault`);
  await client.ask("kv.import", made, { vault: ref(), body: [bytes("0")] });
  const acknowledged = new Map([["env/shop/K0", "0"]]);
  let pending: { path: string; value: string } | undefined;
  let next = 1;
  const problems: string[] = [];

  for (let round = 0; round < rounds; round++) {
    const pid = client.agentPid;
    const since = processStat(pid)?.startTime ?? "";
    const working = (async () => {
      for (;;) {
        pending = { path: `env/shop/K${next % 40}`, value: String(next) };
        next += 1;
        await client.ask("kv.put", { path: pending.path }, { vault: ref(), body: [bytes(pending.value)] });
        acknowledged.set(pending.path, pending.value);
        pending = undefined;
      }
    })().catch(() => undefined);
    await wait((round * 7) % 60);
    process.kill(pid, "SIGKILL");
    await working;
    await gone(pid, since);
    client.close();
    client = await connect(options);
    await client.ask("agent.unseal", {}, { vault: ref(), ...proof() });
    const refs = [...acknowledged.keys()].map((path) => ({ path }));
    const answer = await client.ask("kv.resolve", { folder: ".", refs }, { vault: ref() });
    for (const [at, { path }] of refs.entries()) {
      const value = Buffer.from(answer.body[at] ?? new Uint8Array()).toString();
      // what was on its way may be there or not; it is then the newer of the two
      if (value !== acknowledged.get(path) && !(pending?.path === path && pending.value === value)) {
        problems.push(`round ${round}: ${path} is ${value}, ${acknowledged.get(path)} was acknowledged`);
      }
      acknowledged.set(path, value);
    }
    answer.release();
    pending = undefined;
  }
  t.same(problems, []);
  t.match((await client.ask("vault.verify", {}, { vault: ref() })).result, { ok: true });
});

t.test(
  "a second agent, of another HOME, never gets a vault that the first one holds, not even while that is stopped",
  async (t) => {
    const first = await realAgent(t);
    const second = await realAgent(t);
    const project = `${first.base}/shop`;
    fs.mkdirSync(project, { mode: 0o700 });
    const key = makeKeyFile();
    const proof = (): { credential: { kind: "key-file"; parts: Uint8Array[] } } => ({
      credential: { kind: "key-file", parts: [key.slice()] },
    });
    await first.client.ask("vault.init", { dir: project, slot: "key-file" }, proof());
    const vault = refOf(`${project}/.zvault`);
    const adopt = (): Promise<string> => codeOf(second.client.ask("vault.adopt", {}, { vault, ...proof() }));
    t.equal(await adopt(), "vault-busy");
    process.kill(first.client.agentPid, "SIGSTOP");
    t.equal(await adopt(), "vault-busy");
    process.kill(first.client.agentPid, "SIGCONT");
    t.equal((await first.client.ask("kv.put", { path: "env/shop/A" }, { vault, body: [bytes("x")] })).result.version, 1);
  },
);
