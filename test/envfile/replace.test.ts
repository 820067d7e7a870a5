import { readFileSync } from "node:fs";
import fc from "fast-check";
import t from "tap";
import { ZvaultError } from "../../src/errors.ts";
import { expressionsOf, valuesOf } from "../../src/envfile/document.ts";
import { parse } from "../../src/envfile/parse.ts";
import { print } from "../../src/envfile/print.ts";
import { withValues } from "../../src/envfile/replace.ts";

const cases = JSON.parse(readFileSync(new URL("../vectors/dotenv/cases.json", import.meta.url), "utf8")) as {
  id: string;
  input: string;
}[];
const read = (text: string) => parse(new TextEncoder().encode(text));
const shown = (document: ReturnType<typeof read>): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(print(document));

t.test("values are replaced and nothing else", async (t) => {
  const text = '\ufeff# c\r\nexport A = "x # y" # why\r\n\r\nB=\'two\nlines\'#glued\nC: z\njunk\nD=\n"below"\n';
  const fresh = withValues(read(text), (one) => ({ value: `zvault://env/shop/${one.name}` }));
  t.equal(
    shown(fresh),
    "\ufeff# c\r\nexport A = zvault://env/shop/A # why\r\n\r\nB=zvault://env/shop/B #glued\nC: zvault://env/shop/C\njunk\n" +
      "D=zvault://env/shop/D\n",
  );
  t.equal(shown(withValues(read(text), () => "keep")), text);
});

t.test("a reference with a field is quoted, since dotenv would read a comment; unquoted by hand it is understood", async (t) => {
  const fresh = withValues(read("A=1\n"), () => ({ value: "zvault://env/shop/A#user" }));
  t.equal(shown(fresh), "A='zvault://env/shop/A#user'\n");
  t.equal(expressionsOf(fresh).get("A")?.text, "zvault://env/shop/A#user");
  t.equal(expressionsOf(read("A=zvault://env/shop/A#user?version=2 # c\n")).get("A")?.text, "zvault://env/shop/A#user?version=2");
  t.equal(expressionsOf(read("A=zvault://env/shop/A # user\n")).get("A")?.text, "zvault://env/shop/A");
});

t.test("an assignment that is left out is a comment that names it", async (t) => {
  t.equal(
    shown(withValues(read("A=1\nB='x\ny'\nC=3"), (one) => (one.name === "B" ? "leave-out" : "keep"))),
    "A=1\n# B=‹left out by zvault›\nC=3",
  );
});

t.test("an open quote that is kept does not swallow the lines below once their quotes are gone", async (t) => {
  const text = "A='open\nB='secret'\nC=it's\n";
  const fresh = withValues(read(text), (one) => (one.name === "B" ? { value: "zvault://env/shop/B" } : "keep"));
  t.same(
    [...valuesOf(fresh)],
    [
      ["A", "'open"],
      ["B", "zvault://env/shop/B"],
      ["C", "it's"],
    ],
  );
});

t.test("whatever the file, the replaced one is read as asked, or refused with the name of the variable", async () => {
  const grammar = fc
    .array(fc.constantFrom(..."A|B=|export |=|: |'|\"|`|\\'|\\\"|#|\n|\n|\r\n| |x|\u2028|A='|B=\"".split("|")), { maxLength: 30 })
    .map((parts) => parts.join(""));
  const inputs = fc.oneof(grammar, fc.constantFrom(...cases.map((one) => one.input)));
  fc.assert(
    fc.property(inputs, fc.constantFrom("A", "B"), (text, kept) => {
      const before = valuesOf(read(text));
      try {
        const after = valuesOf(
          withValues(read(text), (one) => (one.name === kept ? "keep" : { value: `zvault://env/x/${one.name}` })),
        );
        for (const [name, value] of before) {
          if (after.get(name) !== (name === kept ? value : `zvault://env/x/${name}`)) return false;
        }
        return after.size === before.size;
      } catch (error) {
        return error instanceof ZvaultError && error.code === "usage";
      }
    }),
    { numRuns: 10_000 },
  );
});
