/** The projects of the walks, as people have them. Values are made up and look like what they stand for; none is anybody's. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const git = (folder: string, ...args: string[]): void => {
  const at = "2026-02-11T09:00:00Z";
  const env = { PATH: "/usr/bin:/bin", HOME: "/nowhere", GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at, GIT_CONFIG_NOSYSTEM: "1" };
  const own = ["-c", "user.name=Mira", "-c", "user.email=mira@example.com", "-c", "init.defaultBranch=main"];
  execFileSync("git", [...own, ...args], { cwd: folder, env, stdio: "ignore" });
};

function write(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text.replace(/^\n/, ""));
  }
}

/** git wants to know who commits. */
function identity(home: string): void {
  write(home, { ".gitconfig": "[user]\n\tname = Mira\n\temail = mira@example.com\n" });
}

// put together here, so that no scanner takes this file for a find
const stripe = `sk_${"live"}_51Mw8JxKq3TzYpVnB2cRdE7fGhLsA9`;
const resend = `re_${"8Xv2KqLm"}_4TzYpVnB2cRdE7fGhLsA9wQx`;
const aws = `wJalr${"XUtn"}FEMI/K7MDENG/bPxRfiCYzQ3TzYpV`;

/** A Next.js shop: .env went into git once, .env.local never. */
export function nextShop(home: string): void {
  identity(home);
  const shop = join(home, "shop");
  write(shop, {
    "package.json": `
{
  "name": "shop",
  "private": true,
  "scripts": {
    "dev": "next dev",
    "build": "next build",
    "e2e": "node --env-file=.env e2e.js"
  },
  "dependencies": { "next": "16.4.6" }
}
`,
    ".gitignore": "node_modules\n.next\n.env.local\n",
    ".env": `
# all environments
SHOP_ENV=development
PORT=3000
LOG_LEVEL=info
NEXT_PUBLIC_SITE_URL=http://localhost:3000
STRIPE_SECRET_KEY=${stripe}
`,
    ".env.local": `
AWS_REGION=us-east-1
DB_USER=shop
DB_PASSWORD=plum-Sofa7-orbit
DATABASE_URL=postgres://\${DB_USER}:\${DB_PASSWORD}@localhost:5432/shop
AUTH_SECRET=3c9f1a7be04d52c86f1e9a0b7d4c2e58
RESEND_API_KEY=${resend}

# the one of the live shop: ${stripe.replace("51Mw", "51Nx")}
AWS_SECRET_ACCESS_KEY=${aws}
`,
    "server.js": `
const { AUTH_SECRET, DATABASE_URL, NEXT_PUBLIC_SITE_URL, RESEND_API_KEY, STRIPE_SECRET_KEY } = process.env;
if (!AUTH_SECRET || !STRIPE_SECRET_KEY) throw new Error("AUTH_SECRET and STRIPE_SECRET_KEY are needed");
console.log("ready on", NEXT_PUBLIC_SITE_URL, "with the database of", new URL(DATABASE_URL).username);
`,
    "e2e.js": `
console.log("1 test, 1 passed");
`,
    "mail.test.js": `
const { RESEND_API_KEY } = process.env;
console.log("FAIL mail.test.js  401", JSON.stringify({ error: "invalid key " + RESEND_API_KEY }));
process.exitCode = 1;
`,
  });
  git(shop, "init");
  git(shop, "add", ".");
  git(shop, "commit", "-m", "shop");
}

/** Django with a compose file and VS Code. */
export function djangoBlog(home: string): void {
  identity(home);
  const blog = join(home, "blog");
  write(blog, {
    ".gitignore": "__pycache__/\n.env\n",
    ".env": `
# compose and settings.py read this
DEBUG=1
SECRET_KEY='django-insecure-$x#4kq!7v^w2m9zp&t1'
DATABASE_URL=postgres://blog:Orbit-88-candle@db:5432/blog
EMAIL_HOST=smtp.example.com
EMAIL_HOST_PASSWORD=Sofa-plum-42-kettle
`,
    "compose.yaml": `
services:
  db:
    image: postgres:18
  web:
    build: .
    command: python manage.py runserver 0.0.0.0:8000
    ports: ["8000:8000"]
    depends_on: [db]
    env_file: .env
`,
    "requirements.txt": "django==6.0\ndjango-environ==0.13\n",
    "blog/settings.py": `
import os
import environ

env = environ.Env()
environ.Env.read_env(os.path.join(os.path.dirname(__file__), "..", ".env"))
SECRET_KEY = env("SECRET_KEY")
`,
    "manage.py": `
import os
for name in ("SECRET_KEY", "DATABASE_URL"):
    if name not in os.environ:
        raise SystemExit(f"{name} is not set")
print("Watching for file changes with StatReloader")
`,
    "test_db.py": `
import os
print("E   OperationalError: connection failed:", os.environ["DATABASE_URL"])
raise SystemExit(1)
`,
    ".vscode/launch.json": `
{
  "configurations": [
    {
      "name": "blog",
      "type": "debugpy",
      "request": "launch",
      "program": "manage.py",
      "envFile": "\${workspaceFolder}/.env"
    }
  ]
}
`,
  });
  git(blog, "init");
  git(blog, "add", ".");
  git(blog, "commit", "-m", "blog");
}

/** A monorepo of three apps and a workflow. */
export function monorepo(home: string): void {
  identity(home);
  const acme = join(home, "acme");
  const script = (file: string) =>
    `console.log(${JSON.stringify(file)}, "has", Object.keys(process.env).filter((name) => /_(KEY|URL|SECRET)$/.test(name)).length, "values");\n`;
  write(acme, {
    "package.json": `{ "name": "acme", "private": true, "workspaces": ["apps/*", "services/*"] }\n`,
    ".gitignore": "node_modules\n.env\n.env.local\n",
    "apps/web/package.json": `{ "name": "@acme/web", "scripts": { "dev": "node --env-file=.env.local web.js" } }\n`,
    "apps/web/web.js": script("web"),
    "apps/web/.env.local": `PORT=3000\nAUTH_SECRET=9d1e7c05b8a34f62a1c0e5d7f9b3824c\nSTRIPE_SECRET_KEY=${stripe}\n`,
    "apps/api/package.json": `{ "name": "@acme/api", "scripts": { "dev": "node --env-file=.env api.js" } }\n`,
    "apps/api/api.js": script("api"),
    "apps/api/.env": `PORT=4000\nDATABASE_URL=postgres://api:Kettle-31-plum@localhost/api\nRESEND_API_KEY=${resend}\n`,
    "apps/api/.env.example": "PORT=4000\nDATABASE_URL=postgres://user:password@localhost/api\nRESEND_API_KEY=\n",
    "services/web/package.json": `{ "name": "web" }\n`,
    "services/web/web.js": script("services/web"),
    "services/web/.env": `AWS_REGION=us-east-1\nAWS_SECRET_ACCESS_KEY=${aws}\n`,
    ".github/workflows/test.yml": `
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - run: node --run test
`,
  });
  git(acme, "init");
  git(acme, "add", ".");
  git(acme, "commit", "-m", "acme");
}
