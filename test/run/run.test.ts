import t from "tap";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Folder, secret } from "./start.ts";

function fresh(t: { teardown(f: () => void): void }, env?: string): Folder {
  const folder = new Folder(env);
  t.teardown(() => folder.remove());
  return folder;
}

function settings(folder: Folder, more: object): void {
  const given = JSON.parse(readFileSync(`${folder.path}/values.json`, "utf8")) as object;
  writeFileSync(`${folder.path}/values.json`, JSON.stringify({ ...given, ...more }));
}

t.test("every unresolved reference is listed with file, line and the way out; nothing starts", async (t) => {
  const folder = fresh(t, "A=zvault://env/shop/A\nKEY=zvault://env/shop/KEY\n\nB=x${zvault://env/shop/B}\n");
  const result = await folder.shell("run --json-errors 3 touch started 3>errors");
  t.equal(result.code, 125);
  t.equal(
    result.stderr,
    "zvault: error: no value\n" +
      "zvault:   .env.zvault:1 A zvault://env/shop/A\n" +
      "zvault:   .env.zvault:4 B zvault://env/shop/B\n" +
      "zvault: hint: zvault fill asks for them, zvault import takes them from a .env\n",
  );
  t.match(JSON.parse(readFileSync(`${folder.path}/errors`, "utf8")), {
    error: { code: "unresolved", message: "no value", names: ["env/shop/A", "env/shop/B"], exit: 1 },
  });
  t.throws(() => readFileSync(`${folder.path}/started`), { code: "ENOENT" });
});

t.test("if nothing is missing nobody is asked", async (t) => {
  const folder = fresh(t);
  settings(folder, { log: `${folder.path}/log` });
  const env = { PATH: process.env["PATH"], HOME: folder.path, KEY: "own", URL: "own-url", PORT: "3000" };
  const result = await folder.run(["--", "sh", "-c", "echo $KEY $URL $PORT"], { env });
  t.same([result.code, result.stdout.toString(), result.stderr], [0, "own own-url 3000\n", ""]);
  t.throws(() => readFileSync(`${folder.path}/log`), { code: "ENOENT" });
});

t.test("the folder, the vault of the head and the references are what is asked for", async (t) => {
  const folder = fresh(t);
  settings(folder, { log: `${folder.path}/log` });
  mkdirSync(`${folder.path}/sub`);
  await folder.run(["--vault", "somewhere", "true"], { cwd: `${folder.path}/sub` });
  t.same(JSON.parse(readFileSync(`${folder.path}/log`, "utf8")), {
    folder: folder.path,
    headVault: "00112233445566778899aabbccddeeff",
    refs: [{ path: "env/shop/KEY", hosts: ["db"] }],
    dangerous: [],
    vaultDir: "somewhere",
  });
});

t.test("one line tells what was kept, and only if it differs", async (t) => {
  const folder = fresh(t);
  const env = (more: object) => ({ PATH: process.env["PATH"], HOME: folder.path, ...more });
  const run = async (more: object, ...options: string[]) =>
    await folder.run([...options, "--", "sh", "-c", "echo $KEY $PORT"], { env: env(more) });
  t.equal((await run({ KEY: secret })).stderr, "zvault: masked KEY once in stdout; --no-mask writes it as it is\n");
  const kept = await run({ KEY: "other-value", PORT: "1" });
  t.equal(
    kept.stderr.split("\n")[0],
    "zvault: kept from your environment: PORT, KEY (--override uses the vault's)".replace("PORT, KEY", "KEY, PORT"),
  );
  t.equal((await run({ KEY: "other-value", PORT: "1" }, "--override", "--no-mask")).stdout.toString(), `${secret} 3000\n`);
});

t.test("sealed: asks on a terminal and goes on, otherwise 125 with the hint", async (t) => {
  const folder = fresh(t);
  settings(folder, { sealed: "always" });
  const refused = await folder.run(["--", "touch", "started"]);
  t.equal(refused.code, 125);
  t.match(refused.stderr, /zvault: error: sealed.*\nzvault: hint: .*zvault unseal/);
  settings(folder, { sealed: "once" });
  t.equal((await folder.run(["--", "echo", "fine"])).stdout.toString(), "fine\n");
});

