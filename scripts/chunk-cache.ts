/**
 * `chunk-cache.ts BUNDLE.cjs OUT.cache`: compiles a chunk as chunks.ts will, lets it do once what it is for, and writes V8's code cache: it
 * holds the functions that have run, so they need not be compiled when they run for the first time in front of a person. Runs under the
 * flags of the executable, because V8 refuses a cache made with others; for `run` and `cli` in a project with a vault that is open.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { builtin, wrapChunk } from "../src/chunks.ts";

type Main = (argv: readonly string[]) => Promise<number>;
type Exports = { main: Main; warm: () => Promise<void> };

const [bundle = "", out = ""] = process.argv.slice(2);
const name = basename(bundle);
const script = new Script(wrapChunk(readFileSync(bundle, "latin1")), { filename: name });
const load = script.runInThisContext() as (...given: unknown[]) => void;
const module = { exports: {} as Exports };
load(module.exports, builtin, module, process.execPath, "/");

const commands = [["version"], ["ls"], ["status"]];

function finish(): never {
  // the flags must be those of the start again (sys/libc.ts changes one): V8 binds the cache to them
  setFlagsFromString("--turbo-fast-api-calls");
  const cachedData = script.createCachedData();
  writeFileSync(out, cachedData);
  // V8 says nothing at run time when it refuses a cache: everything would only be slower
  if (new Script(wrapChunk(readFileSync(bundle, "latin1")), { cachedData }).cachedDataRejected)
    throw new Error(`${out} is refused`);
  // what is still open is no reason to stay
  process.exit(0);
}

const { main, warm } = module.exports;
if (name === "run.cjs") {
  process.execve = finish; // where the program would start
  throw new Error(`zvault run ended with ${await main(["--no-mask", "--", "true"])}`);
}
if (name === "cli.cjs") {
  for (const command of commands) {
    const code = await main(command);
    if (code !== 0) throw new Error(`zvault ${command.join(" ")} ended with ${code}`);
  }
} else await warm();
finish();
