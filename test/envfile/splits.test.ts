import { readFileSync } from "node:fs";
import t from "tap";
import { parse, parseText } from "../../src/envfile/parse.ts";
import { planImport } from "../../src/envfile/plan.ts";
import { splitsOf } from "../../src/envfile/splits.ts";
import { judge } from "../../src/scan/judge.ts";

type Case = { id: string; input: string; env: Record<string, string>; sevenAgree: boolean };
const cases = JSON.parse(readFileSync(new URL("../vectors/dotenv/cases.json", import.meta.url), "utf8")) as Case[];
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

t.test("each of the 190 inputs on which seven readers differ is told, with its line and the name if it has one", async (t) => {
  const differ = cases.filter((one) => !one.sevenAgree);
  t.equal(differ.length, 190);
  for (const { id, input, env } of differ) {
    const splits = splitsOf(parse(encode(input)), env);
    t.ok(splits.length > 0, id);
    const lines = input.split(/\r\n|\r|\n/).length;
    for (const { line, name, text } of splits) {
      t.ok(line >= 1 && line <= lines, `${id} line ${line} of ${lines}`);
      t.ok(name === "" ? text.length > 0 : input.includes(name), `${id} ${name}`);
    }
  }
});

t.test("none of the 143 inputs on which they agree is told anything about readers", async (t) => {
  const agree = cases.filter((one) => one.sevenAgree);
  t.equal(agree.length, 143);
  for (const { id, input, env } of agree) t.same(splitsOf(parse(encode(input)), env), [], id);
});

t.test("in a plan, too: of the 143 only names that stand twice are noted", async (t) => {
  const noted = cases
    .filter((one) => one.sevenAgree)
    .flatMap(({ id, input, env }) => {
      const options = { plain: [], secret: [], environment: env };
      const plan = planImport({ files: [{ name: ".env", bytes: encode(input) }], project: "shop", options, judge });
      return plan.files.flatMap((file) => file.notes.map((note) => `${id} ${note.kind} ${note.name}`));
    });
  t.same(noted.toSorted(), ["dotenv-js/003 duplicate DUP", "issues-and-own/036 duplicate A"]);
});

t.test("each kind is told for what it is", async (t) => {
  const rows: [string, string][] = [
    ["A=x#y", "glued-hash"],
    ["A=x\t#y", "glued-hash"],
    ["A='open", "unterminated-quote"],
    ['A="x" y', "text-after-quote"],
    ["A='Let's go'", "inner-quote"],
    ["A=$(date)", "command-substitution"],
    ['A="`date`"', "command-substitution"],
    ["A=${B}", "interpolation"],
    ["A='${B}'", "interpolation"],
    ["A=pa$$word", "interpolation"],
    ["A: x", "colon"],
    ["A-B=x", "odd-name"],
    ["1A=x", "odd-name"],
    ["__proto__=x", "odd-name"],
    ["A=x\rB=y", "bare-cr"],
    ['A="x\\ty"', "escape"],
    ["A=C:\\new", "escape"],
    ["A='it\\'s'", "escape"],
    ["A=`x`", "backtick"],
    ["A= ", "blank-value"],
    ["A= # x", "blank-value"],
    ['A="x\r\ny"', "crlf-in-value"],
    ["A=\u00a0x", "odd-space"],
    ["A=\nB", "no-assignment"],
    ["'A'=x", "no-assignment"],
    ["export\tA=x", "export"],
    ["\ufeffA=x", "bom"],
    ["X=1\n\ufeffA=x", "bom"],
  ];
  for (const [text, kind] of rows)
    t.ok(
      splitsOf(parseText(text)).some((split) => split.kind === kind),
      JSON.stringify(text),
    );
  t.match(splitsOf(parseText("A=file\n"), { A: "outside" }), [{ kind: "set-outside", name: "A", line: 1 }]);
  t.same(splitsOf(parseText("A=file\n"), { A: "file" }), []);
});
