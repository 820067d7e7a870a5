/**
 * Every parser against a kept corpus and damaged inputs: a quarter of a second each, 60 s and guided by coverage with ZVAULT_TEST_SLOW=1. ZVAULT_FUZZ=NAME takes one,
 * ZVAULT_FUZZ_MS another time, ZVAULT_TEST_SEED another seed; ZVAULT_FUZZ_KEEP=1 adds inputs that reached something new to the corpus.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import t from "tap";
import { slow } from "../helpers/slow.ts";
import { corpusOf, fuzz, problemOf, type Target } from "./driver.ts";
import { textTargets } from "./text-targets.ts";
import { vaultTargets } from "./vault-targets.ts";
import { wireTargets } from "./wire-targets.ts";

const only = process.env["ZVAULT_FUZZ"];
const ms = Number(process.env["ZVAULT_FUZZ_MS"] ?? (slow ? 60_000 : 250));
const seed = Number(process.env["ZVAULT_TEST_SEED"] ?? 20_261_125);
const targets: Target[] = [...wireTargets, ...textTargets, ...vaultTargets].filter(
  ({ name }) => only === undefined || name === only,
);

// whoever reads the files of the corpus can say which test they belong to
const base = fs.mkdtempSync(join(os.tmpdir(), "zvault-fuzz-last-"));
t.teardown(() => fs.rmSync(base, { recursive: true, force: true }));
let runs = 0;
let wrong = 0;

for (const target of targets) {
  t.test(`${target.name}: any bytes are read, or refused in our own words`, { timeout: 600_000 }, async (t) => {
    const onto = fs.openSync(`${base}/${target.name}`, "w");
    const report = fuzz(target, { seed, ms, guided: slow, ...(slow ? { onto } : {}) });
    fs.closeSync(onto);
    for (const { problem, input } of report.found) {
      wrong += 1;
      t.fail(`${problem} (input ${input.length > 2000 ? `of ${input.length} bytes` : Buffer.from(input).toString("base64")})`);
      if (process.env["ZVAULT_FUZZ_SAVE"] !== undefined)
        fs.writeFileSync(`${process.env["ZVAULT_FUZZ_SAVE"]}/${target.name}-${wrong}`, input);
    }
    runs += report.runs;
    t.comment(
      `${target.name}: ${report.runs} runs, corpus of ${corpusOf(target).length}, ${report.kept} inputs reached something new, slowest ${Math.ceil(report.slowest)} ms`,
    );
    t.ok(report.runs > corpusOf(target).length, `${report.runs} runs`);
  });
}

t.test("the fuzzer finds what is wrong", async (t) => {
  const bad: Target = {
    name: "bad",
    seeds: ["abc\0\0\0\x04"],
    run: (bytes) => void (bytes.length >= 7 && new DataView(bytes.buffer).getUint8(bytes[6] ?? 0)),
  };
  t.match(fuzz(bad, { seed: 1, ms: 200 }).found[0]?.problem, /not ours: RangeError/);
  const slowOne: Target = {
    name: "slow",
    seeds: ["x"],
    run() {
      const began = process.cpuUsage();
      for (let sum = 0, used = 0; used < 300_000;) {
        for (let at = 0; at < 1e7; at++) sum += at;
        const { user, system } = process.cpuUsage(began);
        used = sum > 0 ? user + system : 0;
      }
    },
  };
  t.match(problemOf(slowOne, new Uint8Array(1), 0.2), /it took/);
});

t.teardown(() => t.comment(`${runs} runs in all, ${wrong} wrong`));
