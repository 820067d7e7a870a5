import t from "tap";
import { parseDocument } from "yaml";
import { printOverride, readCompose } from "../../src/readers/compose.ts";
import { findReaders, mayRead } from "../../src/readers/find.ts";
import type { Imported } from "../../src/readers/reader.ts";
import { applyEdits } from "../../src/readers/script.ts";

const imported: Imported = new Map([["", [".env", ".env.local"]]]);

/** "line needs what" of each reader. */
function found(file: string, text: string, of: Imported = imported): string[] {
  t.ok(mayRead(file), file);
  return findReaders([{ file, text }], of).readers.map((one) => `${one.line}${one.needs ? "!" : ""} ${one.reads.join(",")}`);
}

t.test("readers are found in every kind of file, by line, and with what fails without the file", async (t) => {
  t.same(found("Makefile", "include .env\nexport\n-include .env.local\nrun:\n\t. ./.env && node x\n\techo .env\n"), [
    "1! .env",
    "3 .env.local",
    "5! .env",
  ]);
  t.same(found("Dockerfile", 'FROM node\nCOPY a .env ./\nADD [".env", "/x"]\nCOPY . .\nCOPY .env.example .env\n'), [
    "2! .env",
    "3! .env",
  ]);
  t.same(found("docker/web.Dockerfile", "COPY .env .\n"), []);
  t.same(found(".envrc", "dotenv\ndotenv_if_exists .env.local\nsource_env .env\nuse flake\n"), [
    "1! .env",
    "2 .env.local",
    "3! .env",
  ]);
  t.same(found("Procfile", "web: node x\nworker: node y\n"), ["1 .env"]);
  t.same(
    found(
      "scripts/run.sh",
      '#!/bin/sh\nset -a; source "$(dirname "$0")/../.env"\nexport $(grep -v "^#" .env | xargs)\n# source .env\n',
    ),
    ["2! .env", "3! .env"],
  );
  t.same(
    found(
      ".github/workflows/ci.yml",
      "      - run: cp .env.example .env\n      - run: source .env && x\n      - run: echo A=1 >> .env\n",
    ),
    ["1 .env", "2! .env", "3 .env"],
  );
  t.same(found("app/settings.py", 'environ.Env.read_env(BASE / ".env")\nload_dotenv()\ndotenv_values(".env")\n'), [
    "1 .env",
    "2 .env",
    "3! .env",
  ]);
  t.same(found("config.py", "class S(BaseSettings):\n    model_config = SettingsConfigDict(env_file='.env')\n"), ["2 .env"]);
  t.same(found("justfile", "set dotenv-load\n"), ["1 .env"]);
  t.same(found("package.json", '{\n "scripts": {\n  "a": "next dev",\n  "b": "tsc"\n }\n}\n'), ["3 .env,.env.local"]);
  t.notOk(mayRead("src/index.js"));
});

t.test("what is not a file of its kind reads nothing", async (t) => {
  for (const file of ["package.json", "compose.yaml", ".vscode/launch.json", ".vscode/settings.json", "Makefile"]) {
    for (const text of [
      "",
      "{",
      "env: [",
      "\u0000env",
      "[]",
      "null",
      "env",
      '{"scripts":[]}',
      '{"scripts":{"a":1}}',
      '{"configurations":[1,null,{"envFile":3}]}',
      "services: 3\nenv: 1",
      "services:\n  a: 1\n  env: {env_file: {path: [1]}}",
    ])
      t.same(findReaders([{ file, text }], imported).readers, [], `${file}: ${text}`);
  }
  // aliases that would unfold to very much
  const bomb = `a: &a [env]\n${Array.from({ length: 30 }, (_, at) => `${String.fromCharCode(98 + (at % 25))}${at}: &n${at} [*${at === 0 ? "a" : `n${at - 1}`}, *${at === 0 ? "a" : `n${at - 1}`}]`).join("\n")}\nservices: {}\n`;
  t.same(findReaders([{ file: "compose.yaml", text: bomb }], imported).readers, []);
});

