import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import t from "tap";
import { AgentLog, describe } from "../../src/agent/log.ts";
import { ZvaultError } from "../../src/errors.ts";

t.test("the log keeps to 1 MiB, 0600, printable characters and whole lines", async (t) => {
  const state = t.testdir();
  const log = new AgentLog(state);
  log.write("a\nb\u001b[31m\u202e");
  const path = `${state}/agent.log`;
  t.match(fs.readFileSync(path, "utf8"), /^\d{4}-\S+Z \d+ a\?b\?\[31m\?\n$/);
  t.equal(fs.statSync(path).mode & 0o777, 0o600);
  for (let line = 0; line < 400; line += 1) log.write("x".repeat(10_000));
  t.ok(fs.statSync(path).size <= 1024 * 1024);
});

t.test("a link or a FIFO in place of the log is not written to, and nothing throws", async (t) => {
  const state = t.testdir({ victim: "as it was" });
  fs.symlinkSync(`${state}/victim`, `${state}/agent.log`);
  new AgentLog(state).write("x");
  t.equal(fs.readFileSync(`${state}/victim`, "utf8"), "as it was");
  new AgentLog(`${state}/victim/x`).write("x");
  new AgentLog(join(os.tmpdir(), "zva-none", "\0")).write("x");
});

t.test("what a foreign error says is left out: it may repeat what it was given", async (t) => {
  const parse = (): unknown => JSON.parse("hunter2hunter2");
  try {
    parse();
  } catch (failure) {
    t.match(describe(failure), /^SyntaxError \| at /);
    t.notMatch(describe(failure), "hunter2");
  }
  t.equal(describe(new ZvaultError("denied", "no")), "denied: no");
  t.equal(describe("hunter2"), "thrown: something that is no error");
});
