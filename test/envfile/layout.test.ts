import { readFileSync } from "node:fs";
import fc from "fast-check";
import t from "tap";
import { assignments, valueBytes, valuesOf, type Document } from "../../src/envfile/document.ts";
import { fillLayout, makeLayout, pathsOf } from "../../src/envfile/layout.ts";
import { parse } from "../../src/envfile/parse.ts";

const cases = JSON.parse(readFileSync(new URL("../vectors/dotenv/cases.json", import.meta.url), "utf8")) as {
  id: string;
  input: string;
}[];
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A path for each assignment by its place, so that no two share one. */
function stored(document: Document): Map<string, Uint8Array> {
  return new Map(assignments(document).map((one) => [`env/shop/L${one.line}.${one.start}`, valueBytes(one)]));
}

function roundTrip(bytes: Uint8Array): { same: boolean; requoted: string[]; values: boolean } {
  const document = parse(bytes);
  const layout = makeLayout(document, (one) => `env/shop/L${one.line}.${one.start}`);
  const back = fillLayout(layout.bytes, stored(document));
  const values = JSON.stringify([...valuesOf(parse(back))]) === JSON.stringify([...valuesOf(document)]);
  return { same: Buffer.compare(back, bytes) === 0, requoted: layout.requoted, values };
}

t.test("every file of the corpus comes back byte for byte from its layout and its values", async (t) => {
  for (const one of cases) t.match(roundTrip(encode(one.input)), { same: true, requoted: [] }, one.id);
});

t.test("any bytes come back from layout and values, or the layout says which value is requoted", async (t) => {
  const grammar = fc.array(
    fc.oneof(
      fc.constantFrom(..."A|B=|export |=|: |'|\"|`|\\'|\\\"|\\n|\\r|\\|#|\n|\n|\r\n|\r| |x|é|\0|A='|B=\"".split("|")).map(encode),
      fc.constantFrom(encode('C="\u2028')),
      fc.uint8Array({ maxLength: 3 }),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(grammar, (parts) => {
      const bytes = new Uint8Array(Buffer.concat(parts));
      try {
        const { same, requoted, values } = roundTrip(bytes);
        return (same || requoted.length > 0) && values;
      } catch (error) {
        return (error as { code?: string }).code === "usage" && /[\u2028\u2029]/.test(Buffer.from(bytes).toString());
      }
    }),
    { numRuns: 20_000 },
  );
  t.match(roundTrip(encode('A=a\u2028"b"\n')), { same: false, requoted: ["A"], values: true });
});

t.test("a layout holds no value that has a path, but keeps what was commented out", async (t) => {
  const text = `# OLD_KEY=marker-old\nKEY="marker-a\\nmarker-b" # why\nPORT=3000\n`;
  const layout = makeLayout(parse(encode(text)), (one) => (one.name === "KEY" ? "env/shop/KEY" : undefined));
  const shown = new TextDecoder().decode(layout.bytes);
  t.notMatch(shown, /marker-[ab]/);
  t.match(shown, /OLD_KEY=marker-old/);
  t.same(pathsOf(layout.bytes), ["env/shop/KEY"]);
});

t.test("a changed value keeps its quotes where it can, and gets others where it must", async (t) => {
  const layout = makeLayout(parse(encode("A=one\nB='two'\nC=\"x\\ny\"\r\n")), (one) => `env/shop/${one.name}`).bytes;
  const fill = (a: string, b: string, c: string): string =>
    Buffer.from(
      fillLayout(
        layout,
        new Map([
          ["env/shop/A", encode(a)],
          ["env/shop/B", encode(b)],
          ["env/shop/C", encode(c)],
        ]),
      ),
    ).toString();
  t.equal(fill("three", "four", "1\n2\n3"), "A=three\nB='four'\nC=\"1\\n2\\n3\"\r\n");
  t.equal(
    fill("a # b", "it's", ""),
    "A='a # b'\nB='it's'\nC=\"\"\r\n",
    "dotenv reads a quote inside a quoted value that ends the line",
  );
  t.throws(() => fill("\\n\r", "", ""), { code: "usage", names: ["env/shop/A"] });
  t.throws(() => fillLayout(layout, new Map()), { code: "not-found" });
  t.throws(() => fillLayout(encode("A=1"), new Map()), { code: "damaged" });
  t.throws(() => fillLayout(encode("zvault layout 1\n\0{}\0"), new Map()), { code: "damaged" });
});

t.test("any changed values are read back by dotenv's rules, or refused", async () => {
  const value = fc.array(fc.constantFrom("'", '"', "`", "\\n", "\\", "\n", "\r", "#", " ", "a", "é", "$"), { maxLength: 8 });
  const layout = makeLayout(parse(encode("A=one\nB='two'\nC=\"x\"\nD=`y` # z\n")), (one) => `env/shop/${one.name}`).bytes;
  fc.assert(
    fc.property(fc.tuple(value, value, value, value), (four) => {
      const texts = four.map((parts) => parts.join(""));
      const names = ["A", "B", "C", "D"];
      try {
        const back = fillLayout(layout, new Map(names.map((name, at) => [`env/shop/${name}`, encode(texts[at] ?? "")])));
        const values = valuesOf(parse(back));
        return names.every((name, at) => values.get(name) === texts[at]);
      } catch (error) {
        return (error as { code?: string }).code === "usage";
      }
    }),
    { numRuns: 10_000 },
  );
});
