/** `policy fmt`: one form for a policy's text, the same meaning, and every word of its comments. */
import fc from "fast-check";
import t from "tap";
import { formatPolicy } from "../../src/policy/format.ts";
import { lexemes } from "../../src/policy/lexer.ts";
import { parsePolicy } from "../../src/policy/parse.ts";
import { printPolicy } from "../../src/policy/print.ts";
import { grants } from "../../src/policy/rule.ts";

const cases: [what: string, text: string, formatted: string][] = [
  ["nothing", " \n", ""],
  [
    "one line",
    'path "/env/*"{capabilities=["use","list",]}path "a" {\n\n\n capabilities = [ ]}',
    'path "env/*" {\n  capabilities = ["list", "use"]\n}\n\npath "a" {\n  capabilities = []\n}\n',
  ],
  ["comments alone", "# a  \r\n\n\n// b\n/* c\n   d */", "# a\n\n// b\n/* c\n   d */\n"],
  [
    "comments around paths",
    '# the file\n\n# the first\npath "a" { # here\n  # why\n  capabilities = ["read"] # behind\n  # the end\n} # after\n# the second\npath "b" { capabilities = [] }\n# last',
    '# the file\n\n# the first\npath "a" { # here\n  # why\n  capabilities = ["read"] # behind\n  # the end\n} # after\n\n# the second\npath "b" {\n  capabilities = []\n}\n\n# last\n',
  ],
  [
    "comments in a list go with their capability",
    'path "a" {\n  capabilities = [\n    "use", # run\n    # ls\n    "list", /* x */ "read"\n    # no more\n  ]\n}',
    'path "a" {\n  capabilities = [\n    /* x */\n    "read",\n    # ls\n    "list",\n    "use", # run\n    # no more\n  ]\n}\n',
  ],
  [
    "comments in the middle of things",
    'path /* 1 */ "a" # 2\n{ capabilities /* 3 */ = # 4\n [ "read" /* 5 */ ] /* 6 */ } /* 7 */',
    '/* 1 */\n# 2\npath "a" {\n  /* 3 */\n  # 4\n  capabilities = [\n    "read", /* 5 */\n  ] /* 6 */\n} /* 7 */\n',
  ],
  [
    "JSON stays JSON",
    '{"path":{"/a":{"capabilities":["use","list"]},"b/+":{"capabilities":[]}}}',
    '{\n  "path": {\n    "a": {\n      "capabilities": ["list", "use"]\n    },\n    "b/+": {\n      "capabilities": []\n    }\n  }\n}\n',
  ],
  ["JSON: nothing", ' {"path": {}}', "{}\n"],
];

t.test("a text has one form", async (t) => {
  for (const [what, text, formatted] of cases) {
    t.equal(formatPolicy(text), formatted, what);
    t.equal(formatPolicy(formatted), formatted, `${what}, again`);
  }
  t.throws(() => formatPolicy('path "a" { capabilities = ["reed"] }'), /line 1, column 28: unknown capability/);
});

const blank = fc.constantFrom("", " ", "\n", "\n\n", "\r\n", " \n \n\n ");
const gap = fc
  .array(
    fc.oneof(
      blank,
      fc.constantFrom("# a\n", "// b # c \n", "#\n", "/* d */", "/* e\n  f */", "/**/", '# "x" }\n', "/* ] */ ", " // ä\r\n"),
    ),
    { maxLength: 3 },
  )
  .map((all) => ` ${all.join("")} `);
/** Texts with comments wherever one can be. */
const source = fc
  .array(
    fc.record({
      list: fc.subarray([...grants], { maxLength: 4 }),
      comma: fc.boolean(),
      gaps: fc.array(gap, { minLength: 20, maxLength: 20 }),
    }),
    {
      maxLength: 4,
    },
  )
  .chain((blocks) =>
    fc
      .tuple(
        gap,
        fc.shuffledSubarray(["a", "/env/*", "env/+/x", "zvault://b/c"], { minLength: blocks.length, maxLength: blocks.length }),
      )
      .map(([end, paths]) => {
        const texts = blocks.map(({ list, comma, gaps }, at) => {
          let next = 0;
          const g = (): string => gaps[next++ % gaps.length] ?? "";
          const items = list.toReversed().map((one) => `${g()}"${one}"${g()}`);
          const tail = comma && items.length > 0 ? `,${g()}` : "";
          return `${g()}path${g()}"${paths[at] ?? ""}"${g()}{${g()}capabilities${g()}=${g()}[${items.join(",")}${tail}${g()}]${g()}}`;
        });
        return `${texts.join("")}${end}`;
      }),
  );

const wordsIn = (text: string): string[] =>
  [...lexemes(text, "hcl", { comments: true })]
    .filter((one) => one.kind === "comment")
    .map((one) => one.text.replaceAll(/[ \t\r]+(?=\n|$)/g, ""))
    .toSorted();

t.test("formatted it means the same, keeps every comment, and is formatted already", async (t) => {
  fc.assert(
    fc.property(source, (text) => {
      const formatted = formatPolicy(text);
      if (formatPolicy(formatted) !== formatted)
        throw new Error(`not the same again:\n${formatted}---\n${formatPolicy(formatted)}`);
      t.strictSame(parsePolicy(formatted), parsePolicy(text));
      t.strictSame(wordsIn(formatted), wordsIn(text));
    }),
    { numRuns: 400 },
  );
});

// a text that the vault takes must not become one that it does not
t.test("what its form would make too long is refused", async (t) => {
  const paths = Array.from({ length: 256 }, (_, at) => `a/${"b".repeat(110)}/${"c".repeat(108)}${String(at).padStart(3, "0")}`);
  const hcl = paths.map((path) => `path "${path}"{capabilities=["list"]}`).join("");
  parsePolicy(hcl);
  const json = JSON.stringify({ path: Object.fromEntries(paths.map((path) => [path, { capabilities: ["list"] }])) });
  parsePolicy(json);
  for (const text of [hcl, json])
    t.throws(() => formatPolicy(text), { code: "usage", message: /in its one form it is \d+ characters/ });
});

t.test("without comments it is what `policy read` prints", async (t) => {
  fc.assert(
    fc.property(source, (text) => {
      const rules = parsePolicy(text);
      t.equal(formatPolicy(printPolicy(rules)), printPolicy(rules));
    }),
    { numRuns: 100 },
  );
});
