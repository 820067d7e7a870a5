/**
 * Real programs of many frameworks, before and after the import of their dotenv files: the same digest of the environment, the same bundle,
 * no value in what they print. `npm test` does what needs nothing but node, `npm run test:slow` the rest, as far as the programs are here.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "dotenv";
import t, { type Test } from "tap";
import { parseDocument } from "yaml";
import { slow } from "../helpers/slow.ts";
import { names, node } from "./print.ts";
import { common, type Recipe, recipes, token } from "./recipes.ts";
import { Trial } from "./trial.ts";

/** ms, of the slow version */
const timeout = 600_000;
t.setTimeout(timeout * recipes.length);

const told = (text: string): string[] => text.match(/\b(digest|bundle) [0-9a-f]{16,64}\b/g)?.toSorted() ?? [];

async function play(t: Test, recipe: Recipe): Promise<void> {
  const env = recipe.env ?? { ".env": common };
  const trial = new Trial({ ...recipe.files, ...env });
  t.teardown(() => trial.end());
  const variables = recipe.variables?.["PATH"]
    ? { ...recipe.variables, PATH: `${trial.env["PATH"]}:${recipe.variables["PATH"]}` }
    : recipe.variables;
  if (recipe.npm) await trial.npm();
  const before = await trial.must(recipe.before, variables);
  t.ok(told(before).length > 0 && before.includes(token), "its own reader gives it the values");

  const report = await trial.import(recipe.import ?? "");
  t.same([report.removed.toSorted(), report.failed], [Object.keys(env).toSorted(), []]);
  for (const [file, wanted] of Object.entries(recipe.put ?? {}))
    t.ok(
      report.readers.some((one) => one.file === file && one.put === wanted),
      `import says ${wanted}, of ${JSON.stringify(report.readers.map((one) => one.put))}`,
    );
  if (recipe.note !== undefined) t.match(report.readers, [{ note: recipe.note }]);
  const committed = Object.keys(env).map((file) => readFileSync(join(trial.folder, `${file}.zvault`), "utf8"));
  for (const line of recipe.readable ?? []) t.ok(committed.join("").includes(`${line}\n`), `${line} stays`);
  t.notOk(committed.join("").includes(token));
  t.ok(report.stubs.every((file) => existsSync(join(trial.folder, file))));

  const { status, stdout, stderr } = await trial.sh(`(${recipe.after ?? recipe.before}) 2>&1`, variables);
  const after = stdout.toString();
  t.equal(status, 0, `it runs${status === 0 ? "" : `: ${after}${stderr.toString()}`}`);
  t.same(told(after), told(before), "and has the same values");
  t.notOk(after.includes(token), "which it cannot show");
  t.match(after, /token ‹zvault:API_TOKEN›/);
}

const only = process.env["ZVAULT_TEST_RECIPE"];
for (const recipe of recipes.filter((one) => only === undefined || one.name.includes(only)))
  t.test(recipe.name, { skip: slow || recipe.quick ? recipe.needs : "slow", timeout }, (t) => play(t, recipe));

t.test("a compose file: the override passes every name of the files, and no value", { skip: !slow && "slow" }, async (t) => {
  const compose =
    "services:\n  web:\n    image: shop\n    env_file: .env\n  db:\n    image: postgres\n    environment:\n      POSTGRES_DB: shop\n";
  const trial = new Trial({ ".env": common, "compose.yaml": compose });
  t.teardown(() => trial.end());
  const { overrides, readers } = await trial.import();
  t.same(overrides, ["compose.zvault.yaml"]);
  t.match(readers, [{ file: "compose.yaml", line: 4, reads: [".env"] }]);
  t.equal(readFileSync(join(trial.folder, "compose.yaml"), "utf8"), compose, "the file itself stays");

  // as compose merges the two: `env_file` is reset, a name without a value is taken from the environment of whoever starts it
  const document = parseDocument(readFileSync(join(trial.folder, "compose.zvault.yaml"), "utf8"), {
    customTags: [
      { tag: "!override", collection: "seq" },
      { tag: "!reset", collection: "seq" },
      { tag: "!reset", resolve: () => null },
    ],
  } as object);
  t.same([document.errors, document.warnings], [[], []]);
  const { services } = document.toJS() as { services: Record<string, { environment: string[]; env_file: string[] | null }> };
  t.same(Object.keys(services), ["web"], "no other service gets them");
  t.same(services["web"]?.environment.toSorted(), names);
  t.same(services["web"]?.env_file ?? [], []);
  // what the engine would ask its caller's environment for
  const line = `for name in ${names.join(" ")}; do printenv $name >/dev/null || exit 1; done; node print.mjs`;
  trial.lay({ "print.mjs": node });
  const digest = createHash("sha256")
    .update(names.map((name) => `${name}=${parse(common)[name]}`).join("\n"))
    .digest("hex");
  t.match(await trial.must(`zvault run -- sh -c '${line}'`), `digest ${digest}`);
});

t.test(
  "a launch configuration of VS Code: the command line that it comes to has the values",
  { skip: !slow && "slow" },
  async (t) => {
    t.comment("not run: js-debug");
    const launch = {
      type: "node",
      request: "launch",
      name: "shop",
      program: "${workspaceFolder}/print.mjs",
      envFile: "${workspaceFolder}/.env",
    };
    const trial = new Trial({
      ".env": common,
      "print.mjs": node,
      ".vscode/launch.json": JSON.stringify({ configurations: [launch] }, null, 2),
    });
    t.teardown(() => trial.end());
    const before = await trial.must("node --env-file=.env print.mjs");
    await trial.import("--fix");
    const changed = JSON.parse(readFileSync(join(trial.folder, ".vscode/launch.json"), "utf8")) as {
      configurations: { runtimeExecutable: string; runtimeArgs: string[]; envFile?: string }[];
    };
    const [{ runtimeExecutable, runtimeArgs, envFile } = { runtimeExecutable: "", runtimeArgs: [] }] = changed.configurations;
    t.equal(envFile, undefined);
    const after = await trial.must([runtimeExecutable, ...runtimeArgs, "print.mjs"].join(" "));
    t.same(told(after), told(before));
    t.notOk(after.includes(token));
  },
);
