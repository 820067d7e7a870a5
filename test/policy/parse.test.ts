/** Texts of policies: what is read, what is refused and where, and the names that policies have. */
import fc from "fast-check";
import t from "tap";
import { nameOf } from "../../src/vault/name.ts";
import { parsePolicy } from "../../src/policy/parse.ts";
import { patternProblem } from "../../src/policy/pattern.ts";
import { printPolicy } from "../../src/policy/print.ts";
import { type Grant, grants, type Rule } from "../../src/policy/rule.ts";

function refusal(act: () => unknown): string {
  try {
    act();
    return "accepted";
  } catch (failure) {
    const { code, message } = failure as { code?: string; message: string };
    return code === "usage" ? message : `${code}: ${message}`;
  }
}

const rule = (path: string, ...capabilities: Grant[]): Rule => ({ path, capabilities });

const accepted: [what: string, text: string, rules: Rule[]][] = [
  ["nothing", "", []],
  ["blanks and comments", " \r\n\t# ä\n// b\n/* c\n * d */", []],
  ["one path", 'path "env/*" { capabilities = ["list", "use"] }', [rule("env/*", "list", "use")]],
  ["capabilities in one order", 'path "a" { capabilities = ["use", "deny", "create"] }', [rule("a", "create", "use", "deny")]],
  ["no capability", 'path "a" { capabilities = [] }', [rule("a")]],
  ["no blank anywhere", 'path"a"{capabilities=["read"]}path"b"{capabilities=["list"]}', [rule("a", "read"), rule("b", "list")]],
  [
    "a comma behind the last one",
    'path "a" {\n  capabilities = [\n    "read", # why\n    "list",\n  ]\n}',
    [rule("a", "read", "list")],
  ],
  ["comments between all words", '/**/path/*{*/"a"//x\n{#"\ncapabilities/*=*/=["read"/**/]}', [rule("a", "read")]],
  ["a leading /", 'path "/env/a" { capabilities = ["read"] }', [rule("env/a", "read")]],
  ["zvault://", 'path "zvault://env/+/a*" { capabilities = ["read"] }', [rule("env/+/a*", "read")]],
  ["a comment's mark in a string is none", 'path "a" { capabilities = ["read"] } # path "b" {}', [rule("a", "read")]],
  ["JSON: nothing", "{}", []],
  ["JSON: no path", '{"path":{}}', []],
  [
    "JSON",
    ' {"path": {"env/*": {"capabilities": ["list"]}, "\\u0061/+": {"capabilities": []}}}\n',
    [rule("env/*", "list"), rule("a/+")],
  ],
];

t.test("what is a policy is read", async (t) => {
  for (const [what, text, rules] of accepted) t.same(parsePolicy(text), rules, what);
});

