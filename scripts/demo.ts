/**
 * `npm run demo`: the main job, for real, on a copy of examples/shop with a HOME of its own: import a `.env`, run the program, look at
 * what is left to read, seal. Ends with an error if anything is not as it says. It shows what a person sees, whoever started it.
 */
import "../test/helpers/detached.ts";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import dotenv from "dotenv";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "zvault-demo-"));
const shop = join(folder, "shop");
const env = {
  PATH: `${join(folder, "bin")}:${dirname(process.execPath)}:/usr/bin:/bin`,
  HOME: join(folder, "home"),
  XDG_RUNTIME_DIR: join(folder, "run"),
};
for (const name of ["home", "run", "bin"]) mkdirSync(join(folder, name), { mode: 0o700 });
cpSync(join(root, "examples/shop"), shop, { recursive: true });
copyFileSync(join(shop, "env.example-values"), join(shop, ".env"));
rmSync(join(shop, "env.example-values"));
copyFileSync(join(root, "dist/zvault"), join(folder, "bin/zvault"));

/** Prints the line as it would be typed, and what it prints. Returns that. */
function type(line: string, expected = 0): string {
  process.stdout.write(`\n$ ${line}\n`);
  const { status, stdout } = spawnSync("sh", ["-c", `exec 2>&1\n${line}`], { cwd: shop, env, encoding: "utf8" });
  process.stdout.write(stdout);
  if (status !== expected) throw new Error(`exit code ${status}, not ${expected}`);
  if (expected !== 0) process.stdout.write(`(exit code ${expected})\n`);
  return stdout;
}

function check(claim: string, holds: boolean): void {
  if (!holds) throw new Error(`not true: ${claim}`);
  process.stdout.write(`  ✓ ${claim}\n`);
}

function say(text: string): void {
  process.stdout.write(`\n# ${text}\n`);
}

try {
  const before = dotenv.parse(readFileSync(join(shop, ".env")));
  const wanted = createHash("sha256").update(Object.values(before).join("\0")).digest("hex");
  const secret = before["STRIPE_SECRET_KEY"] ?? "";

  say("A small program, and its .env in plain text.");
  type("ls -A && grep -c = .env");

  say("A vault, opened by a key file, because this demo has nobody to type a passphrase. You would type `zvault import` alone.");
  type("zvault init --key-file ../shop.key --yes");
  type("zvault import --yes");

  say("What is left to read: names and settings, no secret.");
  const left = type("cat .env.zvault");
  check(
    "no secret is in .env.zvault",
    !left.includes(secret) && left.includes("STRIPE_SECRET_KEY=zvault://env/shop/STRIPE_SECRET_KEY"),
  );
  check("there is no .env any more", !type("ls -A").split("\n").includes(".env"));

  say("The program gets its values, byte for byte.");
  check("all values have arrived as they were", type("zvault run -- node app.js").includes(wanted));

  say("What a program prints into a pipe or file is masked, encoded too.");
  check("the value is masked", !type("zvault run -- printenv STRIPE_SECRET_KEY | cat").includes(secret));
  type("zvault run -- sh -c 'printenv STRIPE_SECRET_KEY | base64' | cat");

  say("Sealed, nothing can be started with the values.");
  type("zvault seal");
  type("zvault run -- node app.js", 125);
  type("zvault get STRIPE_SECRET_KEY --reveal", 3);

  say("And back again.");
  type("zvault unseal --key-file ../shop.key");
  check("the same values", type("zvault run -- node app.js | tail -1").includes(wanted));
  type("zvault seal");
  process.stdout.write("\nAll of it as it says.\n");
} catch (error) {
  process.stdout.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  spawnSync("zvault", ["seal"], { cwd: shop, env });
  rmSync(folder, { recursive: true, force: true });
}
