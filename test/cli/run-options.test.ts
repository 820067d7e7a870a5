/** `run` with a real vault: files in memory, raw values, waiting requests, clones and worktrees; and --watch with a program that lives. */
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { plainPath, start } from "../helpers/start.ts";
import { transcriptTest } from "../helpers/transcript-test.ts";
import { makePlace } from "../helpers/transcript.ts";
import { until } from "../run/start.ts";

transcriptTest("run-options.txt");

type Watched = {
  script(line: string): ReturnType<typeof start>;
  /** what was said until now */
  seen(): string;
  wait(text: string): Promise<void>;
  /** exit code or signal */
  ended: Promise<unknown>;
  cwd: string;
  child: ReturnType<typeof spawn>;
};

/** A vault where A is "one", and a program of sh that `run --watch` has started. */
async function watched(t: { teardown(act: () => Promise<void>): void }, program: string): Promise<Watched> {
  const place = makePlace();
  const cwd = join(place.folder, "shop");
  const script: Watched["script"] = (line) => start(["sh", "-c", line], { cwd, env: place.env });
  t.teardown(async () => {
    await script("zvault seal");
    place.remove();
  });
  await script("zvault init --key-file ../key --yes -q; printf one | zvault set A - -q");
  const env = Object.entries(place.env).map(([name, value]) => `${name}=${value}`);
  const line = `exec zvault run --watch --no-mask -- sh -c '${program}' > out 2>&1`;
  const child = spawn("/usr/bin/env", ["-i", `PATH=${plainPath}`, ...env, "sh", "-c", line], { cwd, stdio: "ignore" });
  const ended = new Promise<unknown>((done) => child.on("close", (code, signal) => done(signal ?? code)));
  const seen = (): string => readFileSync(join(cwd, "out"), "utf8");
  const wait = (text: string): Promise<void> => long(() => seen().includes(text), seen);
  return { script, seen, wait, ended, cwd, child };
}

t.test(
  "--watch starts the program anew for a value and for a file, never because of the seal, and ends as it ends",
  { timeout: 120_000 },
  async (t) => {
    const program = 'echo "start $A $B"; trap "echo term" TERM; while [ ! -e end ]; do sleep 0.05; done; exit 7';
    const { script, seen, wait, ended } = await watched(t, program);
    await wait("start one");
    await script("printf two | zvault set A - -q");
    // the program takes TERM and goes on: it is waited for, not killed
    await wait("A changed: the program is started anew");
    await wait("term");
    t.notMatch(seen(), "start two");
    await script("touch end");
    await wait("start two").catch(() => undefined);
    t.equal(await Promise.race([ended, new Promise((late) => setTimeout(() => late("late"), 20_000))]), 7, seen());
  },
);

t.test("--watch over a seal and a broken file", { timeout: 120_000 }, async (t) => {
  const { script, seen, wait, ended, cwd, child } = await watched(t, 'echo "start $A $B $$"; exec sleep 100');
  await wait("start one");
  await script("zvault seal -q");
  await wait("sealed: the program goes on with what it has");
  appendFileSync(join(cwd, ".env.zvault"), "B=zvault://\n");
  await wait("a reference is malformed");
  t.equal(seen().split("start ").length, 2, "neither seal nor a broken file ended it");
  await script("zvault unseal --key-file ../key -q; printf two | zvault set A - -q");
  await script("sed -i s,zvault://$,b, .env.zvault");
  await wait("start two b");
  child.kill("SIGTERM");
  t.equal(await ended, "SIGTERM", seen());
});

async function long(check: () => boolean, seen: () => string): Promise<void> {
  for (let left = 4; ; left--) {
    try {
      await until(() => {
        try {
          return check();
        } catch {
          return false;
        }
      });
      return;
    } catch {
      if (left === 0) throw new Error(`waited too long: ${seen()}`);
    }
  }
}
