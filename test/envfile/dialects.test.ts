/** Our readers against the real ones: dotenv and @next/env from npm, python-dotenv where it is; compose by its documented rules. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import nextEnv from "@next/env";
import dotenv from "dotenv";
import fc from "fast-check";
import t from "tap";
import { Readings } from "../../src/envfile/dialects/dialects.ts";
import type { Dialect, Reading } from "../../src/envfile/dialects/reader.ts";
import { parseText } from "../../src/envfile/parse.ts";
import { splitsOf } from "../../src/envfile/splits.ts";
import { syntax } from "./syntax.ts";

type Case = { id: string; input: string; env: Record<string, string>; sevenAgree: boolean; dotenv18: Record<string, string> };
const cases = JSON.parse(readFileSync(new URL("../vectors/dotenv/cases.json", import.meta.url), "utf8")) as Case[];
const numRuns = process.env["ZVAULT_TEST_SLOW"] === "1" ? 20_000 : 800;

function read(dialect: Dialect, text: string, env: Record<string, string> = {}): Reading {
  return new Readings(new Map([[".env", text]]), new Map(Object.entries(env))).of(dialect, ".env");
}

function valuesOf(reading: Reading): Record<string, string> | string {
  if (reading.kind === "refused") return `${reading.line}: ${reading.why}`;
  return Object.fromEntries([...reading.bound].map(([name, one]) => [name, one.value]));
}

t.test("node reads as dotenv 18", async (t) => {
  for (const { id, input } of cases) t.same(valuesOf(read("node", input)), { ...dotenv.parse(input) }, id);
});

/** What @next/env makes of one file in an environment; undefined where it gives up on it. */
function nextValues(contents: string, env: Record<string, string>): Record<string, string> | undefined {
  const before = { ...process.env };
  let failed = false;
  const log = { info: () => {}, error: () => (failed = true) };
  const file = { path: ".env", contents, env: {} as Record<string, string> };
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  nextEnv.processEnv([file], "/", log as unknown as Console, true);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, before);
  return failed ? undefined : { ...file.env };
}

t.test("next reads as @next/env", async (t) => {
  for (const { id, input, env } of cases) {
    const outside = Object.fromEntries(Object.entries(env).filter(([name]) => !(name in dotenv.parse(input))));
    const ours = read("next", input, outside);
    const real = nextValues(input, outside);
    t.same(ours.kind === "refused" ? undefined : valuesOf(ours), real, id);
  }
  fc.assert(
    fc.property(syntax, (text) => {
      // dotenv 16 would make a name of it, dotenv 18 does not
      fc.pre(!text.includes("__proto__") && !text.includes("\0"));
      const ours = read("next", text);
      // the real one would take its time: it goes on until the stack is full
      if (ours.kind === "read") t.same(valuesOf(ours), nextValues(text, {}), JSON.stringify(text));
    }),
    { numRuns },
  );
});

t.test("of several files next takes the first that has a name, and expands with what it has", async (t) => {
  const files = new Map([
    [".env", "USER_=base\nURL=x://${USER_}:${PW}\n"],
    [".env.local", "USER_=local\nPW=${USER_}-pw\n"],
  ]);
  const readings = new Readings(files, new Map());
  t.same(valuesOf(readings.of("next", ".env.local")), { USER_: "local", PW: "local-pw" });
  t.match(valuesOf(readings.of("next", ".env")), { URL: "x://local:local-pw" });
  t.match(valuesOf(readings.of("compose", ".env")), { URL: "x://base:" });
});

const script = `
import io, json, logging, os, sys
from dotenv.main import DotEnv
logging.disable(50)
out = []
for text, env in json.load(sys.stdin):
    os.environ.clear(); os.environ.update(env)
    text = text.replace("\\r\\n", "\\n").replace("\\r", "\\n")
    values = DotEnv(None, stream=io.StringIO(text, newline=""), interpolate=True, override=False).dict()
    out.append({k: v for k, v in values.items() if v is not None})
print(json.dumps(out))
`;
const interpreter = ["python3", "/usr/bin/python3"].find(
  (one) => spawnSync(one, ["-c", "import dotenv"], { stdio: "ignore" }).status === 0,
);

