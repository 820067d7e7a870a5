/**
 * Forty projects as people have them: the files of their frameworks, their sets of dotenv files, and what is odd in these. All values are made
 * here from the project's name, so that a run can be repeated; each is known to be a secret or a setting.
 */
import { createHash } from "node:crypto";

export type Run = {
  /** folder the program runs in, "" for the project's own */
  folder: string;
  /** dotenv files that its reader loads, later wins */
  reads: string[];
  /** options of `zvault run` for the same */
  options: string[];
};

export type Project = {
  name: string;
  files: Record<string, string>;
  /** what must not be found in anything that could be committed */
  secrets: string[];
  runs: Run[];
  git: "none" | "plain" | "ignored" | "tracked" | "history" | "worktree";
  recursive: boolean;
};

/** One line each: name, kind of git, dotenv files (folder/file: pieces), framework's files. */
type Row = [name: string, git: Project["git"], env: Record<string, string>, kind: string];

const rows: Row[] = [
  ["next-app", "ignored", { ".env": "settings", ".env.local": "db stripe auth" }, "next"],
  ["next-tracked", "tracked", { ".env": "settings stripe", ".env.local": "db" }, "next"],
  [
    "next-modes",
    "plain",
    { ".env": "settings", ".env.production": "db stripe", ".env.production.local": "auth" },
    "next-production",
  ],
  ["vite-spa", "ignored", { ".env": "public settings", ".env.local": "sentry" }, "vite"],
  ["nuxt-shop", "plain", { ".env": "settings db session" }, "nuxt"],
  ["astro-blog", "ignored", { ".env": "public smtp" }, "astro"],
  ["remix-app", "plain", { ".env": "db session export" }, "remix"],
  ["sveltekit", "ignored", { ".env": "public db", ".env.local": "auth" }, "vite"],
  ["cra-old", "plain", { ".env": "react settings", ".env.local": "stripe" }, "cra"],
  ["gatsby-site", "plain", { ".env": "settings", ".env.development": "contentful" }, "gatsby"],
  ["express-api", "plain", { ".env": "settings db jwt commented" }, "express"],
  ["express-envfile", "ignored", { ".env": "settings db quotes" }, "node-env-file"],
  ["nest-api", "plain", { ".env": "settings db redis jwt" }, "nest"],
  ["fastify-multi", "plain", { ".env": "settings", ".env.production": "db aws" }, "express-production"],
  ["koa-crlf", "plain", { ".env": "crlf db jwt" }, "express"],
  ["hono-worker", "ignored", { ".env": "settings cloudflare" }, "wrangler"],
  ["strapi-cms", "plain", { ".env": "settings strapi" }, "express"],
  ["prisma-only", "plain", { ".env": "db" }, "prisma"],
  ["bun-server", "ignored", { ".env": "settings openai" }, "bun"],
  ["discord-bot", "history", { ".env": "discord settings" }, "express"],
  ["telegram-bot", "plain", { ".env": "telegram bom" }, "express"],
  ["electron-app", "plain", { ".env": "settings apple" }, "express"],
  ["expo-app", "ignored", { ".env": "expo", ".env.local": "sentry" }, "expo"],
  ["env-cmd-app", "plain", { ".env": "settings db" }, "env-cmd"],
  ["dotenv-cli-app", "plain", { ".env": "settings", ".env.local": "db stripe" }, "dotenv-cli"],
  ["django-site", "plain", { ".env": "django db smtp" }, "django"],
  ["django-compose", "ignored", { ".env": "django db redis" }, "compose-django"],
  ["flask-app", "tracked", { ".env": "flask db", ".flaskenv": "" }, "flask"],
  ["fastapi-ml", "plain", { ".env": "openai aws settings multiline" }, "fastapi"],
  ["rails-like", "plain", { ".env": "rails db redis" }, "procfile"],
  ["laravel-like", "ignored", { ".env": "laravel db smtp unicode" }, "compose"],
  ["go-service", "plain", { ".env": "settings db export" }, "make"],
  ["rust-service", "plain", { ".env": "rust db" }, "cargo"],
  ["compose-only", "plain", { ".env": "settings db redis" }, "compose"],
  ["direnv-home", "plain", { ".env": "aws export comments" }, "direnv"],
  ["vscode-debug", "plain", { ".env": "settings db" }, "vscode"],
  ["pem-signer", "ignored", { ".env": "settings multiline" }, "express"],
  ["worktree-app", "worktree", { ".env": "settings db stripe" }, "express"],
  [
    "turbo-mono",
    "ignored",
    { "apps/web/.env.local": "db stripe", "apps/api/.env": "settings jwt", "services/web/.env": "smtp" },
    "monorepo",
  ],
  [
    "pnpm-mono",
    "tracked",
    { ".env": "settings", "packages/core/.env": "aws commented", "packages/mail/.env": "smtp quotes" },
    "monorepo",
  ],
];