const p = 'path "a" { capabilities = ["read"] }';
const refused: [what: string, text: string, message: string][] = [
  [
    "an unknown attribute",
    'path "a" {\n  policy = "write"\n}',
    'line 2, column 3: unknown attribute "policy"; "capabilities" is the only one',
  ],
  ["one of Vault's that is not ours", 'path "a" { min_wrapping_ttl = "1s" }', "line 1, column 12: unknown attribute"],
  ["another case of the attribute", 'path "a" { Capabilities = ["read"] }', "line 1, column 12: unknown attribute"],
  ["an unknown capability", 'path "a" {\n  capabilities = ["read", "reed"]\n}', 'line 2, column 27: unknown capability "reed"'],
  ["another case of a capability", 'path "a" { capabilities = ["READ"] }', 'line 1, column 28: unknown capability "READ"'],
  ["a capability with a blank", 'path "a" { capabilities = ["read "] }', "line 1, column 28: unknown capability"],
  ["a capability of the prototype", 'path "a" { capabilities = ["constructor"] }', "unknown capability"],
  ["a capability twice", 'path "a" { capabilities = ["read", "read"] }', 'line 1, column 36: "read" stands twice'],
  [
    "an attribute twice",
    'path "a" {\n capabilities = ["read"]\n capabilities = ["list"]\n}',
    'line 3, column 2: "capabilities" stands twice',
  ],
  ["a path twice", `${p}\n${p}`, 'line 2, column 6: path "a" stands twice'],
  ["a path twice, typed otherwise", `${p}\npath "/a" { capabilities = [] }`, 'line 2, column 6: path "/a" stands twice'],
  ["no attribute", 'path "a" {}', 'line 1, column 10: path "a" has no capabilities'],
  ["trailing text", `${p} x`, 'line 1, column 38: "x" where `path` was expected'],
  ["a brace too many", `${p} }`, 'line 1, column 38: "}" where path was expected'],
  ["an end too early", 'path "a" { capabilities = ["read"]', "line 1, column 35: the end where an attribute was expected"],
  ["an end in a list", 'path "a" { capabilities = ["read"', "line 1, column 34: the end where , or ] was expected"],
  ["two commas", 'path "a" { capabilities = ["read",, "list"] }', 'line 1, column 35: "," where a capability was expected'],
  ["no comma", 'path "a" { capabilities = ["read" "list"] }', 'line 1, column 35: "list" where , or ] was expected'],
  [
    "a capability without quotes",
    'path "a" { capabilities = [read] }',
    'line 1, column 28: "read" where a capability was expected',
  ],
  ["one capability that is no list", 'path "a" { capabilities = "read" }', 'line 1, column 27: "read" where [ was expected'],
  ["a path without quotes", "path a {}", 'line 1, column 6: "a" where a path in quotes was expected'],
  ["two paths of one block", 'path "a" "b" { capabilities = [] }', 'line 1, column 10: "b" where { was expected'],
  ["another block", 'paths "a" {}', 'line 1, column 1: "paths" where `path` was expected'],
  ["a string without an end", 'path "a\n" {}', "line 1, column 6: a string without an end on its line"],
  ["a comment without an end", `${p}\n /* x`, "line 2, column 2: a comment without an end"],
  ["an escape", 'path "a\\u0062" { capabilities = [] }', "line 1, column 8: escapes and templates have no place in a policy"],
  ["a template", 'path "env/${name}/*" { capabilities = [] }', "line 1, column 11: escapes and templates"],
  ["Vault's template", 'path "env/{{identity.entity.id}}" { capabilities = [] }', "line 1, column 6"],
  ["a number", 'path "a" { capabilities = 1 }', 'line 1, column 27: "1" has no place here'],
  ["a byte order mark", `\ufeff${p}`, "line 1, column 1"],
  ["a no-break space", 'path\u00a0"a" { capabilities = [] }', "line 1, column 5"],
  ["a look-alike", 'раth "a" { capabilities = [] }', 'line 1, column 1: "\\u{440}" has no place here'],
  ["a character beyond 16 bits, counted as one", '/* 😀 */ x "a" {}', "line 1, column 9"],
  ["a NUL", "\0", "line 1, column 1"],
  ["JSON: trailing text", "{} {}", 'line 1, column 4: "{" after the end of the policy'],
  ["JSON: another attribute", '{"name": "x"}', 'line 1, column 2: "name" is no attribute of a policy'],
  ["JSON: path twice", '{"path": {}, "path": {}}', 'line 1, column 12: "," where } was expected'],
  [
    "JSON: a pattern twice",
    '{"path": {"a": {"capabilities": []}, "\\u0061": {"capabilities": []}}}',
    'line 1, column 38: path "a" stands twice',
  ],
  ["JSON: __proto__", '{"path": {"__proto__": {"__proto__": []}}}', 'line 1, column 25: unknown attribute "__proto__"'],
  [
    "JSON: a comma behind the last one",
    '{"path": {"a": {"capabilities": ["read",]}}}',
    "line 1, column 40: a comma with nothing behind it",
  ],
  ["JSON: a comma behind an attribute", '{"path": {"a": {"capabilities": [],}}}', "line 1, column 35"],
  ["JSON: a comment", '{"path": {}} // x', "line 1, column 14"],
  ["JSON: a lone half of a pair", '{"path": {"\\ud800": {"capabilities": []}}}', "line 1, column 11"],
  ["JSON: an escape that is none", '{"path": {"\\x": {}}}', "line 1, column 11: a string with an escape that JSON does not know"],
  ["JSON: null", '{"path": null}', 'line 1, column 10: "null" where { was expected'],
  ["JSON: a list", "[]", 'line 1, column 1: "[" where path was expected'],
];

t.test("everything else is refused, with line and column", async (t) => {
  for (const [what, text, message] of refused) {
    const seen = refusal(() => parsePolicy(text));
    t.ok(seen.startsWith("line ") && seen.includes(message), `${what}: ${seen}`);
  }
});

