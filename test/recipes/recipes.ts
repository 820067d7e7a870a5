/** One line of a person's day each: a program of that framework that tells what its environment holds, by its own reader and by `zvault run`. */
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import * as print from "./print.ts";
import { manifest, versions, visit } from "./servers.ts";
import { type Files, python, without, withoutPython } from "./trial.ts";

export type Recipe = {
  name: string;
  /** why it cannot run here, or false */
  needs: string | false;
  quick?: true;
  files: Files;
  env?: Files;
  npm?: true;
  import?: string;
  /** of both lines; what a person's shell has anyway */
  variables?: Record<string, string>;
  /** prints `digest …` and `token …` by the program's own reader of dotenv files */
  before: string;
  /** the same once the files are imported; the same line where import changed a script (`--fix`) */
  after?: string;
  /** what import says to put there instead */
  put?: Record<string, string>;
  /** what import says besides */
  note?: string;
  /** lines that the committed files must have as they were */
  readable?: string[];
};

/** Never a value that a log could hold by chance. */
export const token = "tk_Vx83hTq0Zx71LmWvQ9rB";

export const common = `LOG_LEVEL=info
DATABASE_URL=postgres://app:Hq7mWz81Lp0xTv5R@db.internal:5432/app
API_TOKEN=${token}
SESSION_SECRET="k3 Tq9#wX 71 mVb 8Zr0"
GREETING="Grüße, 你好"
`;
/** For readers that know no quotes. */
const bare = common.replace(/^(SESSION_SECRET|GREETING)=.*\n/gm, "").concat("SESSION_SECRET=k3Tq9wX71mVb8Zr0\nGREETING=hello\n");

const cargo = spawnSync("which", ["cargo"]).stdout?.toString().trim() ?? "";
const home = process.env["HOME"] ?? "";

