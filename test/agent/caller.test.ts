import "../helpers/detached.ts";
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import t from "tap";
import { lookAt, Peer, type Seen } from "../../src/agent/caller.ts";
import { Runs } from "../../src/agent/runs.ts";
import { isGone, processStat } from "../../src/process-stat.ts";

const uid = process.geteuid?.() ?? 0;
const callerOf = (peer: Seen) => new Peer(peer, new Runs()).caller();

t.test("a caller is its pid, start time, program and session", async (t) => {
  const own = processStat(process.pid);
  const caller = callerOf(lookAt({ pid: process.pid, uid }));
  const leader = Number(spawnSync("ps", ["-o", "sid=", "-p", String(process.pid)]).stdout.toString());
  t.match(caller, {
    uid,
    pid: process.pid,
    startTime: own?.startTime,
    program: fs.realpathSync(process.execPath),
    listener: "socket",
    verdict: "ambiguous",
    signs: ["no known terminal or service above it"],
    inRun: false,
  });
  t.equal(caller.session.split(":")[0], String(leader));
  t.strictSame(callerOf(lookAt({ pid: process.pid, uid })), caller, "and stays the same");
});

t.test("a pid that now belongs to another process, or to none, is nobody, and shares a session with nobody", async (t) => {
  const other = callerOf({ ...lookAt({ pid: process.pid, uid }), since: "1" });
  t.match(other, { pid: 0, program: "", startTime: "", verdict: "sign", signs: ["caller gone"] });
  t.not(other.session, callerOf(lookAt({ pid: process.pid, uid })).session);
  t.match(callerOf(lookAt({ pid: 0, uid })), { pid: 0, verdict: "sign" });
});

t.test("a client that has closed itself to others is still known by the program it was when it connected", async (t) => {
  const seen = lookAt({ pid: process.pid, uid });
  t.equal(callerOf({ ...seen, program: "/usr/bin/seen" }).program, "/usr/bin/seen");
});

t.test("what a caller says of its environment covers up nothing that is in it", async (t) => {
  const env = { ...process.env, AGENT: "goose", TERM_PROGRAM: "vscode", GIT_PAGER: "cat" };
  const child = spawn("sleep", ["30"], { env, stdio: "ignore" });
  t.teardown(() => child.kill());
  const peer = new Peer(lookAt({ pid: child.pid ?? 0, uid }), new Runs());
  t.match(peer.caller({ AGENT: "x", TERM_PROGRAM: "x", GIT_PAGER: "less" }), { verdict: "sign", tool: "Goose" });
  t.match(peer.caller({ CLAUDECODE: "1" }), { verdict: "sign", tool: "Claude Code" }, "what it adds counts");
});

t.test("without its leader a session is a process's own", async (t) => {
  // the shell leads a new session, leaves a child in it and goes
  const shell = spawn("setsid", ["-w", "sh", "-c", "sleep 30 & echo $!"], { stdio: ["ignore", "pipe", "ignore"] });
  const reaped = new Promise((resolve) => shell.once("exit", resolve));
  const pid = Number(await new Promise<string>((resolve) => shell.stdout.once("data", (chunk) => resolve(String(chunk)))));
  t.teardown(() => void process.kill(pid));
  const { session = 0, startTime = "" } = processStat(pid) ?? {};
  await reaped;
  t.equal(callerOf(lookAt({ pid, uid })).session, `${session}:gone:${pid}:${startTime}`);
});

t.test("an orphan does not share the session that it was left behind in", async (t) => {
  const line = "sleep 30 & echo $!; (sleep 30 & echo $!); exec sleep 30";
  const shell = spawn("setsid", ["-w", "sh", "-c", line], { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  for await (const chunk of shell.stdout) if ((said += String(chunk)).trim().split("\n").length === 2) break;
  const [child = 0, orphan = 0] = said.trim().split("\n").map(Number);
  const { session = 0 } = processStat(child) ?? {};
  t.teardown(() => [child, orphan, session].forEach((pid) => process.kill(pid)));
  const parent = () => processStat(processStat(orphan)?.parent ?? 0);
  while (parent()?.session === session) await new Promise((wake) => setTimeout(wake, 5));
  t.equal(processStat(orphan)?.session, session, "it is still in it");
  const leader = processStat(session)?.startTime;
  t.equal(callerOf(lookAt({ pid: child, uid })).session, `${session}:${leader}`);
  t.equal(callerOf(lookAt({ pid: orphan, uid })).session, `${session}:gone:${orphan}:${processStat(orphan)?.startTime}`);
});

t.test("a program's name with spaces and parentheses does not shift the fields", async (t) => {
  const child = spawn("python3", ["-c", 'open("/proc/self/comm","w").write(") R 1 2 3 (x"); print("up", flush=True); input()'], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const pid = child.pid ?? 0;
  t.match(fs.readFileSync(`/proc/${pid}/stat`, "latin1"), "() R 1 2 3 (x)");
  t.equal(processStat(pid)?.session, processStat(process.pid)?.session);
  t.match(processStat(pid)?.startTime, /^\d+$/);
  const since = processStat(pid)?.startTime ?? "";
  t.notOk(isGone(pid, since));
  t.ok(isGone(pid, `${since}0`), "a reused pid is not the process that was meant");
  child.stdin.end("\n");
  await new Promise((resolve) => child.once("exit", resolve));
  t.ok(isGone(pid, since));
  t.equal(processStat(pid), undefined);
});
