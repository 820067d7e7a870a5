/**
 * The hidden modes from source, with what a test wants otherwise: a cheap Argon2id, other times. Started as
 * `node driver.ts '{"time":…,"grace":…}' --agent`.
 */
import { fileURLToPath } from "node:url";
import { runAgent } from "../../src/agent/process.ts";
import { runKeywork } from "../../src/agent/keywork-main.ts";
import { type Preference, preferMemory } from "../../src/sys/memory.ts";
import { perform } from "../../src/vault/keywork.ts";

const [tuning = "{}", mode] = process.argv.slice(2);
const { memory, ...rest } = JSON.parse(tuning) as { time?: number; memory?: Preference };
if (memory) preferMemory(memory);
const cheap = { memoryKiB: 64, passes: 1, lanes: 1 };

if (mode === "--keywork") await runKeywork((job) => perform(job, { use: cheap, floor: cheap }));
else {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), tuning, "--keywork"];
  await runAgent({ ...rest, keywork: { file: "/proc/self/exe", args } });
}
