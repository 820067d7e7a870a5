/**
 * Entry of the hidden modes. `--agent`: configuration over fd 3, then "ready" or the reason why not over fd 4, one line of JSON:
 *
 *   {"ready":true}   {"held":true} (another agent lives)   {"error":{"code":…,"message":…,"hint":…}}
 */
import { closeSync, fstatSync, readSync, writeSync } from "node:fs";
import { build } from "../build.ts";
import { ZvaultError } from "../errors.ts";
import { parseConfig, startAgent, type Tuning } from "./agent.ts";
import { harden } from "./hardening.ts";
import { describe } from "./log.ts";

export { keyworkMain } from "./keywork-main.ts";
export { warm } from "./warm.ts";

const configFd = 3;
const readyFd = 4;

export async function main(): Promise<void> {
  await runAgent();
}

export async function runAgent(tuning: Tuning = {}): Promise<void> {
  if (!isStream(configFd) || !isStream(readyFd)) process.exit(2); // started by hand: there is nobody to speak to
  try {
    harden();
    const places = parseConfig(readAll(configFd), build);
    closeSync(configFd);
    const started = await startAgent(build, places, tuning);
    say(started ? { ready: true } : { held: true });
    if (!started) process.exit(0);
  } catch (failure) {
    const known =
      failure instanceof ZvaultError ? failure : new ZvaultError("agent-start", `the agent does not start: ${describe(failure)}`);
    say({ error: { code: known.code, message: known.message, ...(known.hint === undefined ? {} : { hint: known.hint }) } });
    process.exit(known.exitCode);
  }
}

function isStream(fd: number): boolean {
  try {
    const found = fstatSync(fd);
    return found.isFIFO() || found.isSocket();
  } catch {
    return false;
  }
}

function readAll(fd: number): string {
  const chunks: Buffer[] = [];
  for (let total = 0; total < 65_536;) {
    const chunk = Buffer.alloc(4096);
    const count = readSync(fd, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  return Buffer.concat(chunks).toString();
}

function say(what: unknown): void {
  try {
    writeSync(readyFd, `${JSON.stringify(what)}\n`);
    closeSync(readyFd);
  } catch {
    // the starter is gone; the next client finds us
  }
}