const noPattern = [
  "",
  "/",
  "a//b",
  "a/./b",
  "../b",
  "..",
  "a/..",
  "a*b",
  "a/*/b",
  "**",
  "a/+*",
  "+*",
  "a+/b",
  "a/+b/c",
  "a b",
  "ä",
  "a%2e",
  "a\\b",
  "A\u0430",
];
const patterns = [
  "a",
  "a/",
  "*",
  "+",
  "+/",
  "+/*",
  "a/*",
  "a/b*",
  "a/.*",
  "a/+/b/+",
  "a/+/b*",
  "a.b/-_",
  "A/a",
  `${"a/".repeat(15)}b`,
];

t.test("a pattern is accepted or refused, never repaired", async (t) => {
  for (const one of patterns) t.equal(patternProblem(one), undefined, one);
  for (const one of noPattern) {
    t.type(patternProblem(one === "/" ? "" : one), "string", one);
    t.match(
      refusal(() => parsePolicy(`path ${JSON.stringify(one)} { capabilities = [] }`)),
      /^line 1, column/,
      one,
    );
  }
  for (const one of ["x".repeat(129), `${"x".repeat(129)}/*`, "a/".repeat(17), `${"a/".repeat(300)}*`, "a".repeat(600)])
    t.type(patternProblem(one), "string", `${one.length} characters`);
});

t.test("limits: characters, paths", async (t) => {
  t.match(
    refusal(() => parsePolicy("#".repeat(64 * 1024 + 1))),
    /^line 1, column 65537: longer than 65536 characters/,
  );
  t.same(parsePolicy("#".repeat(64 * 1024)), []);
  const many = (n: number) => Array.from({ length: n }, (_, at) => `path "p${at}" { capabilities = [] }`).join("\n");
  t.equal(parsePolicy(many(256)).length, 256);
  t.equal(
    refusal(() => parsePolicy(many(257))),
    "line 257, column 6: more than 256 paths",
  );
  // deep and long texts are refused in a moment, and not by an overflow
  t.match(
    refusal(() => parsePolicy("{".repeat(60_000))),
    /^line 1, column 2/,
  );
  t.match(
    refusal(() => parsePolicy("[".repeat(60_000))),
    /^line 1, column 1/,
  );
  t.match(
    refusal(() => parsePolicy("/* ".repeat(20_000))),
    /comment without an end/,
  );
});

const word = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,5}$/);
const pattern = fc
  .tuple(fc.array(fc.oneof(word, fc.constant("+")), { minLength: 1, maxLength: 5 }), fc.constantFrom("", "*", "/*", "/"))
  .map(([parts, end]) => parts.join("/") + (end === "*" && parts.at(-1) === "+" ? "" : end));
const rules = fc.uniqueArray(fc.record({ path: pattern, capabilities: fc.subarray([...grants]) }), { selector: (one) => one.path });

t.test("what is printed is read back as the same rules, and so is its JSON", async () => {
  fc.assert(
    fc.property(rules, (some) => {
      const again = parsePolicy(printPolicy(some));
      const paths = `{${some.map((one) => `${JSON.stringify(one.path)}: ${JSON.stringify({ capabilities: one.capabilities })}`).join(", ")}}`;
      const json = parsePolicy(`{"path": ${paths}}`);
      if (JSON.stringify(again) !== JSON.stringify(some) || JSON.stringify(json) !== JSON.stringify(some)) throw new Error(paths);
    }),
  );
});

t.test("a name has one spelling, and a look-alike is none", async (t) => {
  for (const typed of ["deploy", " Deploy ", "DEPLOY", "\tdeploy".trim()]) t.equal(nameOf(typed, "policy"), "deploy", typed);
  t.equal(nameOf("a.b_c-9", "policy"), "a.b_c-9");
  t.equal(nameOf("x".repeat(64), "policy"), "x".repeat(64));
  const none = ["", " ", ".", "..", "a/b", "a b", "a*", "a+", "a,b", "x".repeat(65), "\tdeploy", "deploy\n", "de\0ploy"];
  // no-break space, full-width, Kelvin sign (lower case: k), dotless i, Cyrillic, zero-width
  const alike = ["\u00a0deploy", "ｄeploy", "\u212a", "\u0131d", "dеploy", "deploy\u200b", "ROOT\u00a0", "\ufeffroot"];
  for (const typed of [...none, ...alike])
    t.match(
      refusal(() => nameOf(typed, "policy")),
      /is no name of a policy/,
      JSON.stringify(typed),
    );
});
