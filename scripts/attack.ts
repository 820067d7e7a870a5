/**
 * `npm run attack`: the table of docs/threat-model.md, with every test that a guarantee names run for real; then what is documented as open.
 * Words behind `--` choose guarantees that hold one of them: `npm run attack -- mask token`. Exit code 1 when one did not hold. `--check`: only
 * whether every guarantee names tests that there are.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const model = readFileSync(join(root, "docs/threat-model.md"), "utf8");

const checking = process.argv.includes("--check");
const words = process.argv.slice(2).flatMap((word) => (word.startsWith("--") ? [] : [word.toLowerCase()]));

type Guarantee = { text: string; tests: string[]; other: string[] };

function section(title: string): string {
  return model.split(/^## /m).find((one) => one.startsWith(title)) ?? "";
}

/** Every test file that a name stands for: a file, a folder, or a pattern with `*`; a transcript is played by the test beside it. */
function filesOf(name: string): string[] {
  const played = name.replace(/\.txt$/, ".test.ts");
  if (played.endsWith("/")) {
    const inside = readdirSync(join(root, played), { recursive: true, encoding: "utf8" });
    return inside.filter((file) => file.endsWith(".test.ts")).map((file) => `${played}${file}`);
  }
  if (!played.includes("*")) return existsSync(join(root, played)) ? [played] : [];
  const folder = played.slice(0, played.lastIndexOf("/"));
  const [before = "", after = ""] = played.slice(folder.length + 1).split("*");
  const names = readdirSync(join(root, folder));
  return names.filter((file) => file.startsWith(before) && file.endsWith(after)).map((file) => `${folder}/${file}`);
}

function guarantees(): Guarantee[] {
  const rows = section("What we guarantee").matchAll(/^\| (?!guarantee|-)(.+?) \| (.+?) \|$/gm);
  return Array.from(rows, ([, text = "", shown = ""]) => {
    const named = Array.from(shown.matchAll(/`(test\/[^`]+)`/g), ([, name = ""]) => name);
    const missing = named.filter((name) => filesOf(name).length === 0);
    return { text, tests: [...new Set(named.flatMap(filesOf))].toSorted(), other: missing };
  });
}

function holds(test: string): boolean {
  if (checking) return true;
  const { status } = spawnSync(process.execPath, ["--no-warnings", test], {
    cwd: root,
    env: { ...process.env, TAP_TIMEOUT: "600" },
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 1024 * 1024 * 1024,
  });
  return status === 0;
}

const chosen = guarantees().filter(({ text }) => words.length === 0 || words.some((word) => text.toLowerCase().includes(word)));
const results = new Map<string, boolean>();
let failed = 0;
for (const { text, tests, other } of chosen) {
  for (const test of tests) if (!results.has(test)) results.set(test, holds(test));
  const broken = [...tests.filter((test) => results.get(test) !== true), ...other.map((name) => `${name} (no such test)`)];
  // a guarantee that no test shows is only a sentence
  const verdict = tests.length === 0 ? "UNTESTED" : broken.length > 0 ? "BROKEN" : "held";
  if (verdict !== "held") failed += 1;
  console.log(`${verdict.padEnd(9)} ${text}${broken.length > 0 ? `\n          ${broken.join(", ")}` : ""}`);
}
console.log(
  `\n${chosen.length - failed} of ${chosen.length} guarantees ${checking ? "name their tests" : "held"}, ${results.size} tests ${checking ? "there" : "run"}\n`,
);
console.log('documented as open (docs/threat-model.md, "What we do not protect against"):');
for (const [, what] of section("What we do not protect against").matchAll(/^\* \*\*(.+?)\*\*/gm)) console.log(`  ${what}`);
process.exitCode = failed === 0 ? 0 : 1;
