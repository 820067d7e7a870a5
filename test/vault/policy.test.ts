import t from "tap";
import { allows, local, owner, type Policy } from "../../src/vault/policy.ts";
import { type Capability, verbs } from "../../src/verbs.ts";

const rows: [Capability[], string[], boolean][] = [
  [["list"], [], true],
  [["list"], ["anything/at/all"], true],
  [["create", "update"], ["env/shop/A"], true],
  [["use"], ["env/shop/A", "env/shop/B"], true],
  [["use"], ["env/shop/A", "app/B"], false],
  [["create"], ["app/db"], false],
  [["create"], ["envy/shop/A"], false],
  [["read"], ["env/shop/A"], false],
  [["update"], ["transit/encrypt/orders"], true],
  [["delete"], ["transit/keys/orders"], false],
  [["update"], ["transits/encrypt/orders"], false],
  [["sudo"], [], false],
  [["sudo"], ["env/shop/A"], false],
];

t.test("`local` may list everything, use and write env/, and nothing else", (t) => {
  for (const [needs, paths, allowed] of rows)
    t.equal(allows(local, needs, paths), allowed, `${needs.join("+")} on ${paths.join(" ") || "nothing"}`);
  t.end();
});

t.test("`owner` may do whatever a verb needs, `nobody` nothing that needs anything", (t) => {
  const nobody: Policy = { name: "nobody", rules: [] };
  for (const [name, { needs }] of Object.entries(verbs)) {
    t.equal(allows(owner, needs, ["a/b"]), true, name);
    t.equal(allows(nobody, needs, ["a/b"]), needs.length === 0, name);
  }
  t.end();
});

t.test("an exact rule before a prefix, the longer prefix before the shorter", (t) => {
  const policy: Policy = {
    name: "test",
    rules: [
      { pattern: "*", capabilities: ["list"] },
      { pattern: "env/*", capabilities: ["use"] },
      { pattern: "env/shop/A", capabilities: ["delete"] },
    ],
  };
  t.equal(allows(policy, ["list"], ["env/shop/B"]), false);
  t.equal(allows(policy, ["use"], ["env/shop/B"]), true);
  t.equal(allows(policy, ["use"], ["env/shop/A"]), false);
  t.equal(allows(policy, ["delete"], ["env/shop/A"]), true);
  t.end();
});
