/** `audit tail --follow`, as a person runs it: until Ctrl-C, or until the vault is sealed. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import { start } from "../helpers/start.ts";
import { makePlace } from "../helpers/transcript.ts";

t.test("following shows what comes, line by line, and ends with Ctrl-C or the seal", { timeout: 60_000 }, async (t) => {
  const { folder, env, remove } = makePlace();
  const cwd = join(folder, "shop");
  const run = (command: string) => start(["sh", "-c", command], { cwd, env });
  t.teardown(async () => {
    await run("zvault seal");
    remove();
  });
  await run("zvault init --key-file ../key --yes && printf %s v1 | zvault set A -");
  const follow = (name: string) => {
    const file = join(folder, name);
    const fd = openSync(file, "w");
    // `env -i` takes off what tap puts into the environment of everything that node spawns
    const clean = ["-i", ...Object.entries(env).map(([key, value]) => `${key}=${value}`)];
    const typed = ["audit", "tail", "--follow", "-n", "1", "--verb", "kv", "--outcome", "done", "--json"];
    const child = spawn("/usr/bin/env", [...clean, "zvault", ...typed], { cwd, stdio: ["ignore", fd, fd] });
    closeSync(fd);
    const ended = new Promise<string>((done) => child.on("exit", (code, signal) => done(signal ?? String(code))));
    const lines = (): string[] => readFileSync(file, "utf8").split("\n").slice(0, -1);
    const atLeast = async (count: number): Promise<string[]> => {
      while (lines().length < count) await pause(20);
      return lines();
    };
    return { child, ended, atLeast, text: () => readFileSync(file, "utf8") };
  };
  const first = follow("first");
  await first.atLeast(1);
  for (const value of ["v2", "v3"]) await run(`printf %s ${value} | zvault set A -`);
  const lines = (await first.atLeast(3)).map((line) => JSON.parse(line) as { seq: number; verb: string; outcome: string });
  t.match(lines, [{ outcome: "done" }, { verb: "kv.put", outcome: "done" }, { verb: "kv.put", outcome: "done" }]);
  t.ok((lines[1]?.seq ?? 0) < (lines[2]?.seq ?? 0), "in order");
  first.child.kill("SIGINT");
  t.match(await first.ended, /^(SIGINT|130)$/);
  t.match(first.text(), /\}\n$/, "no half line, and no word about it");
  const second = follow("second");
  await second.atLeast(1);
  await run("zvault seal");
  t.equal(await second.ended, "3");
  t.match(second.text(), /"code": "sealed"/);
});
