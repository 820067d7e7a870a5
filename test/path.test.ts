import fc from "fast-check";
import t from "tap";
import { pathProblem } from "../src/path.ts";

t.test("a path is accepted or refused with the place that is wrong", async (t) => {
  for (const path of ["a", "env/shop/KEY", "...", ".a/b..", "a".repeat(128), Array(16).fill("a").join("/")])
    t.equal(pathProblem(path), undefined, path);
  const wrong: [string, RegExp][] = [
    ["", /segment 1 is empty/],
    ["a//b", /segment 2 is empty/],
    ["a/", /segment 2 is empty/],
    ["/a", /segment 1 is empty/],
    ["a/../b", /segment 2 is \.\./],
    [".", /segment 1 is \./],
    ["a/b c", /segment 2 has a character/],
    ["a\n", /segment 1 has a character/],
    ["ä", /segment 1 has a character/],
    ["a".repeat(129), /segment 1 is longer/],
    [Array(17).fill("a").join("/"), /more than 16 segments/],
    [Array(5).fill("a".repeat(120)).join("/"), /longer than 512/],
  ];
  for (const [path, why] of wrong) t.match(pathProblem(path), why, path);
});

t.test("the quick answer is the slow one's", async () => {
  const unit = fc.constantFrom("a", ".", "..", "/", "-", " ", "\n", "_9");
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 12 }), (units) => {
      const path = units.join("");
      const parts = path.split("/");
      const fits = parts.every((part) => /^[A-Za-z0-9._-]+$/.test(part) && !part.includes("\n") && part !== "." && part !== "..");
      return (pathProblem(path) === undefined) === fits;
    }),
    { numRuns: 5000 },
  );
});