type Maker = { word(kind: "hex" | "base64" | "letters", length: number): string; secret(value: string): string };

function makerOf(name: string, secrets: string[]): Maker {
  let count = 0;
  const bytes = (): Buffer => createHash("sha512").update(`${name} ${count++}`).digest();
  return {
    word(kind, length) {
      let text = "";
      while (text.length < length)
        text += bytes()
          .toString(kind === "hex" ? "hex" : "base64url")
          .replace(kind === "letters" ? /[^A-Za-z0-9]/g : /[_]/g, "x");
      return text.slice(0, length);
    },
    secret(value) {
      secrets.push(value);
      return value;
    },
  };
}

/** Pieces of a dotenv file. */
const pieces: Record<string, (m: Maker) => string> = {
  settings: () => "# how it runs\nNODE_ENV=development\nPORT=3000\nLOG_LEVEL=info\nEMPTY=\n",
  public: () => "VITE_TITLE=Shop of things\nPUBLIC_API_URL=https://api.example.com/v1\n",
  react: () => "REACT_APP_TITLE=Old shop\nREACT_APP_API=http://localhost:3001\n",
  expo: () => "EXPO_PUBLIC_API_URL=https://api.example.com\n",
  db: (m) =>
    `DATABASE_URL=postgres://app:${m.secret(m.word("letters", 18))}@db.internal:5432/app\nDB_PASSWORD=${m.secret(m.word("letters", 20))}\n`,
  redis: (m) => `REDIS_URL=redis://:${m.secret(m.word("letters", 24))}@cache:6379/0\n`,
  stripe: (m) =>
    `STRIPE_SECRET_KEY=sk_live_${m.secret(m.word("letters", 32))}\nSTRIPE_WEBHOOK_SECRET=whsec_${m.secret(m.word("letters", 32))}\n`,
  auth: (m) => `AUTH_SECRET="${m.secret(m.word("base64", 43))}="\nGITHUB_CLIENT_SECRET=${m.secret(m.word("hex", 40))}\n`,
  jwt: (m) => `JWT_SECRET=${m.secret(m.word("hex", 64))}\nJWT_EXPIRES_IN=15m\n`,
  session: (m) => `SESSION_SECRET=${m.secret(m.word("base64", 48))}\n`,
  sentry: (m) => `SENTRY_AUTH_TOKEN=sntrys_${m.secret(m.word("letters", 60))}\n`,
  smtp: (m) => `SMTP_HOST=mail.example.com\nSMTP_PORT=587\nSMTP_PASSWORD='${m.secret(m.word("letters", 16))}'\n`,
  aws: (m) =>
    `AWS_REGION=eu-central-1\nAWS_ACCESS_KEY_ID=AKIA${m.secret(m.word("letters", 16).toUpperCase())}\nAWS_SECRET_ACCESS_KEY=${m.secret(m.word("letters", 40))}\n`,
  openai: (m) => `OPENAI_API_KEY=sk-proj-${m.secret(m.word("letters", 48))}\nMODEL=gpt-large\n`,
  contentful: (m) => `CONTENTFUL_ACCESS_TOKEN=${m.secret(m.word("base64", 43))}\n`,
  cloudflare: (m) => `CLOUDFLARE_API_TOKEN=${m.secret(m.word("letters", 40))}\n`,
  discord: (m) => `DISCORD_TOKEN=${m.secret(`${m.word("letters", 24)}.${m.word("letters", 6)}.${m.word("letters", 38)}`)}\n`,
  telegram: (m) => `TELEGRAM_BOT_TOKEN=123456789:${m.secret(m.word("letters", 35))}\n`,
  apple: (m) => `APPLE_ID=dev@example.com\nAPPLE_APP_SPECIFIC_PASSWORD=${m.secret(m.word("letters", 19))}\n`,
  strapi: (m) =>
    `APP_KEYS=${m.secret(m.word("base64", 22))}==,${m.secret(m.word("base64", 22))}==\nAPI_TOKEN_SALT=${m.secret(m.word("base64", 22))}==\n`,
  django: (m) => `DEBUG=True\nSECRET_KEY='django-insecure-${m.secret(m.word("letters", 50))}'\nALLOWED_HOSTS=localhost,127.0.0.1\n`,
  flask: (m) => `FLASK_APP=app\nSECRET_KEY=${m.secret(m.word("hex", 48))}\n`,
  rails: (m) =>
    `RAILS_ENV=development\nSECRET_KEY_BASE=${m.secret(m.word("hex", 128))}\nRAILS_MASTER_KEY=${m.secret(m.word("hex", 32))}\n`,
  laravel: (m) => `APP_NAME=Laravel\nAPP_KEY=base64:${m.secret(m.word("base64", 43))}=\nAPP_DEBUG=true\n`,
  rust: (m) => `RUST_LOG=debug\nRUST_BACKTRACE=1\nAPI_TOKEN=${m.secret(m.word("hex", 40))}\n`,
  export: (m) => `export DEPLOY_TOKEN=${m.secret(m.word("letters", 36))}\nexport REGION="eu"\n`,
  quotes: (m) =>
    `SINGLE_SECRET='${m.secret(m.word("letters", 22))} with spaces # and a sign'\nDOUBLE_SECRET="${m.secret(m.word("letters", 22))}" # behind\n`,
  commented: (m) => `# OLD_API_KEY=${m.secret(m.word("letters", 32))}\nAPI_KEY=${m.secret(m.word("letters", 32))}\n`,
  comments: (m) => `# ask Ann for access\n\n#\n  INDENTED_SECRET = ${m.secret(m.word("letters", 26))}\n`,
  unicode: (m) => `GREETING="Grüße, 你好"\nPASSPHRASE_SECRET="ключ ${m.secret(m.word("letters", 20))}"\n`,
  multiline: (m) =>
    `PRIVATE_KEY="-----BEGIN PRIVATE KEY-----\n${m.secret(m.word("letters", 64))}\n${m.secret(m.word("letters", 64))}\n-----END PRIVATE KEY-----"\n`,
  crlf: () => "MODE=crlf\n",
  bom: () => "MODE=bom\n",
};

