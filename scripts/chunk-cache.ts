/**
 * `chunk-cache.ts BUNDLE.cjs OUT.cache`: compiles a chunk as chunks.ts will, lets its `warm` run once, and writes V8's code cache. Runs
 * under the flags of the executable: V8 refuses a cache made with others.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { wrapChunk } from "../src/chunks.ts";

const [bundle = "", out = ""] = process.argv.slice(2);
const script = new Script(wrapChunk(readFileSync(bundle, "latin1")), { filename: basename(bundle) });
const load = script.runInThisContext() as (...given: unknown[]) => void;
const module = { exports: {} as Record<string, unknown> };
load(module.exports, createRequire(process.execPath), module, process.execPath, "/");
const { warm } = module.exports;
if (typeof warm === "function") await (warm as () => Promise<void>)();
// the flags must be those of the start again (sys/libc.ts changes one): V8 binds the cache to them
setFlagsFromString("--turbo-fast-api-calls");
const cachedData = script.createCachedData();
writeFileSync(out, cachedData);
// V8 says nothing at run time when it refuses a cache: everything would only be slower
if (new Script(wrapChunk(readFileSync(bundle, "latin1")), { cachedData }).cachedDataRejected) throw new Error(`${out} is refused`);
// what `warm` left open is no reason to stay
process.exit(0);
