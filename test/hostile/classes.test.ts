/**
 * Bad input by classes: for each one a data file in classes/, whose rows say what is given, what comes of it, and the check that must say so.
 * What a row can hold is played here, against the gate and the parsers; what needs real programs, other users or real terminals is a row that names
 * the test. classes/index.json lists them all, each with a mutant that breaks its check (scripts/mutants/).
 */
import * as fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { mutants } from "../../scripts/mutants/table.ts";
import { around } from "./classes/around.ts";
import { Place, type Player } from "./classes/place.ts";
import { requests } from "./classes/requests.ts";

type Class = { class: string; data: string; player?: string; mutant: string };
type Row = { name: string; check: string; needs?: "root" } & ({ input: unknown; code: string } | { test: string; named: string });

const root = join(import.meta.dirname, "../..");
const folder = join(import.meta.dirname, "classes");
const self = "test/hostile/classes.test.ts";

const load = <T>(file: string): T => JSON.parse(fs.readFileSync(join(folder, file), "utf8")) as T;
const text = (file: string): string => fs.readFileSync(join(root, file), "utf8");
const exists = (file: string): boolean => fs.existsSync(join(root, file));

const classes = load<Class[]>("index.json");
const rowsOf = (one: Class): Row[] => load<Row[]>(one.data);
const players: Record<string, Player> = { ...requests, ...around };

t.test(
  "every class has its rows, each with the check that it is about, and a mutant that one of its tests must kill",
  async (t) => {
    const data = fs.readdirSync(folder).filter((name) => name.endsWith(".json") && name !== "index.json");
    t.strictSame(classes.map((one) => one.data).toSorted(), data.toSorted(), "every data file is listed once");
    for (const one of classes) {
      const rows = rowsOf(one);
      t.ok(rows.length > 0, one.class);
      t.equal(new Set(rows.map((row) => row.name)).size, rows.length, `${one.data}: every row has a name of its own`);
      for (const row of rows) {
        const [file = "", name = ""] = row.check.split(" ");
        const place = exists(file) ? file : "";
        if (place === "") t.fail(`${one.data}, ${row.name}: there is no ${file}`);
        else if (name !== "" && !text(place).includes(name)) t.fail(`${one.data}, ${row.name}: no ${name} in ${file}`);
        if (!("test" in row)) continue;
        if (!exists(row.test)) t.fail(`${one.data}, ${row.name}: there is no ${row.test}`);
        else if (!text(row.test).includes(row.named)) t.fail(`${one.data}, ${row.name}: ${row.test} has no "${row.named}"`);
      }
      const tests = rows.map((row) => ("test" in row ? row.test : self));
      t.ok(tests.includes(mutants[one.mutant]?.test ?? ""), `${one.data}: ${one.mutant}, by one of its tests`);
      if (one.player !== undefined) t.ok(Object.hasOwn(players, one.player) && tests.includes(self), `${one.data}: is played`);
    }
  },
);

t.test("every row comes to what it says", async (t) => {
  for (const one of classes) {
    const player = one.player === undefined ? undefined : players[one.player];
    if (!player) continue;
    await t.test(one.class, async (t) => {
      const place = await new Place().make();
      t.teardown(() => place.remove());
      for (const row of rowsOf(one)) {
        if ("test" in row) continue;
        if (row.needs === "root" && process.geteuid?.() !== 0) t.comment(`not run: ${row.name} needs root`);
        else t.equal(await player(row.input as never, place), row.code, row.name);
      }
    });
  }
});
