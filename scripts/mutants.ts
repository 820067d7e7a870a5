/**
 * Mutants: one small sabotage each, and the test that must find it. `node scripts/mutants.ts [NAME…]` applies them one at a time to a copy
 * of the sources, runs the named tests there, and says which survived; exit code 1 if any did, or if a test fails without any (BROKEN). Part
 * of `npm run test:slow`. `node scripts/mutants.ts --check` only says which do not fit the sources any more. They stand in mutants/, by room.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mutant } from "./mutants/mutant.ts";
import { mutants } from "./mutants/table.ts";

const root = join(import.meta.dirname, "..");

function apply(folder: string, mutant: Mutant): void {
  const path = join(folder, mutant.file);
  if (!fits(folder, mutant)) throw new Error(`${mutant.file} does not hold exactly once: ${mutant.from}`);
  writeFileSync(
    path,
    readFileSync(path, "utf8").replace(mutant.from, () => mutant.to),
  );
}

function fits(folder: string, { file, from, test }: Mutant): boolean {
  return existsSync(join(folder, test)) && readFileSync(join(folder, file), "utf8").split(from).length === 2;
}

const whole = new Map<string, boolean>();

/** Whether a test passes without any mutant in such a copy: one that does not kills nothing. */
function passesWhole(test: string): boolean {
  let known = whole.get(test);
  if (known === undefined) {
    known = inCopy((folder) => passes(folder, test));
    whole.set(test, known);
  }
  return known;
}

function inCopy<T>(act: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "zvault-mutant-"));
  // some tests start another user's program on the sources
  chmodSync(folder, 0o755);
  try {
    for (const part of ["src", "test", "scripts", "package.json", "tsconfig.json", ".oxlintrc.json", "docs"])
      cpSync(join(root, part), join(folder, part), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    return act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** True when the test passes. */
function passes(folder: string, test: string): boolean {
  const tap = join(root, "node_modules/.bin/tap");
  const { status } = spawnSync(tap, ["--reporter=silent", test], { cwd: folder, stdio: "ignore", timeout: 300_000 });
  return status === 0;
}

if (process.argv[2] === "--check") {
  const lost = Object.entries(mutants).filter(([, mutant]) => !fits(root, mutant));
  for (const [name, { file }] of lost) console.log(`${name}: ${file} is another now`);
  console.log(`${Object.keys(mutants).length} mutants, ${lost.length} do not fit`);
  process.exit(lost.length === 0 ? 0 : 1);
}

let survived = 0;
const wanted = process.argv.slice(2);
for (const name of wanted) if (!Object.hasOwn(mutants, name)) throw new Error(`there is no mutant ${name}`);
for (const [name, mutant] of Object.entries(mutants)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const found = inCopy((folder) => {
    apply(folder, mutant);
    return !passes(folder, mutant.test);
  });
  const killed = found && passesWhole(mutant.test);
  if (!killed) survived += 1;
  const verdict = killed ? "killed  " : found ? "BROKEN  " : "SURVIVED";
  console.log(`${verdict}  ${name.padEnd(42)} ${mutant.test}`);
}
console.log(`${survived === 0 ? "no mutant" : `${survived} mutants`} survived`);
process.exitCode = survived === 0 ? 0 : 1;
