/**
 * Starts a program as a person at no terminal would: in a session of its own, orphaned (its parent is init, so that no ancestry tells
 * where it came from), and with exactly the environment that is given. tap puts NODE_OPTIONS into everything that node spawns; `env -i`
 * takes that off again.
 */
import { spawn } from "node:child_process";
import { dirname } from "node:path";

export type Started = { status: number; stdout: Buffer; stderr: Buffer };

export type StartOptions = {
  cwd: string;
  /** the whole environment, besides PATH */
  env?: Record<string, string>;
  stdin?: string | Uint8Array;
  /** milliseconds, 60,000 by default */
  timeout?: number;
};

/** `/usr/bin:/bin` and the node of this test. */
export const plainPath = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;

/** argv[0] is found on PATH. `status` is 128 + n after a signal, as shells say it. Throws after the time-out. */
export async function start(argv: readonly string[], options: StartOptions): Promise<Started> {
  const env = Object.entries({ PATH: plainPath, ...options.env }).map(([name, value]) => `${name}=${value}`);
  // the status goes over descriptor 3: the program itself is not our child
  const shell = ["/bin/sh", "-c", '"$@" 3>&-; echo $? >&3', "sh", ...argv];
  const child = spawn("setsid", ["-f", "/usr/bin/env", "-i", ...env, ...shell], {
    cwd: options.cwd,
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  const parts: Record<1 | 2 | 3, Buffer[]> = { 1: [], 2: [], 3: [] };
  for (const at of [1, 2, 3] as const) child.stdio[at]?.on("data", (chunk: Buffer) => parts[at].push(chunk));
  child.stdin?.on("error", () => {}); // a program that does not read
  child.stdin?.end(options.stdin ?? "");
  await new Promise<void>((done, fail) => {
    const late = setTimeout(() => fail(new Error(`${argv.join(" ")} did not end`)), options.timeout ?? 60_000);
    child.on("error", fail);
    child.on("close", () => {
      clearTimeout(late);
      done();
    });
  });
  return {
    status: Number(Buffer.concat(parts[3]).toString() || "NaN"),
    stdout: Buffer.concat(parts[1]),
    stderr: Buffer.concat(parts[2]),
  };
}