export const recipes: Recipe[] = [
  {
    name: "node --env-file",
    needs: without("npm"),
    quick: true,
    files: { "print.mjs": print.node, "package.json": manifest("shop", { start: "node --env-file=.env print.mjs" }, {}) },
    import: "--fix",
    before: "npm start",
    put: { "package.json": '"zvault run -- node print.mjs"' },
  },
  {
    name: "Express with dotenv",
    needs: without("npm"),
    npm: true,
    files: {
      "visit.mjs": visit,
      "server.mjs": `${print.node}
        import express from "express";
        const app = express().get("/", (_, answer) => answer.send(text.split("\\n")[0]));
        console.log(text);
        const server = app.listen(0, "127.0.0.1", () => console.log("http://127.0.0.1:" + server.address().port));`,
      "package.json": manifest("shop", { start: "node --import dotenv/config server.mjs" }, versions.express),
    },
    import: "--fix",
    before: "node visit.mjs npm start",
    put: { "package.json": '"zvault run -- node --import dotenv/config server.mjs"' },
  },
  {
    name: "Next.js",
    needs: without("npm"),
    npm: true,
    files: {
      "app/layout.js": "export default function Layout({ children }) { return <html><body>{children}</body></html>; }\n",
      "app/title.js":
        '"use client";\nexport default function Title() { return <h1 onClick={() => {}}>{process.env.NEXT_PUBLIC_TITLE}</h1>; }\n',
      "app/page.js": `import Title from "./title.js";\n${print.node}\nexport default function Page() { console.log(text); return <Title />; }\n`,
      "package.json": manifest("shop", { dev: "next dev", build: "next build" }, versions.next),
    },
    env: {
      ".env": `NODE_ENV=development\nNEXT_PUBLIC_TITLE=Shop-of-things\n${common}`,
      ".env.local": "LOG_LEVEL=debug\n",
      ".env.production": "GREETING=production\n",
    },
    import: "--fix",
    before: "npm run build && grep -rlq Shop-of-things .next/static",
    // next passes over that line of a .env, and builds no production with it in the environment: import tells so
    note: "it sets NODE_ENV itself, and passed over the line: take it out of the .zvault file",
    after: "sed -i /^NODE_ENV=/d .env.zvault && npm run build && grep -rlq Shop-of-things .next/static",
    put: { "package.json": '"zvault run -e production -- next build"' },
    readable: ["NEXT_PUBLIC_TITLE=Shop-of-things"],
  },
  {
    name: "Vite",
    needs: without("npm"),
    npm: true,
    files: {
      "index.html": "<script type=module src=/main.js></script>\n",
      "main.js": "document.title = import.meta.env.VITE_TITLE + import.meta.env.API_TOKEN + import.meta.env.MODE;\n",
      "vite.config.mjs": `import { loadEnv } from "vite";\n${print.nodeOf("env")}
        export default ({ mode }) => { console.log(tell(loadEnv(mode, process.cwd(), ""))); return {}; };`,
      "package.json": manifest("shop", { dev: "vite", build: "vite build" }, versions.vite),
    },
    env: {
      ".env": `VITE_TITLE=Shop-of-things\n${common}`,
      ".env.production": "VITE_API=https://api.example.com\nLOG_LEVEL=warn\n",
    },
    import: "--fix",
    // the bundle, too
    before: "npm run build && cat dist/assets/*.js | sha256sum | sed 's/^/bundle /' && grep -q Shop-of-things dist/assets/*.js",
    put: { "package.json": '"zvault run -e production -- vite build"' },
    readable: ["VITE_TITLE=Shop-of-things", "VITE_API=https://api.example.com"],
  },
  {
    name: "vitest",
    needs: without("npm"),
    npm: true,
    files: {
      "vitest.config.mjs":
        'import { loadEnv } from "vite";\nexport default ({ mode }) => ({ test: { env: loadEnv(mode, process.cwd(), "") } });\n',
      "shop.test.mjs": `import { expect, test } from "vitest";\n${print.node}\ntest("it has them", () => { console.log(text); expect(process.env.API_TOKEN).toBeTruthy(); });\n`,
      "package.json": manifest("shop", { test: "vitest run" }, { ...versions.vitest, ...versions.vite }),
    },
    env: { ".env": common, ".env.test": "LOG_LEVEL=silent\n" },
    import: "--fix",
    before: "npm test",
    put: { "package.json": '"zvault run -e test -- vitest run"' },
  },
  {
    name: "turbo, strict environment, zvault in the package",
    needs: without("npm"),
    npm: true,
    files: {
      "package.json": `${JSON.stringify({ name: "shop", private: true, packageManager: "npm@10.9.0", workspaces: ["apps/*"], scripts: { build: "turbo run build --env-mode=strict --no-cache --ui=stream" }, dependencies: versions.turbo })}\n`,
      "turbo.json": '{ "tasks": { "build": {} } }\n',
      "apps/api/print.mjs": print.node,
      "apps/api/package.json": manifest("api", { build: "node --env-file=.env print.mjs" }, {}),
    },
    env: { "apps/api/.env": common },
    import: "-r --fix",
    before: "npm run build",
    put: { "apps/api/package.json": '"zvault run -- node print.mjs"' },
  },
  {
    name: "turbo, strict environment, zvault outside",
    needs: without("npm"),
    npm: true,
    files: {
      "package.json": `${JSON.stringify({ name: "shop", private: true, packageManager: "npm@10.9.0", workspaces: ["apps/*"], scripts: { build: "turbo run build --env-mode=strict --no-cache --ui=stream" }, dependencies: versions.turbo })}\n`,
      "turbo.json": `{ "tasks": { "build": { "env": ${JSON.stringify(print.names)} } } }\n`,
      "apps/api/print.mjs": print.node,
      "apps/api/package.json": manifest("api", { build: "node print.mjs" }, {}),
    },
    before: "node --env-file=.env node_modules/turbo/bin/turbo run build --env-mode=strict --no-cache --ui=stream",
    after: "zvault run -- npm run build",
  },
  {
    name: "Django",
    needs: withoutPython("django", "dotenv"),
    files: {
      "manage.py": `import os, sys\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_.settings")\nfrom django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n`,
      "requirements.txt": "django\npython-dotenv\n",
      "site_/__init__.py": "",
      "site_/settings.py": `from pathlib import Path\nfrom dotenv import load_dotenv\nBASE_DIR = Path(__file__).resolve().parent.parent\nload_dotenv(BASE_DIR / ".env")\n${print.python}\nSECRET_KEY = os.environ["SESSION_SECRET"]\n`,
    },
    before: `${python} manage.py check`,
    after: `zvault run -- ${python} manage.py check`,
  },
  {
    name: "Flask",
    needs: withoutPython("flask", "dotenv"),
    files: {
      "app.py": `from flask import Flask\napp = Flask(__name__)\n@app.cli.command("digest")\ndef digest():\n    import tell\n`,
      "tell.py": print.python,
      "requirements.txt": "flask\n",
    },
    before: `${python} -m flask --app app digest`,
    after: `zvault run -- ${python} -m flask --app app digest`,
  },
  {
    name: "pytest",
    needs: withoutPython("pytest", "dotenv"),
    files: {
      "conftest.py": "from dotenv import load_dotenv\nload_dotenv('.env')\n",
      "tell.py": print.python,
      "test_shop.py": "def test_it():\n    import tell\n",
    },
    before: `${python} -m pytest -s -p no:cacheprovider`,
    after: `zvault run -- ${python} -m pytest -s -p no:cacheprovider`,
  },
  {
    name: "Ruby with dotenv",
    needs: spawnSync("ruby", ["-e", "require 'dotenv'"]).status === 0 ? false : "not run: ruby-dotenv",
    files: { "tell.rb": `require "dotenv/load"\n${print.ruby}`, Gemfile: "gem 'dotenv'\n" },
    before: "ruby tell.rb",
    after: "zvault run -- ruby tell.rb",
  },
  {
    name: "direnv",
    needs: without("direnv"),
    files: { ".envrc": "dotenv\n", "print.mjs": print.node },
    before: "direnv allow . && direnv exec . node print.mjs",
    after: "direnv allow . && zvault run -- direnv exec . node print.mjs",
  },
  {
    name: "direnv, changed as import says",
    needs: without("direnv"),
    files: { ".envrc": "dotenv\n", "print.mjs": print.node },
    before: "direnv allow . && direnv exec . node print.mjs",
    after: "echo dotenv .env.zvault > .envrc && direnv allow . && direnv exec . zvault run -- node print.mjs",
    put: { ".envrc": "dotenv .env.zvault" },
    note: "references; `zvault run` resolves them",
  },
  {
    name: "Go",
    needs: without("go", "make"),
    files: { "main.go": print.go, "go.mod": "module example.com/shop\n", Makefile: "include .env\nexport\nrun:\n\t@go run .\n" },
    env: { ".env": bare },
    before: "make run",
    after: "zvault run -- make run",
  },
  {
    name: "Rust",
    needs: cargo === "" ? "not run: cargo" : false,
    files: { "src/main.rs": print.rust, "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n' },
    variables: {
      RUSTUP_HOME: process.env["RUSTUP_HOME"] ?? `${home}/.rustup`,
      CARGO: cargo,
      PATH: `${dirname(cargo)}:/usr/bin:/bin`,
    },
    before: "set -a && . ./.env && set +a && cargo run -q --offline",
    after: "zvault run -- cargo run -q --offline",
  },
];
