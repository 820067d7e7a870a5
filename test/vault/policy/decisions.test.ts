/** Which rule decides and what it grants: a table made by hand, and a second implementation on random policies and paths. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { builtIn } from "../../../src/vault/policy/built-in.ts";
import { decide, explain } from "../../../src/vault/policy/decision.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import { compare, toPattern } from "../../../src/policy/pattern.ts";
import { type Grant, grants, type Policy } from "../../../src/policy/rule.ts";
import { Ruleset } from "../../../src/vault/policy/ruleset.ts";
import { capabilities } from "../../../src/verbs.ts";
import { oracle } from "./oracle.ts";

const text = readFileSync(join(import.meta.dirname, "../../vectors/policy/decisions.txt"), "utf8");
const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
const rowsAt = lines.indexOf("rows");
const listsAt = lines.indexOf("lists");
const written = new Map<string, Policy>();
for (const block of lines
  .slice(0, rowsAt)
  .join("\n")
  .split(/^policy /m)
  .slice(1)) {
  const [name = "", ...rest] = block.split("\n");
  written.set(name, { name, rules: parsePolicy(rest.join("\n")) });
}

function policiesOf(names: string): Policy[] {
  return names.split(",").map((name) => {
    const found = written.get(name) ?? builtIn.get(name);
    if (!found) throw new Error(`the table has no policy ${name}`);
    return found;
  });
}

const letters = "crupdlsx";

t.test("every row of the table is decided as it says, by the rule that it names", async (t) => {
  let decisions = 0;
  for (const line of lines.slice(rowsAt + 1, listsAt)) {
    const [path = "", names = "", granted = "", rule = ""] = line.split(/ +/);
    const policies = policiesOf(names);
    const ruleset = new Ruleset(policies);
    const seen = capabilities.map((one, at) => (decide(ruleset, { needs: [one], paths: [path] }).allowed ? letters[at] : "-"));
    t.equal(seen.join(""), granted, line);
    t.equal(ruleset.find(path)?.pattern.text ?? "-", rule, line);
    t.equal(oracle(policies, path, false).rule ?? "-", rule, `${line} (by the second implementation)`);
    decisions += seen.length;
  }
  for (const line of lines.slice(listsAt + 1)) {
    const [typed = "", names = "", granted = "", rule = ""] = line.split(/ +/);
    const path = typed === '""' ? "" : typed;
    const policies = policiesOf(names);
    const ruleset = new Ruleset(policies);
    t.equal(decide(ruleset, { needs: ["list"], paths: [path], list: true }).allowed ? "yes" : "no", granted, `LIST ${line}`);
    t.equal(ruleset.find(path, true)?.pattern.text ?? "-", rule, `LIST ${line}`);
    t.equal(oracle(policies, path, true).rule ?? "-", rule, `LIST ${line} (by the second implementation)`);
    decisions += 1;
  }
  t.comment(`${decisions} decisions`);
  t.ok(decisions >= 400, `${decisions} decisions`);
});

// few words, so that patterns and paths meet
const word = fc.constantFrom("a", "b", "ab", "abc", "A", "a.b", "axb", "c");
const path = fc.array(word, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const pattern = fc
  .tuple(fc.array(fc.oneof(word, fc.constant("+")), { minLength: 0, maxLength: 4 }), fc.constantFrom("", "", "*", "/*", "/"))
  .map(([parts, end]) => {
    const bare = parts.join("/");
    if (bare === "") return "*";
    return end === "*" && bare.endsWith("+") ? bare : bare + end;
  });
const rules = fc.uniqueArray(fc.record({ path: pattern, capabilities: fc.uniqueArray(fc.constantFrom<Grant>(...grants)) }), {
  selector: (one) => one.path,
  maxLength: 12,
});
const policies = fc
  .array(rules, { minLength: 1, maxLength: 3 })
  .map((all) => all.map((one, at) => ({ name: `p${at}`, rules: one })));

t.test("on any policies and paths it decides as the second implementation does", async (t) => {
  let ruled = 0;
  fc.assert(
    fc.property(policies, fc.array(path, { minLength: 1, maxLength: 20 }), fc.boolean(), (some, paths, list) => {
      const ruleset = new Ruleset(some);
      for (const one of paths) {
        const { rule, granted } = oracle(some, one, list);
        const found = ruleset.find(one, list);
        if (found?.pattern.text !== rule) throw new Error(`${one}: ${found?.pattern.text ?? "none"}, not ${rule ?? "none"}`);
        const seen = capabilities.filter((need) => ruleset.grants([need], one, list)).toSorted();
        if (seen.join() !== granted.join()) throw new Error(`${one}: ${seen.join()}, not ${granted.join()}`);
        const reason = explain(ruleset, ["read"], one, list);
        if (reason.rule !== (rule ?? null) || reason.allowed !== granted.includes("read"))
          throw new Error(`${one}: explained otherwise`);
        if (rule !== undefined) ruled += 1;
      }
    }),
    { numRuns: 3000 },
  );
  t.ok(ruled > 5000, `${ruled} paths met a rule`);
});

t.test(
  "of two different patterns one is always the more specific one, and it does not matter in which order they stand",
  async () => {
    fc.assert(
      fc.property(pattern, pattern, pattern, (one, two, three) => {
        const [a, b, c] = [toPattern(one), toPattern(two), toPattern(three)];
        if (a.exact || b.exact || c.exact || one === two || two === three || one === three) return;
        const sign = Math.sign(compare(a, b).order);
        if (sign === 0 || sign !== -Math.sign(compare(b, a).order)) throw new Error(`${one} and ${two}`);
        if (sign < 0 && compare(b, c).order < 0 && compare(a, c).order >= 0) throw new Error(`${one}, ${two}, ${three}`);
      }),
      { numRuns: 3000 },
    );
  },
);

t.test("a policy that is added with the same patterns never grants less but by deny; with others it may", async (t) => {
  fc.assert(
    fc.property(rules, fc.constantFrom(...capabilities), path, (some, capability, one) => {
      const alone = new Ruleset([{ name: "a", rules: some }]);
      const more = some.map((rule) => ({ ...rule, capabilities: [capability] }));
      const both = new Ruleset([
        { name: "a", rules: some },
        { name: "b", rules: more },
      ]);
      for (const need of capabilities)
        if (alone.grants([need], one) && !both.grants([need], one)) throw new Error(`${need} on ${one} is lost`);
      if (both.find(one) && !both.find(one)?.granted.has("deny") && !both.grants([capability], one))
        throw new Error(`no ${capability}`);
    }),
  );
  const narrow = { name: "b", rules: [{ path: "a/b", capabilities: ["list"] as const }] };
  t.equal(new Ruleset([{ name: "a", rules: [{ path: "a/*", capabilities: ["read"] }] }, narrow]).grants(["read"], "a/b"), false);
});

t.test("the decision names the policies of the rules it took, and where it refused", async (t) => {
  const ruleset = new Ruleset([...policiesOf("app"), ...policiesOf("ops")]);
  const asked = { needs: ["list"], paths: ["env/shop/A", "env/web/B"] } as const;
  t.same(decide(ruleset, asked), { allowed: true, policies: ["app", "ops"] });
  t.same(decide(ruleset, { ...asked, paths: ["env/web/A"] }), { allowed: true, policies: ["app"] });
  t.same(decide(ruleset, { ...asked, paths: ["env/shop/A", "env/shop/DB"] }), {
    allowed: false,
    policies: ["app", "ops"],
    path: "env/shop/DB",
  });
  t.same(decide(ruleset, { ...asked, paths: ["elsewhere"] }), { allowed: false, policies: ["app", "ops"], path: "elsewhere" });
});

t.test("an explanation says by what a rule stands before the next one", async (t) => {
  const before = (names: string, one: string, list = false) => explain(new Ruleset(policiesOf(names)), ["read"], one, list).before;
  t.same(before("app", "env/shop/DB"), { rule: "env/shop/*", by: "exact" });
  t.same(before("app", "env/shop/A"), { rule: "env/*", by: "later-wildcard" });
  t.same(before("longer", "t/x/abc"), { rule: "t/+/ab*", by: "no-glob" });
  t.same(before("later", "a/x/c"), { rule: "a/+/+", by: "fewer-plus" });
  t.same(before("longer", "t/x/abd"), { rule: "t/+/a*", by: "longer" });
  t.same(before("letters", "a/b/c"), { rule: "+/+/c", by: "lexicographic" });
  t.same(before("l5", "u/x", true), { rule: "u/+", by: "folder" });
  t.equal(before("m1", "m/k"), null);
  const refused = explain(new Ruleset(policiesOf("app,ops")), ["read", "use"], "env/shop/DB", false);
  t.match(refused, { allowed: false, why: "deny", rule: "env/shop/DB", policies: ["app", "ops"], missing: ["read", "use"] });
  t.match(explain(new Ruleset(policiesOf("app")), ["read", "use"], "env/x", false), { why: "missing", missing: ["read"] });
  t.match(explain(new Ruleset(policiesOf("app")), ["read"], "kv/x", false), { why: "no-rule", rule: null, policies: ["app"] });
});
