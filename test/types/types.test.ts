/** What must not compile: each line of the texts here is refused by tsc, or by the linter, for the reason behind it, and no other is. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { start } from "../helpers/start.ts";

const root = join(import.meta.dirname, "../..");
const texts = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".txt"));

const folder = mkdtempSync(join(tmpdir(), "zvault-types-"));
t.teardown(() => rmSync(folder, { recursive: true }));
for (const file of [".oxlintrc.json", "tsconfig.json", "package.json"]) copyFileSync(join(root, file), join(folder, file));
for (const name of ["node_modules", "src"]) symlinkSync(join(root, name), join(folder, name));
const config = JSON.parse(readFileSync(join(folder, "tsconfig.json"), "utf8")) as object;
writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ ...config, include: ["*.ts"] }));

/** `file:line` and the reason */
const expected: string[] = [];
for (const name of texts) {
  const text = readFileSync(join(import.meta.dirname, name), "utf8");
  const file = name.replace(".txt", ".ts");
  writeFileSync(join(folder, file), text);
  for (const [at, line] of text.split("\n").entries()) {
    const why = /^\s*[^/\s].* \/\/ (\S+)$/.exec(line)?.[1];
    if (why !== undefined) expected.push(`${file}:${at + 1} ${why}`);
  }
}

async function run(...argv: string[]): Promise<string> {
  const { stdout } = await start(["node", ...argv], { cwd: folder });
  return stdout.toString();
}

t.test("comparing, printing or forging what is secret or proof is refused line by line", async (t) => {
  const tsc = await run(join(root, "node_modules/typescript/bin/tsc"), "--noEmit", "--pretty", "false", "-p", ".");
  const lint = await run(
    join(root, "node_modules/oxlint/bin/oxlint"),
    "--type-aware",
    "--format",
    "unix",
    ...texts.map((one) => one.replace(".txt", ".ts")),
  );
  const ours = /^(?:.*\/)?(\w+\.ts)/;
  const found = [
    ...Array.from(tsc.matchAll(/^(\S+?)\((\d+),\d+\): error (TS\d+)/gm), ([, file = "", line, code]) => `${file}:${line} ${code}`),
    ...Array.from(
      lint.matchAll(/^(\S+?):(\d+):\d+: .*\/(?:[\w-]+\()?typescript\(([\w-]+)\)/gm),
      ([, file = "", line, rule]) => `${ours.exec(file)?.[1]}:${line} ${rule}`,
    ),
  ];
  t.ok(expected.length > 30, `${expected.length} lines are to be refused`);
  t.same(found.toSorted(), expected.toSorted());
});
