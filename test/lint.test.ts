/** The import directions of docs/design.md and the awaited promise are rules of the linter, not of memory: each is broken here once. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t from "tap";
import { start } from "./helpers/start.ts";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "zvault-lint-"));
t.teardown(() => rmSync(folder, { recursive: true }));
for (const file of [".oxlintrc.json", "tsconfig.json"]) copyFileSync(join(root, file), join(folder, file));
symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));

/** Output of the linter for one file with this text. */
async function lint(path: string, text: string): Promise<{ status: number; output: string }> {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  const argv = ["node", join(root, "node_modules/oxlint/bin/oxlint"), "--type-aware", "--deny-warnings", path];
  const { status, stdout, stderr } = await start(argv, { cwd: folder });
  rmSync(file);
  return { status, output: stdout.toString() + stderr.toString() };
}

const refused: [string, string][] = [
  ["src/crypto/a.ts", "../errors.ts"],
  ["src/crypto/a.ts", "../vault/log.ts"],
  ["src/sys/a.ts", "../errors.ts"],
  ["src/sys/a.ts", "../crypto/secret.ts"],
  ["src/envfile/a.ts", "../client.ts"],
  ["src/envfile/a.ts", "../run/plan.ts"],
  ["src/scan/a.ts", "../envfile/parse.ts"],
  ["src/scan/rules/a.ts", "../../sys/fs.ts"],
  ["src/signs/a.ts", "../client.ts"],
  ["src/readers/a.ts", "../errors.ts"],
  ["src/readers/a.ts", "../envfile/parse.ts"],
  ["src/policy/a.ts", "../vault/policy/book.ts"],
  ["src/policy/a.ts", "../client.ts"],
  ["src/run/a.ts", "../policy/parse.ts"],
  ["src/run/a.ts", "../readers/find.ts"],
  ["src/signs/a.ts", "../sys/tty.ts"],
  ["src/vault/a.ts", "../signs/judge.ts"],
  ["src/run/a.ts", "../client.ts"],
  ["src/run/mask/a.ts", "../../vault/gate.ts"],
  ["src/vault/a.ts", "../agent/main.ts"],
  ["src/vault/a.ts", "../sys/fs.ts"],
  ["src/vault/engines/a.ts", "../../client.ts"],
  ["src/vault/io.ts", "../client.ts"],
  ["src/agent/a.ts", "../cli/base.ts"],
  ["src/agent/a.ts", "../client.ts"],
  ["src/cli/a.ts", "../vault/vault.ts"],
  ["src/cli/a.ts", "../agent/main.ts"],
  ["src/commands/a.ts", "../vault/gate.ts"],
  ["src/commands/kv/a.ts", "../../crypto/secret.ts"],
  ["src/commands/a.ts", "../sys/tty.ts"],
  ["src/client.ts", "./vault/vault.ts"],
  ["src/client.ts", "./cli/base.ts"],
  ["src/frame.ts", "./agent/main.ts"],
  ["src/main.ts", "./cli/main.ts"],
  ["src/main.ts", "./agent/main.ts"],
  ["src/resolve.ts", "./vault/places.ts"],
  ["src/locate.ts", "./vault/known.ts"],
  ["src/verbs.ts", "./client.ts"],
  ["src/errors.ts", "./sys/fs.ts"],
  ["src/calls/a.ts", "../client.ts"],
  ["src/envfile/a.ts", "../calls/kv.ts"],
];

/** What the linter says to each import, in as few runs as there are rows about the same file. */
async function verdicts(rows: readonly [path: string, target: string][]): Promise<string[]> {
  const said: string[] = [];
  let batch = new Map<string, number>();
  const run = async (): Promise<void> => {
    const argv = ["node", join(root, "node_modules/oxlint/bin/oxlint"), "--format=unix", ...batch.keys()];
    const { stdout } = await start(argv, { cwd: folder });
    const lines = stdout.toString().split("\n");
    for (const [file, row] of batch) {
      said[row] = lines.filter((line) => line.startsWith(`${file}:`)).join("\n");
      rmSync(join(folder, file));
    }
    batch = new Map();
  };
  for (const [row, [path, target]] of rows.entries()) {
    const file = path.replace(/\/a\.ts$/, `/a${row}.ts`);
    if (batch.has(file)) await run();
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `import { a } from "${target}";\nexport const b = a;\n`);
    batch.set(file, row);
  }
  await run();
  return said;
}

t.test("an import against the direction is refused in every room", async (t) => {
  const said = await verdicts(refused);
  for (const [row, [path, target]] of refused.entries())
    t.match(said[row], "no-restricted-imports", `${path} may not import ${target}`);
});

t.test("an import along the direction passes", async (t) => {
  const allowed: [string, string][] = [
    ["src/crypto/a.ts", "../sys/memory.ts"],
    ["src/vault/a.ts", "../crypto/secret.ts"],
    ["src/vault/io.ts", "../sys/flock.ts"],
    ["src/agent/a.ts", "../vault/gate.ts"],
    ["src/commands/kv/a.ts", "../../cli/base.ts"],
    ["src/run/a.ts", "../sys/process.ts"],
    ["src/agent/a.ts", "../signs/judge.ts"],
    ["src/client.ts", "./signs/marks.ts"],
    ["src/cli/a.ts", "../readers/find.ts"],
    ["src/commands/policy/a.ts", "../../policy/format.ts"],
    ["src/vault/a.ts", "../policy/parse.ts"],
    ["src/client.ts", "./vault/places.ts"],
    ["src/main.ts", "./run/args.ts"],
    ["src/signs/a.ts", "../calls/vault.ts"],
    ["src/calls/a.ts", "../verbs.ts"],
  ];
  const said = await verdicts(allowed);
  for (const [row, [path, target]] of allowed.entries())
    t.notMatch(said[row], "no-restricted-imports", `${path} may import ${target}`);
});

t.test("a promise nobody waits for is refused in src, and allowed in test", async (t) => {
  const text = `export async function sync(): Promise<void> {}\nexport function forget(): void {\n  sync();\n}\n`;
  const { status, output } = await lint("src/vault/forgets.ts", text);
  t.not(status, 0);
  t.match(output, "no-floating-promises");
  t.equal((await lint("test/forgets.ts", text)).status, 0);
});