t.test("python reads as python-dotenv", { skip: interpreter === undefined && "not run: python3-dotenv" }, async (t) => {
  const inputs: [string, Record<string, string>][] = [
    ...cases.map(({ input, env }): [string, Record<string, string>] => [input.replace(/^\ufeff/, ""), env]),
    ...fc
      .sample(syntax, { numRuns, seed: 7 })
      .filter((text) => text.isWellFormed() && !text.startsWith("\ufeff"))
      .map((text): [string, Record<string, string>] => [text, { B: "outside" }]),
  ];
  const ran = spawnSync(interpreter ?? "", ["-c", script], { input: JSON.stringify(inputs), maxBuffer: 2 ** 28 });
  t.equal(ran.status, 0, ran.stderr.toString());
  const real = JSON.parse(ran.stdout.toString()) as Record<string, string>[];
  t.equal(real.length, inputs.length);
  for (const [at, [text, env]] of inputs.entries()) {
    const ours = valuesOf(read("python", text, env));
    if (!isDeepStrictEqual(ours, real[at])) t.fail(JSON.stringify({ text, ours, real: real[at] }));
  }
});

t.test("compose reads by its rules", async (t) => {
  const rows: [string, Record<string, string> | string, Record<string, string>?][] = [
    ["A=x#y", { A: "x#y" }],
    ["A=x #y", { A: "x" }],
    ["A= # x", { A: "# x" }],
    ["A='x$B'", { A: "x$B" }],
    ["A='it\\'s'", { A: "it's" }],
    ['A="a\\tb\\\\c\\"d"', { A: 'a\tb\\c"d' }],
    ['A="\\0123\\x41"', { A: "S\\x41" }],
    ['A="\\$B"', { A: "$B" }],
    ["A=$$B", { A: "$B" }],
    ["A=$B-${B}", { A: "b-b" }, { B: "b" }],
    ["B=1\nA=${B}2", { B: "1", A: "12" }],
    ["A=${B}2\nB=1", { A: "2", B: "1" }],
    ["A=${B:-x${C}}", { A: "xc" }, { C: "c" }],
    ["A=${B:-x}\nC=${D-y}", { A: "x", C: "" }, { B: "", D: "" }],
    ["A=${B:+x}\nC=${D:+y}", { A: "x", C: "" }, { B: "b" }],
    ["A=${B?why}", "1: B is required and has no value"],
    ["A=$(date) $ 5", { A: "$(date) $ 5" }],
    ["A=${B", "1: a ${ is no variable"],
    ["X=1\nA='open", "2: a quote is not closed"],
    ["X=1\nno assignment\n", "2: a name has a space in it"],
    ["'A'=x", "1: a name has a character that compose does not know"],
    ["A: x\nB.C-D[0]=y", { A: "x", "B.C-D[0]": "y" }],
    ["PASSED_ON\nA=1", { A: "1" }],
    ["A=`x`", { A: "`x`" }],
    ["A='x\ny'\r\nB=2\r\n", { A: "x\ny", B: "2" }],
  ];
  for (const [text, values, env] of rows) t.same(valuesOf(read("compose", text, env)), values, JSON.stringify(text));
  for (const { id, input, env, dotenv18 } of cases.filter((one) => one.sevenAgree)) {
    t.same(valuesOf(read("compose", input, env)), dotenv18, id);
  }
});

t.test("a name that begins with a digit is one to next", async (t) => {
  const document = parseText("PASSWORD=pa$5word\nOTHER='pa$5word'\n");
  t.same(
    splitsOf(document).map((split) => `${split.name} ${split.kind}`),
    ["PASSWORD interpolation"],
  );
});

t.test("where our readers differ on a value, a split names it", async (t) => {
  fc.assert(
    fc.property(syntax, (text) => {
      const splits = splitsOf(parseText(text));
      const node = valuesOf(read("node", text)) as Record<string, string>;
      for (const dialect of ["next", "compose", "python"] as const) {
        const other = valuesOf(read(dialect, text));
        if (typeof other === "string") {
          t.ok(splits.length > 0, `${dialect} ${other} ${JSON.stringify(text)}`);
          continue;
        }
        for (const name of new Set([...Object.keys(node), ...Object.keys(other)])) {
          // next puts nothing in the place of a name in single quotes that no file has: its seven peers agree on the text
          if (dialect === "next" && text.includes("'")) continue;
          if (node[name] !== other[name] && splits.length === 0) t.fail(`${dialect} ${name} ${JSON.stringify(text)}`);
        }
      }
    }),
    { numRuns: numRuns * 4 },
  );
});

t.test("no text takes a reader long", async (t) => {
  const long = 200_000;
  const texts = [
    "$".repeat(long),
    "${A:-".repeat(long / 5),
    "\\".repeat(long),
    '"'.repeat(long),
    "A='".repeat(long / 3),
    " \n".repeat(long),
  ];
  for (const text of texts) {
    for (const dialect of ["node", "next", "compose", "python"] as const) read(dialect, `A=${text}\nB="${text}\n`);
  }
  t.pass("all ended");
});
