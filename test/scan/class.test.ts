import t from "tap";
import { classify, isPublic } from "../../src/scan/class.ts";
import { rows } from "./class-rows.ts";

t.test("no real secret of the table is a setting, and no setting a secret", async (t) => {
  t.ok(rows.length >= 150, `${rows.length} rows`);
  t.equal(new Set(rows.map(([name, value]) => `${name}=${value}`)).size, rows.length, "no row stands twice");
  for (const [name, value, kind] of rows.filter((row) => row[2] === "secret")) t.equal(classify(name, value).class, kind, name);
  const doubted = rows.filter(([name, value, kind]) => kind === "setting" && classify(name, value).class === "secret");
  t.same(
    doubted.map(([name]) => name),
    [],
  );
});

t.test("a name with a public prefix is a setting, unless its value is a secret by its shape; then it says so", async (t) => {
  for (const prefix of ["NEXT_PUBLIC_", "VITE_", "REACT_APP_", "PUBLIC_", "NUXT_PUBLIC_", "EXPO_PUBLIC_"]) {
    t.equal(classify(`${prefix}API_KEY`, "abc-123").class, "setting");
    t.ok(isPublic(`${prefix}API_KEY`));
    t.match(classify(`${prefix}API_KEY`, ["sk", "live", "aB3dE6gH1jK4mN7pQ0rS2tU5"].join("_")), { class: "secret" });
  }
});

t.test("why never holds a part of the value", async (t) => {
  for (const [name, value] of rows) {
    const { why } = classify(name, value);
    if (value.length >= 8) t.notOk(why.includes(value), name);
  }
});
