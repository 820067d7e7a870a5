/**
 * Where zvault starts. `run` has a lane of its own, because it stands in front of every program a person starts: it loads neither oclif
 * nor the vault's cryptography. The lane, the agent with its key-work helper, and all other commands are chunks, loaded when wanted.
 */
import { loadChunk } from "./chunks.ts";

type Main = (argv: readonly string[]) => Promise<number>;

/** With NODE_DEBUG node prints what we start, its environment with all values too. It is read before us: we begin again without it. */
function withoutDebug(): void {
  const { NODE_DEBUG: debug, ...env } = process.env;
  if (debug === undefined || debug === "" || !process.execve) return;
  const sea = process.getBuiltinModule("node:sea").isSea();
  const self = sea ? [] : [...process.execArgv, process.argv[1] ?? ""];
  const words = [process.execPath, ...self, ...process.argv.slice(2)];
  process.execve(process.execPath, words, { ...env, ZVAULT_NODE_DEBUG: debug } as NodeJS.ProcessEnv);
}

async function start(argv: readonly string[]): Promise<number> {
  const [mode] = argv;
  if (mode === "run") return ((await loadChunk("run"))["main"] as Main)(argv.slice(1));
  if (mode === "--agent" || mode === "--keywork") {
    const agent = await loadChunk("agent");
    await (agent[mode === "--agent" ? "main" : "keyworkMain"] as () => Promise<void>)();
    return 0;
  }
  const cli = await loadChunk("cli");
  return (cli["main"] as Main)(argv);
}

process.title = "zvault";
withoutDebug();
start(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  () => {
    // what goes wrong in a command is told there; this is a chunk that cannot be loaded
    process.stderr.write("zvault: error: zvault itself is damaged; install it again\n");
    process.exitCode = 70;
  },
);
