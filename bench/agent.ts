/** Figures of the agent: opening many secrets by the executable; over its socket requests against an empty round trip, and syncs by strace. */
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { type Client, connect } from "../src/client.ts";
import { makeKeyFile } from "../src/key-file.ts";
import type { VaultRef } from "../src/protocol.ts";
import { type Command, interleaved, median, ratio, report } from "./measure.ts";

type Vault = { client: Client; ref(): VaultRef; key: Uint8Array; base: string };

/** Those of an executable whose HOME is `base`. */
function placesOf(base: string): { config: string; state: string; runtime: string } {
  const state = `${base}/.local/state/zvault`;
  return { config: `${base}/.config/zvault`, state, runtime: `${state}/run` };
}

async function makeVault(): Promise<Vault> {
  const base = fs.realpathSync(fs.mkdtempSync(join(os.tmpdir(), "zvb-")));
  const places = placesOf(base);
  const client = await connect({ places, start: true });
  const key = makeKeyFile();
  fs.writeFileSync(`${base}/k.key`, key, { mode: 0o600 });
  await client.ask("vault.init", { dir: base, slot: "key-file" }, { credential: { kind: "key-file", parts: [key.slice()] } });
  const ref = (): VaultRef => {
    const file = fs.statSync(`${base}/.zvault/vault`, { bigint: true });
    const id = Buffer.alloc(16);
    const fd = fs.openSync(`${base}/.zvault/vault`, "r");
    fs.readSync(fd, id, 0, 16, 16);
    fs.closeSync(fd);
    return { id: id.toString("hex"), dir: `${base}/.zvault`, dev: String(file.dev), ino: String(file.ino) };
  };
  return { client, ref, key, base };
}

async function end(vault: Vault): Promise<void> {
  await vault.client.ask("agent.seal", {}, {});
  vault.client.close();
  await wait(200);
  fs.rmSync(vault.base, { recursive: true, force: true });
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function fill(vault: Vault, count: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, at) => ({ path: `env/shop/KEY_${at}` }));
  const body = entries.map((one) => bytes(`the value of ${one.path}`));
  await vault.client.ask(
    "kv.import",
    { project: "shop", folder: ".", bind: true, entries, layouts: [] },
    { vault: vault.ref(), body },
  );
}

/** Whole unseals by the executable, agent and helper not running: an empty vault, 10,000 secrets from one import, from single puts. */
async function unseals(zvault: string): Promise<void> {
  const fills: Record<string, (vault: Vault) => Promise<void>> = {
    empty: async () => {},
    imported: (vault) => fill(vault, 10_000),
    async single(vault) {
      for (let at = 0; at < 10_000; at++)
        await vault.client.ask("kv.put", { path: `env/shop/KEY_${at}` }, { vault: vault.ref(), body: [bytes(`value ${at}`)] });
    },
  };
  const commands: Record<string, Command> = { n: { argv: [process.execPath, "-e", "0"] } };
  const bases: string[] = [];
  // all of them: a user has one agent, and another that practises or compares its mirror would be measured along
  const sealAll = (): void => {
    for (const base of bases)
      spawnSync(zvault, ["seal"], { cwd: base, env: { HOME: base, PATH: "/usr/bin:/bin" }, stdio: "ignore" });
  };
  for (const [name, make] of Object.entries(fills)) {
    const vault = await makeVault();
    await make(vault);
    await vault.client.ask("agent.seal", {}, {});
    vault.client.close();
    const about = { cwd: vault.base, env: { HOME: vault.base, PATH: "/usr/bin:/bin" } };
    commands[name] = { argv: [zvault, "unseal", "--key-file", "k.key"], ...about, before: sealAll };
    bases.push(vault.base);
  }
  const { n = NaN, empty = NaN, imported = NaN, single = NaN } = interleaved(commands, 20);
  report("zvault unseal --key-file, agent and helper not running", ratio(empty, n), "");
  report("… of 10,000 secrets from one import, beyond that", ratio(imported - empty, n), "≤ 2 n");
  report("… of 10,000 secrets from single puts, beyond that", ratio(single - empty, n), "≤ 2 n");
  sealAll();
  for (const base of bases) fs.rmSync(base, { recursive: true, force: true });
}

async function roundTrips(): Promise<void> {
  const vault = await makeVault();
  await fill(vault, 20);
  const refs = Array.from({ length: 20 }, (_, at) => ({ path: `env/shop/KEY_${at}` }));
  const [empty, resolve]: [number[], number[]] = [[], []];
  for (let round = 0; round < 400; round++) {
    let started = performance.now();
    await vault.client.ask("agent.status", {}, {});
    empty.push(performance.now() - started);
    started = performance.now();
    (await vault.client.ask("kv.resolve", { folder: ".", refs }, { vault: vault.ref() })).release();
    resolve.push(performance.now() - started);
  }
  // the agent's own code has become warm by then
  const [one, twenty] = [median(empty.slice(200)), median(resolve.slice(200))];
  report("request of 20 references, of an empty round trip", `${(twenty / one).toFixed(1)} ×`, "≤ 12 ×");
  report("the same, in ms", `${twenty.toFixed(2)} ms`, "");
  await end(vault);
}

/** Syncs of the agent while `act` runs. */
async function syncs(vault: Vault, act: () => Promise<void>): Promise<number> {
  const file = `${vault.base}/strace`;
  const strace = spawn("strace", ["-f", "-e", "trace=fsync,fdatasync", "-o", file, "-p", String(vault.client.agentPid)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await once(strace.stderr, "data");
  await act();
  await wait(100);
  strace.kill("SIGINT");
  await once(strace, "exit");
  return fs
    .readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => /f(data)?sync\(/.test(line)).length;
}

async function countSyncs(): Promise<void> {
  if (spawnSync("strace", ["-V"]).status !== 0) return report("syncs", "not run: strace", "");
  const vault = await makeVault();
  await fill(vault, 20);
  const { client } = vault;
  const get = async (asker: Client): Promise<void> =>
    (await asker.ask("kv.resolve", { folder: ".", refs: [{ path: "env/shop/KEY_1" }] }, { vault: vault.ref() })).release();
  const times = 50;
  const gets = await syncs(vault, async () => {
    for (let at = 0; at < times; at++) await get(client);
  });
  report("syncs of one read", (gets / times).toFixed(2), "1");
  const puts = await syncs(vault, async () => {
    for (let at = 0; at < times; at++)
      await client.ask("kv.put", { path: "env/shop/KEY_1" }, { vault: vault.ref(), body: [bytes(`again ${at}`)] });
  });
  report("syncs of one put", (puts / times).toFixed(2), "2");
  const places = placesOf(vault.base);
  const clients = await Promise.all(Array.from({ length: 8 }, () => connect({ places, start: false })));
  const shared = await syncs(vault, async () => {
    await Promise.all(
      clients.map(async (one) => {
        for (let at = 0; at < times; at++) await get(one);
      }),
    );
  });
  report("syncs of one read, 8 clients", (shared / (8 * times)).toFixed(2), "≤ 0.4");
  for (const one of clients) one.close();
  await end(vault);
}

export async function agentFigures(zvault: string): Promise<void> {
  await unseals(zvault);
  await roundTrips();
  await countSyncs();
}
