/**
 * An agent that stands still: stopped by a signal, with a blocked event loop, with a clock that was set; and two agents that want the
 * same folder. What was acknowledged is there, the lock holds, and no key outlives its time.
 */
import "../helpers/detached.ts";
import * as fs from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import t from "tap";
import { type Client, connect } from "../../src/client.ts";
import { makeKeyFile } from "../../src/key-file.ts";
import { processStat } from "../../src/process-stat.ts";
import type { VaultRef } from "../../src/protocol.ts";
import { slow } from "../helpers/slow.ts";
import { bytes, codeOf, refOf } from "../helpers/vault.ts";
import { gone, realAgent, type Tuning } from "./real.ts";

/** ms */
const still = slow ? 30_000 : 800;

type T = Parameters<typeof realAgent>[0];
type Proof = { credential: { kind: "key-file"; parts: Uint8Array[] } };
type Begun = Awaited<ReturnType<typeof realAgent>> & { pid: number; vault: VaultRef; proof(): Proof };

/** An agent of its own with an open vault that holds env/shop/A = "first". */
async function begin(t: T, tuning: Tuning = {}): Promise<Begun> {
  const agent = await realAgent(t, tuning);
  const project = `${agent.base}/shop`;
  fs.mkdirSync(project, { mode: 0o700 });
  const key = makeKeyFile();
  const proof = (): Proof => ({ credential: { kind: "key-file", parts: [key.slice()] } });
  await agent.client.ask("vault.init", { dir: project, slot: "key-file" }, proof());
  const vault = refOf(`${project}/.zvault`);
  const bind = { project: "shop", folder: ".", bind: true, entries: [], layouts: [] };
  await agent.client.ask("kv.import", bind, { vault, ...proof() });
  await put(agent.client, vault, "first");
  return { ...agent, pid: agent.client.agentPid, vault, proof };
}

async function put(client: Client, vault: VaultRef, value: string): Promise<void> {
  await client.ask("kv.put", { path: "env/shop/A" }, { vault, body: [bytes(value)] });
}

async function value(client: Client, vault: VaultRef): Promise<string> {
  const answer = await client.ask("kv.resolve", { folder: ".", refs: [{ path: "env/shop/A" }] }, { vault });
  const text = Buffer.from(answer.body[0] ?? []).toString();
  answer.release();
  return text;
}

const ways: [string, Tuning, (pid: number) => Promise<void>][] = [
  [
    "stopped by a signal",
    {},
    async (pid) => {
      process.kill(pid, "SIGSTOP");
      await wait(still);
      process.kill(pid, "SIGCONT");
    },
  ],
  [
    "with a blocked event loop",
    { block: still },
    async (pid) => {
      process.kill(pid, "SIGUSR2");
      await wait(still);
    },
  ],
];

for (const [name, tuning, stand] of ways) {
  t.test(
    `an agent ${name} for ${still} ms: clients wait, nobody else gets the vault, nothing is lost`,
    { timeout: 200_000 },
    async (t) => {
      const first = await begin(t, tuning);
      const { client, vault, pid } = first;
      const second = await realAgent(t);
      const adopt = (): Promise<string> => codeOf(second.client.ask("vault.adopt", {}, { vault, ...first.proof() }));
      t.equal(await adopt(), "vault-busy");
      const standing = stand(pid);
      // one request on a connection that is there, one on a new one; both are sent while nobody answers
      await wait(50);
      const waiting = put(client, vault, "second");
      const other = await connect(first.options);
      const alsoWaiting = other.ask("kv.put", { path: "env/shop/B" }, { vault, body: [bytes("b")] });
      const tries: string[] = [];
      for (let at = 0; at < 5; at++) {
        tries.push(await adopt());
        await wait(still / 8);
      }
      t.same(
        tries,
        Array.from({ length: 5 }, () => "vault-busy"),
      );
      await standing;
      await waiting;
      await alsoWaiting;
      t.equal(other.agentPid, pid, "no second agent was started");
      t.equal(await value(client, vault), "second");
      t.match((await client.ask("vault.verify", {}, { vault })).result, { ok: true });
      t.comment(`${still} ms ${name}: ${tries.length} tries of another agent refused, 2 requests answered, 0 lost`);
      other.close();
    },
  );

  t.test(`keys whose time ran out while the agent was ${name} serve nobody`, async (t) => {
    const { client, vault, pid, proof } = await begin(t, tuning.block === undefined ? tuning : { block: 1500 });
    await client.ask("agent.unseal", { lifetime: 1 }, { vault, ...proof() });
    if (tuning.block === undefined) {
      process.kill(pid, "SIGSTOP");
      const late = codeOf(value(client, vault));
      await wait(1500);
      process.kill(pid, "SIGCONT");
      t.equal(await late, "sealed");
    } else {
      process.kill(pid, "SIGUSR2");
      await wait(50);
      t.equal(await codeOf(value(client, vault)), "sealed");
    }
  });
}

t.test("a stopped agent that is killed frees the vault, and what it had acknowledged is there for the next one", async (t) => {
  const first = await begin(t);
  const { client, vault, pid, proof } = first;
  const since = processStat(pid)?.startTime ?? "";
  const second = await realAgent(t);
  process.kill(pid, "SIGSTOP");
  const lost = codeOf(put(client, vault, "second"));
  t.equal(await codeOf(second.client.ask("vault.adopt", {}, { vault, ...proof() })), "vault-busy");
  process.kill(pid, "SIGKILL");
  t.equal(await lost, "internal", "whether it was done is not known");
  await gone(pid, since);
  await second.client.ask("vault.adopt", {}, { vault, ...proof() });
  const now = refOf(vault.dir);
  t.equal(await value(second.client, now), "first");
  await put(second.client, now, "third");
  t.equal(await value(second.client, now), "third");
});

for (const hours of [-1, 1]) {
  t.test(`a clock set by ${hours} h lengthens no key's life, and the audit log's times go on`, async (t) => {
    const { client, vault, pid, proof } = await begin(t, { jump: hours * 3_600_000 });
    await client.ask("agent.unseal", { lifetime: 2 }, { vault, ...proof() });
    process.kill(pid, "SIGUSR2");
    await wait(2300);
    t.equal(await codeOf(value(client, vault)), "sealed");
    await client.ask("agent.unseal", {}, { vault, ...proof() });
    await put(client, vault, "second");
    const { lines } = (await client.ask("audit.tail", { lines: 50 }, { vault })).result;
    const times = lines.map((line) => String(line["time"]));
    t.same(times, times.toSorted(), "no line is earlier than the one before");
    const [before, after] = [times[0] ?? "", times.at(-1) ?? ""].map((time) => new Date(time).getTime());
    const passed = (after ?? 0) - (before ?? 0);
    t.ok(hours > 0 ? passed >= 3_600_000 : passed < 600_000, `${passed} ms passed in the log`);
  });
}
