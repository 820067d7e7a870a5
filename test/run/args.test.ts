import t from "tap";
import { errorsTo, options, optionsHelp, parseArgs } from "../../src/run/args.ts";
import { knownTool } from "../../src/run/known-tools.ts";

t.test("options end at the first word that is none, or behind --", (t) => {
  t.same(parseArgs(["-q", "node", "-e", "1", "--only"]).command, ["node", "-e", "1", "--only"]);
  t.same(parseArgs(["--", "-x", "--help"]).command, ["-x", "--help"]);
  t.same(parseArgs(["npm", "run", "--", "--json"]).command, ["npm", "run", "--", "--json"]);
  t.equal(parseArgs(["npm", "--help"]).help, false);
  t.same(parseArgs(["-", "x"]).command, ["-", "x"]);
  t.end();
});

t.test("every option is taken in each of its spellings", (t) => {
  const got = parseArgs(
    "-e prod -f a --env-file=b -fc --only A,B --only=C --clear-env --override --no-mask --allow-ai --vault d -q cmd".split(" "),
  );
  t.match(got, {
    env: "prod",
    files: ["a", "b", "c"],
    only: ["A", "B", "C"],
    clearEnv: true,
    override: true,
    mask: false,
    allowAi: true,
    vault: "d",
    quiet: true,
  });
  t.equal(parseArgs(["--env", "a", "-e", "b", "cmd"]).env, "b", "the last one wins");
  t.equal(parseArgs(["--wait", "cmd"]).wait, 300_000);
  t.equal(parseArgs(["--wait=90s", "cmd"]).wait, 90_000);
  t.equal(parseArgs(["cmd"]).wait, undefined);
  t.match(parseArgs(["--dry-run", "--json"]), { dryRun: true, json: true, command: [] });
  t.equal(parseArgs(["--json-errors", "3", "cmd"]).jsonErrors, 3);
  t.end();
});

t.test("what is no option is refused with a hint", (t) => {
  const cases: [string[], RegExp, RegExp | undefined][] = [
    [["--dryrun", "x"], /no option --dryrun/, /did you mean --dry-run\?/],
    [["--overide", "x"], /no option/, /--override/],
    [["-x", "y"], /no option -x/, undefined],
    [["--only"], /needs a value: A,B/, undefined],
    [["--quiet=1", "x"], /takes no value/, undefined],
    [["-e", "../x", "y"], /no name of an environment/, undefined],
    [["--wait=soon", "y"], /no time/, undefined],
    [["--json-errors", "x", "y"], /descriptor/, undefined],
    [["--json", "x"], /--dry-run only/, undefined],
    [[], /no program/, undefined],
    [["--"], /no program/, undefined],
  ];
  for (const [argv, message, hint] of cases) t.throws(() => parseArgs(argv), { code: "usage", message, ...(hint ? { hint } : {}) });
  t.end();
});

t.test("--json-errors is found even where the rest cannot be parsed", (t) => {
  t.equal(errorsTo(["--nope", "--json-errors", "3"]), 3);
  t.equal(errorsTo(["--json-errors=4", "x"]), 4);
  t.equal(errorsTo(["--", "--json-errors=4"]), undefined);
  t.end();
});

t.test("help names every option", (t) => {
  for (const one of options) t.match(optionsHelp(), `--${one.name}`);
  t.end();
});

t.test("AI tools and editors are known by name, path and runner; other programs are not", (t) => {
  const tools: [string, string][] = [
    ["claude", "claude"],
    ["/usr/local/bin/codex", "codex"],
    ["code .", "code"],
    ["npx claude", "claude"],
    ["npx -y @anthropic-ai/claude-code@latest", "claude"],
    ["pnpm dlx @openai/codex", "codex"],
    ["npm exec opencode-ai", "opencode"],
    ["bunx @google/gemini-cli", "gemini"],
    ["env A=1 claude", "claude"],
    ["nohup cursor .", "cursor"],
    ["node /usr/local/bin/claude", "claude"],
    ["node --enable-source-maps node_modules/@openai/codex/bin/codex.js", "codex"],
    ["python3 /home/ann/.local/bin/aider --model x", "aider"],
    ["pipx run aider-chat", "aider"],
    ["idea .", "idea"],
  ];
  for (const [line, tool] of tools) t.equal(knownTool(line.split(" ")), tool, line);
  for (const line of [
    "node claude.js",
    "node server.js claude",
    "python3 -m claude",
    "npm run dev",
    "npx next dev",
    "npm test",
    "pnpm claude",
    "env",
    "npx",
    "python code.py",
    "goose up",
  ]) {
    t.equal(knownTool(line.split(" ")), undefined, line);
  }
  t.end();
});
