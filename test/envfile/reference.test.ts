import fc from "fast-check";
import t from "tap";
import { parseReference, parseValue, printReference, printTemplate, type Part } from "../../src/envfile/reference.ts";

const segment = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,9}$/);
const ref = fc.record(
  {
    path: fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")),
    field: segment,
    version: fc.integer({ min: 1, max: 1_000_000 }),
  },
  { requiredKeys: ["path"], noNullPrototype: true },
);

t.test("a printed reference is parsed to the same reference, alone and in a longer text", async (t) => {
  fc.assert(
    fc.property(ref, (one) => {
      t.strictSame(parseReference(printReference(one)), one);
      t.strictSame(parseValue(printReference(one)), { kind: "reference", ref: one });
      const text = `a$b \${x} \${${printReference(one)}}{\${zvault:DB_USER}}`;
      const parts: Part[] = ["a$b ${x} ", { ref: one }, "{", { name: "DB_USER" }, "}"];
      t.strictSame(parseValue(text), { kind: "template", parts });
      t.equal(printTemplate(parts), text);
    }),
  );
});

t.test("every other text is plain", async (t) => {
  for (const text of [
    "",
    "$HOME",
    "${HOME}",
    "$(cmd)",
    "op://a/b",
    "x zvault://env/shop/A",
    "${zvault}",
    "zvault:/a",
    "ZVAULT://env/a",
  ]) {
    t.same(parseValue(text), { kind: "plain" }, text);
  }
});

t.test("a malformed reference is refused and not echoed", async (t) => {
  const bad = [
    "zvault://",
    "zvault:///env/a",
    "zvault://env/../a",
    "zvault://env//a",
    "zvault://env/a ",
    "zvault://env/a#",
    "zvault://env/a#b#c",
    "zvault://env/a?version=0",
    "zvault://env/a?version=01",
    "zvault://env/a?v=1",
    "zvault://env/a?version=1#b",
    "zvault://env/%2e/a",
    "a${zvault://}",
    "a${zvault:}",
    "a${zvault:A B}",
    "a${zvault://env/a",
    "${zvault:A}${zvault:",
    "zvault://env/marker\n",
  ];
  for (const text of bad) {
    t.throws(() => parseValue(text), { code: "usage" }, JSON.stringify(text));
    try {
      parseValue(text);
    } catch (error) {
      t.notMatch(String(error), /marker/);
    }
  }
});
