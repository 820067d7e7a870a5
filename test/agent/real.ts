/** A real agent in a process of its own, for a world of temp folders. `env -i`: tap adds NODE_OPTIONS to whatever node spawns. */
import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Client, connect, type ConnectOptions } from "../../src/client.ts";
import type { Places } from "../../src/locate.ts";
import { isGone, processStat } from "../../src/process-stat.ts";
import type { Command } from "../../src/start-agent.ts";

/** `memory`: another kind of locked memory than the best; `block`, `jump`: see driver.ts */
export type Tuning = { time?: number; grace?: number; memory?: "mlock"; block?: number; jump?: number };

const driver = fileURLToPath(new URL("driver.ts", import.meta.url));

export function agentCommand(tuning: Tuning = {}): Command {
  const node = [process.execPath, "--disable-sigusr1", "--no-warnings", driver, JSON.stringify(tuning), "--agent"];
  return { file: "/usr/bin/env", args: ["-i", ...node] };
}

/** Places in a new temp folder; its path is short, sockets allow 107 bytes. */
export function makePlaces(): { base: string; places: Places } {
  const base = fs.realpathSync(fs.mkdtempSync(join(os.tmpdir(), "zva-")));
  const places = { config: `${base}/config/zvault`, state: `${base}/state/zvault`, runtime: `${base}/run/zvault` };
  fs.mkdirSync(`${base}/run`, { mode: 0o700 });
  return { base, places };
}

type T = { teardown(act: () => void | Promise<void>): void };

/** Connects to an agent of its own that this starts; it is ended when the test ends. */
export async function realAgent(
  t: T,
  tuning: Tuning = {},
): Promise<{ client: Client; base: string; places: Places; options: ConnectOptions }> {
  const { base, places } = makePlaces();
  const options: ConnectOptions = { places, start: true, command: agentCommand(tuning) };
  const client = await connect(options);
  const pid = client.agentPid;
  const since = processStat(pid)?.startTime ?? "";
  t.teardown(async () => {
    client.close();
    if (!isGone(pid, since)) process.kill(pid, "SIGTERM");
    await gone(pid, since);
    fs.rmSync(base, { recursive: true, force: true });
  });
  return { client, base, places, options };
}

/** Waits until the process is gone; fails after 20 s. */
export async function gone(pid: number, since: string): Promise<void> {
  for (let tries = 0; tries < 2000; tries += 1) {
    if (isGone(pid, since)) return;
    await wait(10);
  }
  throw new Error(`process ${pid} is still there`);
}