t.test("a dangerous name starts nothing unless a person allowed it", async (t) => {
  const folder = fresh(t, "GIT_SSH_COMMAND=./evil\nKEY=zvault://env/shop/KEY\n");
  const refused = await folder.run(["--", "touch", "started"]);
  t.equal(refused.code, 125);
  t.match(
    refused.stderr,
    "zvault:   .env.zvault:1 GIT_SSH_COMMAND\nzvault: hint: if you trust this file: zvault allow --dangerous NAME",
  );
  settings(folder, { dangerous: ["GIT_SSH_COMMAND"] });
  t.equal((await folder.run(["--", "sh", "-c", "echo $GIT_SSH_COMMAND"])).stdout.toString(), "./evil\n");
});

t.test("own failures are 125, AI tools are refused, and usage says what is meant", async (t) => {
  const folder = fresh(t);
  for (const args of [["--nope", "x"], [], ["-f", "gone", "x"], ["--only", "NOPE", "x"], ["claude"]]) {
    const result = await folder.run(args);
    t.same([result.code, result.stdout.toString(), result.stderr.startsWith("zvault: error: ")], [125, "", true], args.join(" "));
  }
  folder.write("claude", "#!/bin/sh\necho started\n", 0o755);
  settings(folder, { log: `${folder.path}/log` });
  t.equal((await folder.run(["--allow-ai", "./claude"])).stdout.toString(), "started\n");
  const asked = (): { starts?: string } => JSON.parse(readFileSync(`${folder.path}/log`, "utf8")) as { starts?: string };
  t.equal(asked().starts, "claude", "for the record");
  rmSync(`${folder.path}/log`);
  await folder.run(["--allow-ai", "true"]);
  t.equal(asked().starts, undefined);
});

t.test("a variable larger than the system takes is named", async (t) => {
  const folder = fresh(t, `BIG=${"x".repeat(140_000)}\n`);
  const result = await folder.run(["true"]);
  t.equal(result.code, 125);
  t.match(result.stderr, "too large for an environment (128 KiB): BIG");
});

t.test("10,000 variables reach the program or are refused, never cut", async (t) => {
  const folder = fresh(t, Array.from({ length: 10_000 }, (_, i) => `VARIABLE_${i}=value number ${i}\n`).join(""));
  const result = await folder.run(["--", "sh", "-c", "env | grep -c ^VARIABLE_"]);
  t.equal(result.stdout.toString(), "10000\n");
});

t.test("--dry-run lists and starts nothing; --json is an array", async (t) => {
  const folder = fresh(t);
  const text = await folder.run(["--dry-run", "--", "touch", "started"]);
  t.match(text.stdout.toString(), /^KEY +\.env\.zvault:2 +vault +zvault:\/\/env\/shop\/KEY$/m);
  t.equal((JSON.parse((await folder.run(["--dry-run", "--json"])).stdout.toString()) as unknown[]).length, 3);
  t.throws(() => readFileSync(`${folder.path}/started`), { code: "ENOENT" });
});

t.test("without an env file the program starts as it is, with one note", async (t) => {
  const folder = fresh(t);
  mkdirSync(`${folder.path}/other/.git`, { recursive: true });
  const result = await folder.run(["--", "echo", "fine"], { cwd: `${folder.path}/other` });
  t.same(
    [result.stdout.toString(), result.stderr],
    ["fine\n", "zvault: no .env.zvault here or above: the environment stays as it is\n"],
  );
});

t.test("nothing of zvault's own reaches the program", async (t) => {
  const folder = fresh(t);
  const env = { PATH: process.env["PATH"], HOME: folder.path, ZVAULT_KEY: "k", ZVAULT_DIR: "d" };
  t.notMatch((await folder.run(["--", "env"], { env })).stdout.toString(), /^ZVAULT_/m);
});
