/** Files and names that come with a clone: links to devices, pipes, texts that grow, names that steer a terminal. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { changeFile } from "../../src/cli/files.ts";
import { readerOf } from "../../src/cli/import/reader.ts";
import { freshSlug } from "../../src/cli/project.ts";
import { folderFor } from "../../src/folder.ts";
import { plan } from "../../src/run/plan.ts";
import { finish } from "../../src/run/values.ts";
import { diskIo } from "../../src/vault/io.ts";
import { ask, codeOf, keyFile, makeWorld, openDoor, removeWorld } from "../helpers/vault.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "zvault-committed-"));
t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }));

// a umask of 077 took the group's rights away; a folder that cannot be written was told as another zvault at work
t.test("a changed file keeps its mode; a folder that takes no file is named", async (t) => {
  const path = `${folder}/deploy.hcl`;
  fs.writeFileSync(path, "old");
  fs.chmodSync(path, 0o664);
  const umask = process.umask(0o077);
  t.teardown(() => process.umask(umask));
  t.ok(await changeFile(path, () => Buffer.from("new")));
  t.equal(fs.readFileSync(path, "utf8"), "new");
  t.equal(fs.statSync(path).mode & 0o777, 0o664);
  await t.rejects(
    changeFile(`${folder}/none/a.hcl`, () => Buffer.from("new")),
    { code: "not-found", message: /none/ },
  );
  await t.rejects(
    changeFile("/proc/self/a.hcl", () => Buffer.from("new")),
    { message: /^(?!.*another zvault)/ },
  );
});

t.test("a link to a device or a pipe in the place of a committed file is refused at once", async (t) => {
  fs.symlinkSync("/dev/zero", `${folder}/.gitignore`);
  await t.rejects(
    changeFile(`${folder}/.gitignore`, (bytes) => bytes),
    { code: "unsafe-file" },
  );
  spawnSync("mkfifo", [`${folder}/.env.zvault`]);
  await t.rejects(
    changeFile(`${folder}/.env.zvault`, (bytes) => bytes),
    { code: "unsafe-file" },
  );
  for (const make of [
    () => fs.symlinkSync("/dev/zero", `${folder}/package.json`),
    () => spawnSync("mkfifo", [`${folder}/package.json`]),
    () => fs.writeFileSync(`${folder}/package.json`, Buffer.alloc(5 * 1024 * 1024, " ")),
  ]) {
    fs.rmSync(`${folder}/package.json`, { force: true });
    make();
    t.match(freshSlug(folder, ".", []), /^zvault-committed-/, "the folder's name counts");
  }
});

t.test("what tells which reader a project has is no file without end", async (t) => {
  const project = join(folder, "reader");
  fs.mkdirSync(project);
  fs.symlinkSync("/dev/zero", `${project}/package.json`);
  spawnSync("mkfifo", [`${project}/requirements.txt`]);
  fs.writeFileSync(`${project}/compose.yaml`, "services:\n  a:\n    env_file: .env\n");
  t.equal(readerOf(project), "compose");
});

t.test("a run does not read what a link in the place of an env file leads to", async (t) => {
  const project = join(folder, "linked");
  fs.mkdirSync(project);
  fs.writeFileSync(`${project}/.env.zvault`, `# zvault 1 project=a vault=${"0".repeat(32)}\nA=1\n`);
  // of size 0, and 64 GiB to read
  fs.symlinkSync("/proc/self/pagemap", `${project}/.env`);
  const main = join(import.meta.dirname, "../../src/main.ts");
  const run = [process.execPath, "--no-warnings", "--max-old-space-size=256", main, "run", "--", "printenv", "A"];
  const env = { HOME: project, PATH: process.env["PATH"] ?? "" };
  const done = spawnSync("timeout", ["20", ...run], { cwd: project, env });
  t.equal(done.stdout.toString(), "1\n", done.stderr.toString());
});

t.test("texts that double each other end before they fill the memory", async (t) => {
  const lines = Array.from({ length: 64 }, (_, at) => `A${at + 1}=\${zvault:A${at}}\${zvault:A${at}}`);
  const bytes = new TextEncoder().encode(`A0=${"x".repeat(100)}\n${lines.join("\n")}\n`);
  const made = plan({
    files: [{ folder: "/w", name: ".env.zvault", label: ".env.zvault", bytes }],
    environment: {},
    cwd: "/w",
    options: { clearEnv: false, override: false },
  });
  t.throws(() => finish(made, new Map()), { code: "usage", message: /longer than an environment takes/ });
});

t.test("a repository inside of a linked worktree does not pass for the project, nor one elsewhere", async (t) => {
  const found = { dir: "/main/.zvault", id: "", dev: "", ino: "", root: "/main", how: "worktree", checkout: folder } as const;
  for (const name of ["vendor/evil", "app"]) fs.mkdirSync(`${folder}/${name}`, { recursive: true });
  execFileSync("git", ["init", "-q"], { cwd: `${folder}/vendor/evil`, stdio: "ignore" });
  t.equal(folderFor(found, folder), ".");
  t.equal(folderFor(found, `${folder}/app`), "app");
  t.equal(folderFor(found, `${folder}/vendor/evil`), "vendor/evil");
  t.equal(folderFor(found, "/elsewhere"), "/elsewhere");
});

t.test("names do not steer the terminal that a question is asked on", async (t) => {
  if (spawnSync("which", ["script"]).status !== 0) return t.comment("not run: script");
  fs.rmSync(`${folder}/package.json`, { force: true });
  const prompt = join(import.meta.dirname, "../../src/run/prompt.ts");
  const code = `import { confirm } from ${JSON.stringify(prompt)}; await confirm("Let a\\x1b[2K\\x1b]0;t\\x07\\u202eb\\u009b use it?", true)`;
  fs.writeFileSync(`${folder}/ask.ts`, code);
  const line = `env -u NODE_OPTIONS '${process.execPath}' --no-warnings '${folder}/ask.ts'`;
  const { stdout } = spawnSync("script", ["-qefc", line, "/dev/null"], { input: "\n", timeout: 20_000 });
  t.match(stdout.toString(), "Let a?[2K?]0;t??b? use it?");
});

t.test("a backup that somebody made up is damaged, whatever stands in it", async (t) => {
  const world = makeWorld();
  const { door } = openDoor(world, diskIo);
  t.teardown(() => removeWorld(world));
  const id = "00".repeat(16);
  for (const json of [
    "{",
    "null",
    "[]",
    '{"v":1}',
    `{"v":1,"id":"${id}","time":1,"files":[]}`,
    `{"v":1,"id":"${id}","time":"","files":[null,[1]]}`,
  ]) {
    const head = Buffer.from(json);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(head.length);
    const body = Buffer.concat([Buffer.from("zvbackup"), length, head, Buffer.alloc(40)]);
    fs.writeFileSync(`${world.base}/b`, Buffer.concat([body, createHash("sha256").update(body).digest()]), { mode: 0o600 });
    const asked = ask(
      door,
      world,
      "backup.restore",
      { dir: world.project, from: `${world.base}/b` },
      { credential: keyFile(new Uint8Array(80)) },
    );
    t.equal(await codeOf(asked), "damaged", json);
  }
});
