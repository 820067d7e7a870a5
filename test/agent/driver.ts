/**
 * The hidden modes from source, with what a test wants otherwise: a cheap Argon2id, other times. Started as
 * `node driver.ts '{"time":…,"grace":…}' --agent`.
 */
import { enableCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

type Tuning = {
  time?: number;
  memory?: "mlock";
  /** at SIGUSR2: ms for which the event loop stands still */
  block?: number;
  /** at SIGUSR2: ms by which the clock is set, once */
  jump?: number;
};

// agents are started by the hundred, with an empty environment: stripping the types anew took most of the time
enableCompileCache(join(tmpdir(), `zvault-test-cache-${process.getuid?.() ?? 0}`));

const [tuning = "{}", mode] = process.argv.slice(2);
const { memory, block, jump, ...rest } = JSON.parse(tuning) as Tuning;
if (memory) (await import("../../src/sys/memory.ts")).preferMemory(memory);
const cheap = { memoryKiB: 64, passes: 1, lanes: 1 };

if (mode === "--keywork") {
  const { runKeywork } = await import("../../src/agent/keywork-main.ts");
  const { perform } = await import("../../src/vault/keywork.ts");
  await runKeywork((job) => perform(job, { use: cheap, floor: cheap }));
} else {
  const { runAgent } = await import("../../src/agent/process.ts");
  if (block !== undefined) process.on("SIGUSR2", () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, block));
  if (jump !== undefined) {
    const { now } = Date;
    let set = 0;
    Date.now = () => now() + set;
    process.once("SIGUSR2", () => void (set = jump));
  }
  const args = [...process.execArgv, fileURLToPath(import.meta.url), tuning, "--keywork"];
  await runAgent({ ...rest, keywork: { file: "/proc/self/exe", args } });
}