const compose = `services:
  web:
    env_file: .env
    ports: ["\${PORT:-80}:80"]
  db:
    env_file:
      - path: ./.env
        required: false
      - other.env
    volumes:
      - ./.env:/app/.env:ro
      - data:/x
  cache:
    image: redis
secrets:
  all:
    file: ./.env
`;

t.test("a compose file: env_file in its three forms, mounts, secrets, interpolation", async (t) => {
  t.same(found("compose.yaml", compose), ["3! .env", "7 .env", "11! .env", "17! .env", "4 .env"]);
  const read = readCompose({ file: "compose.yaml", text: compose }, imported);
  t.same(
    read?.services.map((one) => [one.name, one.files.map((file) => file.path)]),
    [
      ["web", [".env"]],
      ["db", [".env", "other.env"]],
    ],
  );
  t.same(found("deploy/docker-compose.prod.yml", "services:\n  a:\n    env_file: [../.env]\n"), ["3! .env"]);
});

t.test("the override file holds names, and resets what it takes the place of", async (t) => {
  const text = printOverride(
    ["compose.yaml"],
    [
      { name: "web", keep: [], names: ["A_SECRET", "PORT"] },
      { name: "db", keep: ["other.env"], names: ["NO", "x-y.z"] },
    ],
  );
  const tags: string[] = [];
  const tag = (name: string) => ({ tag: name, collection: "seq" as const, resolve: (one: unknown) => (tags.push(name), one) });
  const document = parseDocument(text, { customTags: [tag("!reset"), tag("!override")] as never });
  t.same(document.errors, []);
  t.same(document.warnings, []);
  t.same(document.toJS(), {
    services: {
      web: { env_file: [], environment: ["A_SECRET", "PORT"] },
      db: { env_file: ["other.env"], environment: ["NO", "x-y.z"] },
    },
  });
  t.same(tags, ["!reset", "!override"]);
});

const launch = `{
    // node and python can be started by another program
    "configurations": [
        {
            "type": "node", "request": "launch",
            "runtimeExecutable": "npm",
            "runtimeArgs": ["run", "dev"],
            "envFile": "\${workspaceFolder}/.env"
        },
        { "type": "debugpy", "request": "launch", "envFile": "\${workspaceFolder}/.env", "program": "x.py" },
        { "type": "go", "envFile": "\${workspaceFolder}/.env" },
        { "type": "node", "envFile": "\${workspaceFolder}/.env.other" }, // not imported
    ]
}
`;

t.test("launch configurations of node and Python are changed in place, others are told", async (t) => {
  t.same(found(".vscode/launch.json", launch), ["8 .env", "10 .env", "11 .env"]);
  let text = launch;
  for (;;) {
    const next = findReaders([{ file: ".vscode/launch.json", text }], imported).readers.find((one) => one.edits);
    if (!next) break;
    text = applyEdits(text, next.edits ?? []);
  }
  t.match(text, "// node and python can be started");
  t.match(text, "// not imported");
  const { parse } = await import("jsonc-parser");
  t.same(parse(text), {
    configurations: [
      { type: "node", request: "launch", runtimeExecutable: "zvault", runtimeArgs: ["run", "--", "npm", "run", "dev"] },
      { type: "debugpy", request: "launch", program: "x.py", python: ["zvault", "run", "--", "${command:python.interpreterPath}"] },
      { type: "go", envFile: "${workspaceFolder}/.env" },
      { type: "node", envFile: "${workspaceFolder}/.env.other" },
    ],
  });
});

t.test("in a package.json only the scripts' strings change", async (t) => {
  const text =
    '\ufeff{\r\n\t"name":"x",  "scripts" : { "dev":"next dev" , "q":"node --env-file=.env -e \\"1\\"" },\r\n\t"more":[1,2 ,3] }';
  const edits = findReaders([{ file: "package.json", text }], imported).readers.flatMap((one) => one.edits ?? []);
  const wanted = text
    .replace('"next dev"', '"zvault run -- next dev"')
    .replace("node --env-file=.env -e", "zvault run -f .env.zvault -- node -e");
  t.equal(applyEdits(text, edits), wanted);
});
