import { readFileSync } from "node:fs";
import dotenv from "dotenv";
import fc from "fast-check";
import t from "tap";
import { assignments, valuesOf } from "../../src/envfile/document.ts";
import { parse } from "../../src/envfile/parse.ts";
import { print } from "../../src/envfile/print.ts";
import { toBytes, toText } from "../../src/envfile/text.ts";

type Case = { id: string; input: string; dotenv18: Record<string, string> };
const cases = JSON.parse(readFileSync(new URL("../vectors/dotenv/cases.json", import.meta.url), "utf8")) as Case[];
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function ours(bytes: Uint8Array): Record<string, string> {
  return Object.fromEntries(valuesOf(parse(bytes)));
}

/** Pieces of dotenv's grammar, so that random files meet the corners of its expression. */
const grammar = fc
  .array(
    fc.constantFrom(
      ..."A|B_1|export|export |a.b-c|=| = |:|: |'|\"|`|\\'|\\\"|\\`|\\n|\\r|\\\\".split("|"),
      ..."#| #|\n|\r|\r\n| |\t|x|y z|$A|é|🔑|\u2028|\u2029|\ufeff|\0".split("|"),
      "__proto__=",
      "A=",
      "A='",
      'A="',
      "A: ",
      "\u00a0",
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

t.test("all 333 inputs of the corpus are read as dotenv 18 reads them, and printed byte for byte", async (t) => {
  t.equal(cases.length, 333);
  for (const one of cases) {
    const bytes = bytesOf(one.input);
    t.same(ours(bytes), one.dotenv18, one.id);
    t.same(ours(bytes), { ...dotenv.parse(one.input) }, `${one.id} against the installed dotenv`);
    t.same(print(parse(bytes)), bytes, `${one.id} printed`);
  }
});

t.test("any text made of dotenv's grammar is read as dotenv reads it", async () => {
  fc.assert(
    fc.property(grammar, (text) => {
      const theirs = Object.fromEntries(Object.entries(dotenv.parse(text)));
      const mine = ours(bytesOf(text));
      return JSON.stringify(Object.entries(mine).sort()) === JSON.stringify(Object.entries(theirs).sort());
    }),
    { numRuns: 30_000 },
  );
});

t.test("any bytes are printed as they were and read as dotenv reads the buffer", async () => {
  const lines = fc
    .array(fc.oneof(grammar.map(bytesOf), fc.uint8Array({ maxLength: 8 })), { maxLength: 8 })
    .map((parts) => new Uint8Array(Buffer.concat(parts)));
  fc.assert(
    fc.property(lines, (bytes) => {
      if (Buffer.compare(print(parse(bytes)), bytes) !== 0 || Buffer.compare(toBytes(toText(bytes)), bytes) !== 0) return false;
      const theirs = Object.entries(dotenv.parse(Buffer.from(bytes)));
      return JSON.stringify(Object.entries(ours(bytes)).sort()) === JSON.stringify(theirs.sort());
    }),
    { numRuns: 3000 },
  );
});

t.test("every value's place in the file holds its spelling", async (t) => {
  fc.assert(
    fc.property(fc.oneof(grammar.map(bytesOf), fc.uint8Array()), (bytes) => {
      return assignments(parse(bytes)).every(
        (one) => toText(bytes.subarray(one.start, one.end)) === one.raw && one.before.includes(one.name),
      );
    }),
    { numRuns: 3000 },
  );
  const [, second] = assignments(parse(bytesOf("Ä=1\r\nA='é' # c\r\n\r\nexport B = \"x\ny\"#d\n")));
  t.match(second, { name: "B", line: 4, exported: true, quote: '"', value: "x\ny", after: "#d\n" });
});

t.test("a megabyte of blank lines, quotes or separators is read at once", async (t) => {
  for (const unit of ["\n", "A='\n", 'A="\\"\n', '\u2028"', "= ", "A\n", "export "]) {
    const bytes = bytesOf(unit.repeat(1_000_000 / unit.length));
    t.equal(print(parse(bytes)).length, bytes.length);
  }
});
