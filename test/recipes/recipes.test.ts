/**
 * Real programs of many frameworks, before and after the import of their dotenv files: the same digest of the environment, the same bundle,
 * no value in what they print. `npm test` does what needs nothing but node, `npm run test:slow` the rest, as far as the programs are here.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { slow } from "../helpers/slow.ts";
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
