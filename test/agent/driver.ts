/**
 * The hidden modes from source, with what a test wants otherwise: a cheap Argon2id, other times. Started as
 * `node driver.ts '{"time":…,"grace":…}' --agent`.
 */
import { enableCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// agents are started by the hundred, with an empty environment: stripping the types anew took most of the time
enableCompileCache(join(tmpdir(), `zvault-test-cache-${process.getuid?.() ?? 0}`));

const [tuning = "{}", mode] = process.argv.slice(2);
const { memory, ...rest } = JSON.parse(tuning) as { time?: number; memory?: "mlock" };
if (memory) (await import("../../src/sys/memory.ts")).preferMemory(memory);
const cheap = { memoryKiB: 64, passes: 1, lanes: 1 };

if (mode === "--keywork") {
  const { runKeywork } = await import("../../src/agent/keywork-main.ts");
  const { perform } = await import("../../src/vault/keywork.ts");
  await runKeywork((job) => perform(job, { use: cheap, floor: cheap }));
} else {
  const { runAgent } = await import("../../src/agent/process.ts");
  const args = [...process.execArgv, fileURLToPath(import.meta.url), tuning, "--keywork"];
  await runAgent({ ...rest, keywork: { file: "/proc/self/exe", args } });
}
