/**
 * Where zvault starts. `run` has a lane of its own, because it stands in front of every program a person starts: it loads neither oclif
 * nor the vault's cryptography. The agent, the key-work helper and all other commands are chunks, loaded when they are wanted.
 */
import { loadChunk } from "./chunks.ts";
import type { makeResolver } from "./resolve.ts";

type Main = (argv: readonly string[]) => Promise<number>;

async function start(argv: readonly string[]): Promise<number> {
  const [mode] = argv;
  if (mode === "run") return run(argv.slice(1));
  if (mode === "--agent" || mode === "--keywork") {
    const agent = await loadChunk("agent");
    await (agent[mode === "--agent" ? "main" : "keyworkMain"] as () => Promise<void>)();
    return 0;
  }
  const cli = await loadChunk("cli");
  return (cli["main"] as Main)(argv);
}

async function run(argv: readonly string[]): Promise<number> {
  const { run: walk } = await import("./run/run.ts");
  const cwd = process.cwd();
  // made on first use: a run that misses nothing needs neither HOME nor a vault
  let made: ReturnType<typeof makeResolver> | undefined;
  async function resolver(): Promise<ReturnType<typeof makeResolver>> {
    return (made ??= (await import("./resolve.ts")).makeResolver(process.env, cwd));
  }
  const code = await walk({
    argv,
    env: process.env,
    cwd,
    resolver: { resolve: async (request) => (await resolver()).resolve(request), unseal: async () => (await resolver()).unseal() },
  });
  made?.close();
  return code;
}

process.title = "zvault";
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
