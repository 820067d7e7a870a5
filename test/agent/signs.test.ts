/** The real agent looks at real processes: marks of a caller and of those above it, names of programs, a person in tmux. */
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { AgentStatus } from "../../src/calls/vault.ts";
import { plainPath, start } from "../helpers/start.ts";
import { makePlace } from "../helpers/transcript.ts";

const place = makePlace();
const cwd = join(place.folder, "shop");
const hasTmux = spawnSync("tmux", ["-V"]).status === 0;

t.teardown(async () => {
  await sh("zvault seal");
  place.remove();
});

function sh(line: string, env: Record<string, string> = {}) {
  return start(["sh", "-c", line], { cwd, env: { ...place.env, ...env } });
}

const status = "zvault status --json";
const seenIn = (text: string) => (JSON.parse(text) as { agent: AgentStatus }).agent.caller;
const seen = async (line: string, env?: Record<string, string>) => seenIn((await sh(line, env)).stdout.toString());

t.test("the agent finds the signs of an AI tool by itself", async (t) => {
  await sh("zvault init --key-file ../key --yes");
  t.strictSame(await seen(status), { verdict: "ambiguous", signs: ["no known terminal or service above it"] }, "an orphan");
  const claude = { verdict: "sign", tool: "Claude Code" };
  t.match(await seen(status, { CLAUDECODE: "1" }), { ...claude, signs: ["CLAUDECODE"] });
  t.match(await seen(`true; env -u CLAUDECODE ${status}`, { CLAUDECODE: "1" }), { ...claude, signs: [/^CLAUDECODE of \S+$/] });
  const path = `PATH=${place.env["PATH"]} HOME=${place.env["HOME"]} XDG_RUNTIME_DIR=${place.env["XDG_RUNTIME_DIR"]}`;
  const bare = await seen(`true; env -i ${path} ${status}; true`, { GEMINI_CLI: "1" });
  t.match(bare, { verdict: "sign", tool: "Gemini CLI", signs: [/^GEMINI_CLI of \S+$/] }, "env -i: whoever called it has it still");
  copyFileSync("/bin/sh", join(place.folder, "bin/codex"));
  t.match(await seen(`codex -c '${status}; true'`), { verdict: "sign", tool: "Codex", signs: ["ancestor codex"] });
  t.match(await seen(`sh -c '${status}; true' codex`), { verdict: "ambiguous" }, "an argument is no name");
});

t.test("a shell that becomes an AI tool is seen to have", async (t) => {
  // the same process, asked for before and after its exec: what was read of it once does not count any more
  const line = `${status}; exec codex -c '${status}; true'`;
  const { stdout } = await sh(`sh -c "${line}"; true`);
  const [before = "", after = ""] = stdout.toString().split(/(?<=^\})\n/m);
  t.match(seenIn(before), { verdict: "ambiguous" });
  t.match(seenIn(after), { verdict: "sign", tool: "Codex" });
});

t.test("verdict, tool and signs stand in the audit log", async (t) => {
  await sh("zvault ls", { CLAUDECODE: "1" });
  const line = JSON.parse((await sh("zvault audit tail --json | tail -n 2 | head -n 1")).stdout.toString()) as object;
  t.match(line, { verb: "kv.list", policy: "local-ai", caller: { verdict: "sign", tool: "Claude Code", signs: ["CLAUDECODE"] } });
});

t.test("a person in tmux is plain, an AI tool in it is not", { skip: !hasTmux && "not run: tmux" }, async (t) => {
  const socket = join(place.folder, "tmux");
  const tmux = (line: string) => start(["tmux", "-S", socket, ...line.split(" ")], { cwd, env: { ...place.env, TERM: "xterm" } });
  const out = join(place.folder, "seen.json");
  const inside = async (line: string): Promise<AgentStatus["caller"]> => {
    const script = `cd ${cwd}; export PATH=${place.env["PATH"]}:${plainPath}; ${line} > ${out}; tmux -S ${socket} wait-for -S done`;
    await start(["tmux", "-S", socket, "send-keys", "-l", script], { cwd });
    await tmux("send-keys Enter");
    await tmux("wait-for done");
    return seenIn(readFileSync(out, "utf8"));
  };
  await tmux("-f /dev/null new-session -d -s one -x 80 -y 24 sh");
  try {
    t.strictSame(await inside(status), { verdict: "plain", signs: [] });
    t.match(await inside(`CLAUDECODE=1 ${status}`), { verdict: "sign", tool: "Claude Code" });
    t.match(await inside(`TERM_PROGRAM=vscode ${status}`), { verdict: "ambiguous", signs: ["TERM_PROGRAM"] });
    t.match(await inside(`TERM_PROGRAM=vscode GIT_PAGER=cat ${status}`), { verdict: "sign", tool: "VS Code" });
  } finally {
    await tmux("kill-server");
  }
});
