/**
 * Starts the agent: zvault once more, detached, in "/", with an empty environment. It gets its folders over fd 3 and says over fd 4
 * when it listens (agent/process.ts). Two clients may do this at once: the agents' lock decides, the second one says "held".
 */
import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { selfCommand } from "./chunks.ts";
import { isErrorCode, ZvaultError } from "./errors.ts";
import type { Places } from "./locate.ts";

/** ms */
const patience = 20_000;

export type Command = { file: string; args: string[] };

/** Throws `agent-start`, or what the agent says is wrong (`no-runtime` and the like). */
export async function startAgent(
  places: Places,
  build: string,
  command: Command = selfCommand("--agent"),
): Promise<"ready" | "held"> {
  const child = spawn(command.file, command.args, {
    detached: true,
    cwd: "/",
    env: {},
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  const config = child.stdio[3] as Writable;
  const ready = child.stdio[4] as Readable;
  const slow = setTimeout(() => child.kill("SIGKILL"), patience);
  try {
    const ended = new Promise<string>((resolve) => {
      child.on("error", (failure) => resolve(`${command.file} cannot be started (${(failure as NodeJS.ErrnoException).code})`));
      child.on("exit", (code, signal) => resolve(`it ended at once (${signal ?? `exit code ${code}`})`));
    });
    config.on("error", () => {}); // it died before it read; `ended` says how
    config.end(JSON.stringify({ v: 1, build, places }));
    return parse(await line(ready)) ?? fail(await ended);
  } finally {
    clearTimeout(slow);
    config.destroy();
    ready.destroy();
    child.unref();
  }
}

function fail(why: string): never {
  throw new ZvaultError("agent-start", `the agent did not start: ${why}`, {
    hint: "agent.log in zvault's state folder may say more",
  });
}

async function line(from: Readable): Promise<string> {
  let text = "";
  try {
    for await (const chunk of from) {
      text += String(chunk);
      if (text.includes("\n") || text.length > 65_536) break;
    }
  } catch {
    // closed under us: the agent died
  }
  return text;
}

/** undefined: it said nothing. */
function parse(text: string): "ready" | "held" | undefined {
  if (!text.endsWith("\n")) return undefined;
  const said = JSON.parse(text) as { ready?: boolean; held?: boolean; error?: { code: string; message: string; hint?: string } };
  if (said.ready) return "ready";
  if (said.held) return "held";
  const { code = "", message = "no reason given", hint } = said.error ?? {};
  throw new ZvaultError(isErrorCode(code) ? code : "agent-start", message, hint === undefined ? {} : { hint });
}