const script = (scripts: Record<string, string>, name: string): string =>
  `${JSON.stringify({ name, private: true, scripts }, null, 2)}\n`;
const django = 'import environ\nenviron.Env.read_env(BASE_DIR / ".env")\n';
const compose = 'services:\n  web:\n    build: .\n    env_file: .env\n    ports: ["8000:8000"]\n';

/** What else lies in a project of that kind. */
function filesOf(kind: string, name: string): Record<string, string> {
  const js = (scripts: Record<string, string>): Record<string, string> => ({
    "package.json": script(scripts, name),
    "src/index.js": "require('dotenv').config()\n",
  });
  const all: Record<string, () => Record<string, string>> = {
    next: () => js({ dev: "next dev", build: "next build", start: "next start" }),
    "next-production": () => js({ dev: "next dev", build: "next build" }),
    vite: () => js({ dev: "vite", build: "tsc && vite build" }),
    nuxt: () => js({ dev: "nuxt dev" }),
    astro: () => js({ dev: "astro dev" }),
    remix: () => js({ dev: "remix vite:dev" }),
    cra: () => js({ start: "react-scripts start" }),
    gatsby: () => js({ develop: "gatsby develop" }),
    express: () => js({ start: "node -r dotenv/config src/index.js" }),
    "express-production": () => js({ start: "NODE_ENV=production node src/index.js" }),
    "node-env-file": () => js({ start: "node --env-file=.env src/index.js" }),
    nest: () => js({ start: "nest start --watch" }),
    wrangler: () => js({ dev: "wrangler dev", deploy: "wrangler deploy" }),
    prisma: () => js({ migrate: "prisma migrate dev" }),
    bun: () => js({ start: "bun run src/index.js" }),
    expo: () => js({ start: "expo start" }),
    "env-cmd": () => js({ start: "env-cmd -f .env node src/index.js" }),
    "dotenv-cli": () => js({ start: "dotenv -e .env.local -e .env -- node src/index.js" }),
    django: () => ({ "manage.py": "import sys\n", "requirements.txt": "django-environ\n", "site/settings.py": django }),
    "compose-django": () => ({
      "manage.py": "import sys\n",
      "pyproject.toml": `[project]\nname = "${name}"\n`,
      "config/settings.py": django,
      "compose.yaml": compose,
    }),
    flask: () => ({ "app.py": "from dotenv import load_dotenv\nload_dotenv()\n", "requirements.txt": "flask\n" }),
    fastapi: () => ({
      "main.py": "class S(BaseSettings):\n    model_config = SettingsConfigDict(env_file='.env')\n",
      "pyproject.toml": "[project]\nname='ml'\n",
    }),
    procfile: () => ({ Procfile: "web: bin/rails server\nworker: bin/jobs\n", Gemfile: "gem 'dotenv-rails'\n" }),
    compose: () => ({ "docker-compose.yml": compose, Dockerfile: "FROM scratch\nCOPY . .\n" }),
    make: () => ({ Makefile: "include .env\nexport\nrun:\n\tgo run .\n", "go.mod": `module example.com/${name}\n` }),
    cargo: () => ({ "Cargo.toml": `[package]\nname = "${name}"\n` }),
    direnv: () => ({ ".envrc": "dotenv\n" }),
    vscode: () => ({
      ".vscode/launch.json":
        '{ "configurations": [{ "type": "node", "request": "launch", "envFile": "${workspaceFolder}/.env" }] }\n',
    }),
    monorepo: () => ({
      "package.json": script({ dev: "turbo dev" }, name),
      "pnpm-workspace.yaml": "packages: ['apps/*']\n",
      "apps/web/package.json": script({ dev: "next dev" }, "@x/web"),
    }),
  };
  return { ...all[kind]?.(), "README.md": `# ${name}\n`, ".env.example": "PORT=\nDATABASE_URL=\n" };
}

