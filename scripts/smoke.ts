/**
 * The built executable alone, in an empty folder, with an empty HOME, as a user without privileges: everything a person does in the first
 * week. Run by .ci/run; `node scripts/smoke.ts`. Last line: `N passed, N failed`.
 */
import "../test/helpers/detached.ts";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import dotenv from "dotenv";

const root = join(import.meta.dirname, "..");
const nobody = 65_534;
const asRoot = process.getuid?.() === 0;
/** Takes root's privileges off; also without them the program starts away from this terminal. */
const prefix = asRoot
  ? ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", "--no-new-privs", "setsid", "-w"]
  : ["setsid", "-w"];

const folder = mkdtempSync(join(tmpdir(), "zvault-smoke-"));
const shop = join(folder, "shop");
const env = { PATH: `${folder}:/usr/bin:/bin`, HOME: join(folder, "home"), XDG_RUNTIME_DIR: join(folder, "run") };

let passed = 0;
let failed = 0;

function check(claim: string, holds: boolean, more = ""): void {
  if (holds) passed++;
  else failed++;
  process.stdout.write(
    `${holds ? "ok" : "NOT OK"}  ${claim}${holds || more === "" ? "" : `\n${more.trimEnd().replace(/^/gm, "        ")}`}\n`,
  );
}

type Ran = { status: number | null; stdout: Buffer; text: string };

function sh(line: string): Ran {
  const { status, stdout, stderr } = spawnSync("/usr/bin/env", [...prefix, "sh", "-c", line], {
    cwd: shop,
    env,
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, stdout, text: `${stdout.toString()}${stderr.toString()}` };
}

/** Types a line and checks its exit code. */
function type(line: string, expected = 0): Ran {
  const ran = sh(line);
  check(line, ran.status === expected, `exit code ${ran.status}, not ${expected}\n${ran.text}`);
  return ran;
}

/** Files under the project, HOME and the runtime folder in which one of the needles stands. */
function holding(needles: readonly Buffer[]): string[] {
  const files = globSync("{shop,home,run}/**/*", { cwd: folder, exclude: (name) => name === "agent.sock" })
    .concat(globSync("{shop,home,run}/**/.*", { cwd: folder }), globSync("shop/.zvault/**/*", { cwd: folder }))
    .filter((file) => statSync(join(folder, file)).isFile());
  return [...new Set(files)].filter((file) => {
    const bytes = readFileSync(join(folder, file));
    return needles.some((needle) => bytes.includes(needle));
  });
}

function forms(value: string): Buffer[] {
  const bytes = Buffer.from(value);
  return [
    bytes,
    Buffer.from(bytes.toString("base64").replace(/=+$/, "")),
    Buffer.from(bytes.toString("hex")),
    Buffer.from(value, "utf16le"),
  ];
}

/** Also when nobody has collected it yet, as in a container without an init. */
function isGone(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || readFileSync(stat, "latin1").includes(") Z ");
}

/** What `env -0` printed. */
function variables(bytes: Buffer): Map<string, string> {
  const pairs = bytes
    .toString()
    .split("\0")
    .filter((pair) => pair !== "");
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}

function walk(): void {
  const values = dotenv.parse(readFileSync(join(shop, ".env")));
  const secrets = ["DATABASE_URL", "SESSION_SECRET", "JWT_PRIVATE_KEY", "STRIPE_SECRET_KEY", "GITHUB_TOKEN"].map(
    (name) => values[name] ?? "",
  );
  const needles = secrets.flatMap(forms);
  const arrives = (claim: string) => {
    const got = variables(sh("zvault run --no-mask -- env -0").stdout);
    const wrong = Object.entries(values).filter(([name, value]) => got.get(name) !== value);
    check(claim, wrong.length === 0, wrong.map(([name]) => name).join(" "));
  };

  type("zvault version");
  type("zvault --help");
  type("zvault", 0);
  type("zvault ls", 5);
  check("before the import the search finds the values", holding(needles).includes("shop/.env"));
  type("zvault init --key-file ../key --shares 5 --threshold 3 --out ../shares --yes");
  type("zvault import --dry-run");
  type("zvault import --yes");
  check("the .env is gone", !existsSync(join(shop, ".env")));
  check("no secret is in any file any more", holding(needles).length === 0, holding(needles).join("\n"));
  arrives("all values arrive, byte for byte");
  check("the output of a run is masked", !needles.some((needle) => sh("zvault run -- env").stdout.includes(needle)));
  type("zvault run -- sh -c 'exit 7'", 7);
  type("zvault run -- sh -c 'kill -TERM $$'", 143);
  type("zvault run -- no-such-program", 127);
  type("zvault ls");
  type("printf %s new-value-1 | zvault set EXTRA -");
  type("zvault set MADE --generate hex:32");
  type("zvault history EXTRA");
  type("zvault rm EXTRA");
  type("zvault undo EXTRA");
  type("zvault get STRIPE_SECRET_KEY", 4);
  type("zvault get STRIPE_SECRET_KEY --out ../got --key-file ../key");
  check("get --out gave the value", readFileSync(join(folder, "got"), "utf8") === values["STRIPE_SECRET_KEY"]);
  check("get --out made it 0600", (statSync(join(folder, "got")).mode & 0o777) === 0o600);
  type("zvault get STRIPE_SECRET_KEY --out ../got --key-file ../key", 2);
  rmSync(join(folder, "got"));
  const { agent } = JSON.parse(sh("zvault status --json").stdout.toString()) as {
    agent: { pid: number; hardening: { ok: boolean }[] };
  };
  check("the agent is hardened", agent.hardening.length > 3 && agent.hardening.every((fact) => fact.ok));
  for (const file of ["environ", "mem", "maps"]) type(`cat /proc/${agent.pid}/${file}`, 1);
  type("zvault operator verify");
  type("zvault seal");
  check("after seal the agent is gone", isGone(agent.pid));
  type("zvault run -- true", 125);
  type("zvault ls", 3);
  type("zvault unseal --share @../shares/share-1.txt --share @../shares/share-3.txt", 8);
  type("zvault unseal --share @../shares/share-1.txt --share @../shares/share-3.txt --share @../shares/share-5.txt");
  arrives("after seal and unseal by three shares the values arrive");
  type("zvault seal");
  type("rm -rf .zvault && zvault ls", 6);
  type("zvault backup restore --yes --key-file ../key");
  type("zvault unseal --key-file ../key");
  arrives("restored from the mirror, the values arrive");
  type("zvault audit verify");
  type("zvault seal");
}

for (const name of ["shop", "home", "run"]) mkdirSync(join(folder, name), { mode: 0o700 });
copyFileSync(join(root, "dist/zvault"), join(folder, "zvault"));
copyFileSync(join(root, "examples/shop/env.example-values"), join(shop, ".env"));
chmodSync(join(folder, "zvault"), 0o755);
if (asRoot) for (const path of [folder, shop, env.HOME, env.XDG_RUNTIME_DIR, join(shop, ".env")]) chownSync(path, nobody, nobody);
try {
  walk();
} catch (error) {
  check(error instanceof Error ? error.message : String(error), false);
} finally {
  sh("zvault seal");
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
if (failed > 0) process.exitCode = 1;
