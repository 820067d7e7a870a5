/**
 * The parts of zvault that are loaded on demand, and how zvault starts itself. In the executable a chunk is an asset, compiled with
 * the code cache that was made when it was built (`<name>.cjs`, `<name>.cache`; plain `import()` does not work in there); from source
 * or npm it is a module.
 */
/** Chunk → its entry in src/. In dist/npm they lie side by side as `<name>.js`. */
export const chunks = {
  agent: "agent/process.ts",
  cli: "cli/main.ts",
  run: "run-lane.ts",
} as const;

export type ChunkName = keyof typeof chunks;

/** What the chunk's entry exports. Loaded once. */
export async function loadChunk(name: ChunkName): Promise<Record<string, unknown>> {
  const sea = process.getBuiltinModule("node:sea");
  if (sea.isSea()) return (loaded[name] ??= compile(name, sea));
  const file = here().endsWith(".ts") ? `./${chunks[name]}` : `./${name}.js`;
  return (await import(new URL(file, here()).href)) as Record<string, unknown>;
}

const loaded: Partial<Record<ChunkName, Record<string, unknown>>> = {};

/**
 * A CommonJS bundle as the expression that V8 compiles. The build makes the cache from exactly this text, after the chunk has run once.
 * The bundle is ASCII (esbuild's default), so that the string takes one byte a character.
 */
export function wrapChunk(bundle: string): string {
  return `(function (exports, require, module, __filename, __dirname) {${bundle}\n})`;
}

function compile(name: ChunkName, sea: typeof import("node:sea")): Record<string, unknown> {
  const { Script } = process.getBuiltinModule("node:vm");
  const source = wrapChunk(Buffer.from(sea.getRawAsset(`${name}.cjs`) as ArrayBuffer).toString("latin1"));
  const cachedData = Buffer.from(sea.getRawAsset(`${name}.cache`) as ArrayBuffer);
  const script = new Script(source, { filename: `${name}.cjs`, cachedData });
  const run = script.runInThisContext() as (...given: unknown[]) => void;
  const module = { exports: {} as Record<string, unknown> };
  run(module.exports, builtin, module, process.execPath, "/");
  return module.exports;
}

/** A chunk's `require`: it holds everything but Node's own modules. node:module's would take a millisecond to load. */
export function builtin(name: string): unknown {
  const found: unknown = process.getBuiltinModule(name);
  if (found === undefined) throw new Error(`no module ${name} in the executable`);
  return found;
}

/** How this very zvault is started once more, in one of its two hidden modes, or for a run that is watched. */
export function selfCommand(mode: "--agent" | "--keywork" | "run"): { file: string; args: string[] } {
  if (process.getBuiltinModule("node:sea").isSea()) return { file: process.execPath, args: [mode] };
  const main = new URL(here().endsWith(".ts") ? "./main.ts" : "./main.js", here());
  // without --disable-sigusr1 any program of the same user could open the inspector in the agent; the executable has it built in
  return {
    file: process.execPath,
    args: ["--disable-sigusr1", "--no-warnings", process.getBuiltinModule("node:url").fileURLToPath(main), mode],
  };
}

function here(): string {
  return import.meta.url;
}
