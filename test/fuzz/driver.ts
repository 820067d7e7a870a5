/**
 * The fuzzer: inputs of a kept corpus and damaged ones, against one parser. What must hold: it returns, or throws our own error (and
 * not `internal`), in bounded time and memory; what it returns is checked by the target itself, which throws `Wrong`.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { ZvaultError } from "../../src/errors.ts";
import { Coverage } from "./coverage.ts";
import { mutate, mutateJson, type Random, randomOf } from "./mutate.ts";

export type Target = {
  name: string;
  /** inputs besides those in test/vectors/fuzz/NAME */
  seeds: readonly (Uint8Array | string)[];
  /** words of the format */
  words?: readonly (Uint8Array | string)[];
  /** bytes; default 16 KiB */
  max?: number;
  /** bytes that real inputs may have: so many of one word must not take more than their time either */
  large?: number;
  /** the input is JSON, or its last line is */
  json?: boolean;
  /** Makes checksums fit again, so that what lies behind them is reached. */
  mend?(bytes: Uint8Array): Uint8Array;
  run(bytes: Uint8Array): void;
};

/** A parser let something through that it must not. */
export class Wrong extends Error {}

export function expect(holds: boolean, what: string): void {
  if (!holds) throw new Wrong(what);
}

export type Found = { problem: string; input: Uint8Array };
export type Report = { runs: number; kept: number; found: Found[]; slowest: number; rss: number };

const corpora = join(import.meta.dirname, "../vectors/fuzz");
/** seconds of processor time for one input */
const mostTime = 4;
const mostMemory = 300 * 1024 * 1024;
const batch = 512;

const bytesOf = (one: Uint8Array | string): Uint8Array => (typeof one === "string" ? new TextEncoder().encode(one) : one);

export function corpusOf(target: Target): Uint8Array[] {
  const folder = join(corpora, target.name);
  const kept = fs.existsSync(folder)
    ? fs.readdirSync(folder).map((name) => new Uint8Array(fs.readFileSync(join(folder, name))))
    : [];
  return [...target.seeds.map(bytesOf), ...kept, new Uint8Array(0)];
}

/** Adds an input to the kept corpus. */
export function keep(target: Target, input: Uint8Array): void {
  const folder = join(corpora, target.name);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(join(folder, createHash("sha256").update(input).digest("hex").slice(0, 12)), input);
}

/** What is wrong with how the target takes this input, `most` seconds of processor time included; undefined: nothing. */
export function problemOf(target: Target, input: Uint8Array, most: number = mostTime): string | undefined {
  const before = process.cpuUsage();
  try {
    // a copy of its own: nobody may lean on bytes around it
    target.run(new Uint8Array(input));
  } catch (failure) {
    if (failure instanceof Wrong) return `wrong: ${failure.message}`;
    if (!(failure instanceof ZvaultError))
      return `not ours: ${(failure as Error).stack?.split("\n").slice(0, 3).join(" ") ?? String(failure)}`;
    if (failure.code === "internal") return `internal: ${failure.message}`;
    if (failure.message.length > 16_384) return `a message of ${failure.message.length} characters`;
  }
  const { user, system } = process.cpuUsage(before);
  return user + system > most * 1e6 ? `it took ${(user + system) / 1e6} s` : undefined;
}

/** As long as real inputs may be: of one word; an eighth of that of two by turns; alone, and within the first seed. */
export function* longInputs(target: Target): Generator<Uint8Array> {
  const words = (target.words ?? []).map((one) => Buffer.from(bytesOf(one)));
  const first = Buffer.from(bytesOf(target.seeds[0] ?? ""));
  const large = target.large ?? 0;
  for (const one of words) {
    yield new Uint8Array(Buffer.alloc(large, one));
    for (const other of [...words, Buffer.from("a"), Buffer.from(" ")]) {
      const many = Buffer.alloc(large >> 3, Buffer.concat([one, other]));
      yield new Uint8Array(Buffer.concat([first.subarray(0, first.length >> 1), many, first.subarray(first.length >> 1)]));
    }
  }
}

/** Runs the corpus, then damaged inputs for `ms`. `guided`: by coverage, and with inputs as long as real ones may be. `onto`: where the input at hand is noted, for one that takes the process with it. */
export function fuzz(target: Target, o: { seed: number; ms: number; guided?: boolean; onto?: number }): Report {
  const random = randomOf(o.seed);
  const pool = corpusOf(target);
  const words = (target.words ?? []).map(bytesOf);
  const found = new Map<string, Found>();
  const report = { runs: 0, kept: 0, slowest: 0 };
  const rss = process.memoryUsage.rss();
  const run = (input: Uint8Array): void => {
    if (o.onto !== undefined) {
      fs.ftruncateSync(o.onto, 0);
      fs.writeSync(o.onto, input, 0, input.length, 0);
    }
    const began = performance.now();
    const problem = problemOf(target, input);
    report.slowest = Math.max(report.slowest, performance.now() - began);
    report.runs += 1;
    // one of each kind is enough
    const kind = problem?.replace(/\d+/g, "N").slice(0, 200);
    if (problem !== undefined && kind !== undefined && !found.has(kind)) found.set(kind, { problem, input });
  };
  for (const input of pool) run(input);
  if (o.guided && target.large !== undefined) for (const input of longInputs(target)) run(input);
  const coverage = o.guided ? new Coverage() : undefined;
  const end = performance.now() + o.ms;
  if (coverage) {
    for (const input of pool) problemOf(target, input);
    coverage.fresh();
  }
  /** Adds those of the inputs that reach something new to the pool. */
  const learn = (inputs: readonly Uint8Array[]): void => {
    // a batch of slow inputs is gone through ten times, and each look takes a moment
    if (performance.now() > end) return;
    for (const input of inputs) problemOf(target, input);
    if (!coverage?.fresh(inputs.length > 1)) return;
    const [one] = inputs;
    if (one && inputs.length === 1) {
      pool.push(one);
      report.kept += 1;
      if (process.env["ZVAULT_FUZZ_KEEP"] === "1" && one.length <= 4096) keep(target, one);
      return;
    }
    learn(inputs.slice(0, inputs.length >> 1));
    learn(inputs.slice(inputs.length >> 1));
  };
  try {
    while (performance.now() < end) {
      const inputs: Uint8Array[] = [];
      for (let at = 0; at < batch && performance.now() < end; at++) {
        const input = damaged(target, random, pool, words);
        inputs.push(input);
        run(input);
      }
      if (coverage?.fresh(true)) learn(inputs);
    }
  } finally {
    coverage?.close();
  }
  const grown = process.memoryUsage.rss() - rss;
  if (grown > mostMemory) found.set("memory", { problem: `memory grew by ${grown} bytes`, input: new Uint8Array(0) });
  return { ...report, found: [...found.values()], rss: grown };
}

function damaged(target: Target, random: Random, pool: readonly Uint8Array[], words: readonly Uint8Array[]): Uint8Array {
  const max = target.max ?? 16_384;
  const one = (target.json && random(3) > 0 ? byJson(random, pool) : undefined) ?? mutate(random, pool, words, max);
  return (target.mend && random(2) === 0 ? target.mend(one) : one).subarray(0, max);
}

/** The last line changed as JSON; what stands before it stays. */
function byJson(random: Random, pool: readonly Uint8Array[]): Uint8Array | undefined {
  const text = new TextDecoder().decode(pool[random(pool.length)]);
  const at = text.lastIndexOf("\n") + 1;
  const json = mutateJson(random, text.slice(at));
  return json === undefined ? undefined : bytesOf(text.slice(0, at) + json);
}