export function makeProject([name, git, env, kind]: Row): Project {
  const secrets: string[] = [];
  const maker = makerOf(name, secrets);
  const files = filesOf(kind, name);
  for (const [file, words] of Object.entries(env)) {
    let text =
      words === ""
        ? "FLASK_DEBUG=1\n"
        : words
            .split(" ")
            .map((word) => pieces[word]?.(maker) ?? "")
            .join("\n");
    if (words.includes("crlf")) text = text.replaceAll("\n", "\r\n");
    if (words.includes("bom")) text = `\ufeff${text}`;
    if (words.includes("jwt")) text = text.replace(/\r?\n$/, ""); // no newline at the end
    files[file] = text;
  }
  if (git === "ignored")
    files[".gitignore"] = kind === "next" ? "node_modules\n.env*\n!.env.example\n" : "node_modules\n.env\n.env.local\n*.log\n";
  if (git === "history") files[".gitignore"] = "node_modules\r\n";
  return {
    name,
    files,
    secrets,
    git,
    runs: runsOf(Object.keys(env).filter((file) => /(^|\/)\.env/.test(file))),
    recursive: kind === "monorepo",
  };
}

/** What a program's own reader would load in each folder, and the same for `zvault run`. */
function runsOf(files: string[]): Run[] {
  const folderOf = (file: string): string => (file.includes("/") ? file.slice(0, file.lastIndexOf("/")) : "");
  return [...new Set(files.map(folderOf))].map((folder) => {
    const names = files
      .filter((file) => folderOf(file) === folder)
      .map((file) => file.slice(folder === "" ? 0 : folder.length + 1));
    const mode = names
      .map((name) => /^\.env\.(production|development)(\.local)?$/.exec(name)?.[1])
      .find((one) => one !== undefined);
    const order = [".env", `.env.${mode}`, ".env.local", `.env.${mode}.local`];
    return { folder, reads: order.filter((name) => names.includes(name)), options: mode === undefined ? [] : ["-e", mode] };
  });
}

export const projects: Project[] = rows.map(makeProject);
