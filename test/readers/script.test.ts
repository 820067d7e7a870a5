import t from "tap";
import { parseCommand } from "../../src/readers/command.ts";
import type { Imported } from "../../src/readers/reader.ts";
import { applyEdits, readersIn } from "../../src/readers/script.ts";

const only = (...names: string[]): Imported => new Map([["", names]]);
const usual = only(".env", ".env.local");

/** The line under `zvault run`; undefined: no reader, "?": a reader that nobody can rewrite. */
function put(line: string, imported: Imported = usual, folder = ""): string | undefined {
  const found = readersIn(line, folder, imported);
  if (found.length === 0) return undefined;
  return found.every((one) => one.edits)
    ? applyEdits(
        line,
        found.flatMap((one) => one.edits ?? []),
      )
    : "?";
}

t.test("a program that reads dotenv files is put behind zvault run, in the place where it stands", async (t) => {
  const cases: [string, string | undefined][] = [
    ["next dev", "zvault run -- next dev"],
    ["NODE_ENV=production next build", "NODE_ENV=production zvault run -- next build"],
    ["tsc && vite build; echo done", "tsc && zvault run -- vite build; echo done"],
    ["npx next dev -p 3001", "zvault run -- npx next dev -p 3001"],
    ["cross-env A=1 B=2 vite", "zvault run -- cross-env A=1 B=2 vite"],
    ["docker compose up -d", "zvault run -- docker compose up -d"],
    ["next build && next start", "zvault run -- next build && zvault run -- next start"],
    ["eslint .", undefined],
    ["echo next dev", undefined],
    ["zvault run -- next dev", undefined],
    ["wrangler deploy", undefined],
    ["foreman start", "zvault run -- foreman start"],
    ["next dev $(cat args)", "?"],
    ["(next dev)", undefined],
    ["sh -c 'next dev'", undefined],
    ["# next dev", undefined],
  ];
  for (const [line, wanted] of cases) t.equal(put(line), wanted, line);
});

t.test(
  "options for env files go, and what they named is named to zvault run where it is not what run reads by itself",
  async (t) => {
    const one = only(".env");
    const three = only(".env", ".env.local", ".env.production");
    const cases: [string, Imported, string | undefined][] = [
      ["node --env-file=.env e2e.js", one, "zvault run -- node e2e.js"],
      ["node --env-file .env --enable-source-maps e2e.js", one, "zvault run -- node --enable-source-maps e2e.js"],
      ["node --env-file-if-exists=./.env e2e.js", one, "zvault run -- node e2e.js"],
      ["node --env-file=.env e2e.js", three, "zvault run -f .env.zvault -- node e2e.js"],
      ["node --env-file=.env --env-file=.env.local e2e.js", three, "zvault run -- node e2e.js"],
      ["node --env-file=.env.local --env-file=.env e2e.js", three, "zvault run -f .env.local.zvault -f .env.zvault -- node e2e.js"],
      ["A=1 tsx --env-file=.env x.ts", one, "A=1 zvault run -- tsx x.ts"],
      ["node --env-file=.env.test e2e.js", one, undefined],
      ["node -r dotenv/config app.js", one, "zvault run -- node -r dotenv/config app.js"],
      ["node --import=dotenv/config app.js", one, "zvault run -- node --import=dotenv/config app.js"],
      ["dotenv -- next dev", one, "zvault run -- next dev"],
      ["dotenv -e .env.production -- node server.js", three, "zvault run -f .env.production.zvault -- node server.js"],
      // the first file wins in dotenv-cli, the last one in ours
      ["dotenv -e .env.local -e .env -- node server.js", three, "zvault run -- node server.js"],
      ["npx dotenv-cli -e .env -- x", one, undefined],
      ["dotenv -v A=1 -- node server.js", one, "?"],
      ["env-cmd node server.js", one, "zvault run -- node server.js"],
      ["env-cmd -f .env.production node server.js", three, "zvault run -f .env.production.zvault -- node server.js"],
      ["dotenvx run -f .env -- node server.js", one, "zvault run -- node server.js"],
      ["docker run --env-file .env img", one, "?"],
      ["node --env-file=$FILE x.js", one, undefined],
    ];
    for (const [line, imported, wanted] of cases) t.equal(put(line, imported), wanted, line);
  },
);

t.test("a framework's mode is named where the mode has a file of its own", async (t) => {
  const imported = only(".env", ".env.production", ".env.development.local");
  t.equal(put("next build", imported), "zvault run -e production -- next build");
  t.equal(put("next dev", imported), "zvault run -e development -- next dev");
  t.equal(put("vite build --mode staging", imported), "zvault run -- vite build --mode staging");
  t.equal(put("vite build --mode=staging", only(".env.staging")), "zvault run -e staging -- vite build --mode=staging");
  t.equal(put("nuxt build", imported), "zvault run -- nuxt build");
  t.equal(put("next dev", only(".env.production")), undefined);
});

t.test("what fails without the file is known", async (t) => {
  const needs = (line: string): boolean[] => readersIn(line, "", usual).map((one) => one.needs);
  t.same(needs("node --env-file=.env x"), [true]);
  t.same(needs("node --env-file-if-exists=.env x"), [false]);
  t.same(needs("source .env && node x"), [true]);
  t.same(needs("set -a; . ./.env; set +a"), [true]);
  t.same(needs("env-cmd node x"), [true]);
  t.same(needs("next dev"), [false]);
});

t.test("a folder of a monorepo counts its own files, and paths that lead out of it", async (t) => {
  const imported: Imported = new Map([
    ["", [".env"]],
    ["apps/web", [".env.local"]],
  ]);
  t.equal(put("next dev", imported, "apps/web"), "zvault run -- next dev");
  t.equal(put("next dev", imported, "apps/api"), undefined);
  t.equal(put("dotenv -e ../../.env -- next dev", imported, "apps/web"), "zvault run -f ../../.env.zvault -- next dev");
});

t.test("a line is split as a shell splits it", async (t) => {
  const words = (line: string): string[][] => parseCommand(line).map((one) => one.words.map((word) => word.text));
  t.same(words(`a "b c" 'd && e' f\\ g && h | i; j & k`), [["a", "b c", "d && e", "f g"], ["h"], ["i"], ["j"], ["k"]]);
  t.same(words("A=1 B='2 3' c # d"), [["c"]]);
  t.same(words(""), []);
  t.same(
    parseCommand("a `b`").map((one) => one.plain),
    [false],
  );
  t.same(
    parseCommand("a '`b`'").map((one) => one.plain),
    [true],
  );
  t.same(
    parseCommand('a "$(b)"').map((one) => one.plain),
    [false],
  );
  for (const odd of ["'", '"', "\\", "&&&&", "a 'b", "=", "A="]) t.doesNotThrow(() => parseCommand(odd), odd);
});

t.test("a program that sets NODE_ENV itself is known", async (t) => {
  const sets = (line: string) => readersIn(line, "", usual).map((one) => one.setsNodeEnv === true);
  t.same(sets("npx next build"), [true]);
  t.same(sets("react-scripts start && vite build"), [true, false]);
});
