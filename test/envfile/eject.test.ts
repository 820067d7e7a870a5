import dotenv from "dotenv";
import fc from "fast-check";
import t from "tap";
import { printDotenv } from "../../src/envfile/dotenv.ts";
import { asImported, eject, type ValueOf } from "../../src/envfile/eject.ts";
import { expressionsOf } from "../../src/envfile/document.ts";
import { parse } from "../../src/envfile/parse.ts";
import { planImport } from "../../src/envfile/plan.ts";
import { shown, toBytes, toText } from "../../src/envfile/text.ts";
import { judge } from "../../src/scan/judge.ts";

/** An import of one `.env`, and the values as the vault has them afterwards. */
function imported(text: string) {
  const bytes = toBytes(text);
  const [file] = planImport({
    files: [{ name: ".env", bytes: bytes.slice() }],
    project: "shop",
    vault: "0".repeat(32),
    options: { plain: [], secret: [] },
    judge,
  }).files;
  if (!file) throw new Error("no file");
  const vault = new Map(file.entries.filter((one) => one.to === "vault").map((one) => [one.path, one.value.slice()]));
  const valueOf: ValueOf = (ref) => {
    const found = vault.get(ref.path);
    return found && { bytes: found, expand: false };
  };
  return { bytes, vault, valueOf, envZvault: file.envZvault, layout: file.layout, entries: file.entries };
}

const name = fc.constantFrom("A", "B_KEY", "API_SECRET", "PORT", "DATABASE_URL", "x.y");
const inner = fc.string({ unit: fc.constantFrom(..."ab1 #$'\"`\\{}=:/@é\r\n"), maxLength: 12 });
const line = fc.oneof(
  fc.tuple(name, inner).map(([key, value]) => `${key}=${value.replace(/[\r\n]/g, "")}`),
  fc
    .tuple(name, inner, fc.constantFrom("'", '"', "`"))
    .map(([key, value, quote]) => `export ${key} = ${quote}${value}${quote} # note`),
  fc.constantFrom(
    "",
    "# comment",
    "# OLD_KEY=sk_live_0123456789abcdefABCDEF",
    "API_KEY=sk_live_0123456789abcdefABCDEF",
    "no assignment",
  ),
);
const text = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom("\n", "\r\n"), fc.boolean())
  .map(([lines, end, last]) => lines.join(end) + (last ? end : ""));

t.test("what was imported and not changed comes back byte for byte", (t) => {
  fc.assert(
    fc.property(text, (source) => {
      let made: ReturnType<typeof imported>;
      try {
        made = imported(source);
      } catch {
        return; // quotes that no import takes
      }
      // an open quote may reach over a line that the import left out: then a setting is another one already in `.env.zvault`
      const read = expressionsOf(parse(made.envZvault));
      const kept = made.entries.filter((one) => one.to === "file");
      if (!kept.every((one) => read.get(one.key)?.text === shown(toText(one.value)))) return;
      const back = eject(made.envZvault, made.layout, made.valueOf);
      // a name whose quotes only another name's value closes is written another way, and says so
      if (back.changed.length === 0) t.equal(toText(back.bytes), source);
      t.same(dotenv.parse(Buffer.from(back.bytes)), dotenv.parse(Buffer.from(made.bytes)), JSON.stringify(source));
      t.equal(toText(asImported(made.layout, made.valueOf).bytes), source);
    }),
    { numRuns: process.env["ZVAULT_TEST_SLOW"] === "1" ? 5000 : 300 },
  );
  t.end();
});

t.test("changed values, edited settings and new names stand in the file; the rest is as it was", (t) => {
  const { envZvault, layout, vault, valueOf } = imported(
    "# top\nAPI_KEY='sk_live_0123456789abcdefABCDEF' # why\nPORT=3000\nB_SECRET=kjh34kjh5kjh34k5jh",
  );
  vault.set("env/shop/API_KEY", Uint8Array.from(toBytes("it's new")));
  vault.set("env/shop/LATER", Uint8Array.from(toBytes("line\nline")));
  const edited = toText(envZvault).replace("PORT=3000", "PORT=4000") + "\nLATER=zvault://env/shop/LATER\n";
  const back = eject(toBytes(edited), layout, valueOf);
  t.equal(toText(back.bytes), "# top\nAPI_KEY='it's new' # why\nPORT=4000\nB_SECRET=kjh34kjh5kjh34k5jh\nLATER='line\nline'\n");
  t.same([back.changed, back.added, back.gone, back.left], [["PORT"], ["LATER"], [], []]);
  t.end();
});

t.test("a value that is gone is named, and its line is empty; a line that was taken out is named too", (t) => {
  const { envZvault, layout, vault, valueOf } = imported("API_KEY=sk_live_0123456789abcdefABCDEF\nPORT=3000\n");
  vault.clear();
  const back = eject(toBytes(toText(envZvault).replace("PORT=3000\n", "")), layout, valueOf);
  t.equal(toText(back.bytes), "API_KEY=\nPORT=3000\n");
  t.same([back.gone, back.left], [["API_KEY"], ["PORT"]]);
  t.same(asImported(layout, valueOf).gone, ["API_KEY"]);
  t.end();
});

t.test("a file that was never imported is its .env.zvault with values, without the head; expressions are dotenv's again", (t) => {
  const { envZvault } = imported("# top\nAPI_KEY=sk_live_0123456789abcdefABCDEF\n");
  const more = `${toText(envZvault)}URL="http://\${zvault:USER}:\${zvault://env/shop/API_KEY}@h"\nE=zvault://env/shop/E\n`;
  const values = new Map([
    ["env/shop/API_KEY", { bytes: toBytes("k#1"), expand: false }],
    ["env/shop/E", { bytes: toBytes("x-${zvault:USER}"), expand: true }],
  ]);
  const back = eject(toBytes(more), undefined, (ref) => values.get(ref.path));
  t.equal(toText(back.bytes), "# top\nAPI_KEY='k#1'\nURL='http://${USER}:k#1@h'\nE=x-${USER}\n");
  t.end();
});

t.test("an exported file is read back by dotenv 18 as exactly the values, or refused by name", (t) => {
  const value = fc.string({ unit: fc.constantFrom(..."ab \t#$'\"`\\n{}=:é€😀\r\n\u2028"), maxLength: 14 });
  let refused = 0;
  fc.assert(
    fc.property(fc.dictionary(name, value), (given) => {
      const values = new Map(Object.entries(given));
      try {
        const bytes = printDotenv(values);
        t.same({ ...dotenv.parse(Buffer.from(bytes)) }, { ...given });
        t.equal(parse(bytes).length, values.size);
      } catch (error) {
        refused++;
        for (const one of (error as { names: string[] }).names) t.ok(values.has(one));
      }
    }),
    { numRuns: process.env["ZVAULT_TEST_SLOW"] === "1" ? 20_000 : 500 },
  );
  t.ok(refused < (process.env["ZVAULT_TEST_SLOW"] === "1" ? 10_000 : 250), `most can be written, ${refused} could not`);
  t.throws(
    () =>
      printDotenv(
        new Map([
          ["X", "\\n\r"],
          ["OK", "1"],
        ]),
      ),
    { code: "usage", names: ["X"] },
  );
  t.throws(() => printDotenv(new Map([["__proto__", "1"]])), { code: "usage" });
  t.end();
});
