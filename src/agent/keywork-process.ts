/**
 * Key work in a process of its own (vault/keywork.ts says why): zvault once more, in mode `--keywork`, with an empty environment. The
 * job goes in and the result comes out through pipes, from locked memory into locked memory.
 */
import { spawn } from "node:child_process";
import { closeSync, writeSync } from "node:fs";
import { selfCommand } from "../chunks.ts";
import type { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import { pipe2 } from "../sys/pipe.ts";
import type { KeyWork } from "../vault/keywork.ts";
import { readSecret, writeSecret } from "./pipe-secret.ts";

/** bytes each way */
export const jobLimit: number = 1024 * 1024;
const time = 120_000;
/** a page: the kernel makes none that holds less */
const smallestPipe = 4096;

/** `command`: how the helper is started; tests may name another entry. */
export function keyWorkProcess(command: { file: string; args: string[] } = ownCommand()): KeyWork {
  let before: Promise<unknown> = Promise.resolve();
  // one at a time: each may take a GiB for Argon2id
  return (job) => {
    const result = before.then(() => work(command, job));
    before = result.catch(() => {});
    return result;
  };
}

/** The very program that runs, though its file may have been replaced by a later build meanwhile. */
function ownCommand(): { file: string; args: string[] } {
  return { ...selfCommand("--keywork"), file: "/proc/self/exe" };
}

async function work(command: { file: string; args: string[] }, job: Secret): Promise<Secret> {
  const [jobOut, jobIn] = pipe2();
  const [resultOut, resultIn] = pipe2();
  const open = new Set([jobOut, jobIn, resultOut, resultIn]);
  const close = (fd: number): void => {
    if (open.delete(fd)) closeSync(fd);
  };
  let result: Secret | undefined;
  try {
    const child = spawn(command.file, command.args, {
      argv0: "zvault",
      cwd: "/",
      env: {},
      stdio: [jobOut, resultIn, "ignore"],
      timeout: time,
      killSignal: "SIGKILL",
    });
    const ended = new Promise<string>((resolve) => {
      child.on("error", ({ message }) => resolve(message));
      child.on("exit", (code, signal) => resolve(code === 0 ? "" : (signal ?? `exit code ${code}`)));
    });
    close(jobOut);
    close(resultIn);
    // a helper that died early says so by its exit
    const sent = sendAtOnce(jobIn, job) ? undefined : writeSecret(jobIn, job).catch(() => {});
    if (!sent) close(jobIn);
    const received = readSecret(resultOut, jobLimit);
    await sent;
    close(jobIn);
    result = await received;
    const problem = await ended;
    if (problem !== "" || result.length === 0) throw failed(problem);
    return result;
  } catch (failure) {
    result?.wipe();
    throw failure instanceof ZvaultError ? failure : failed((failure as NodeJS.ErrnoException).code ?? "unknown");
  } finally {
    for (const fd of open) closeSync(fd);
  }
}

/** The helper need not wait for us then, whatever we do meanwhile. True: it is in the pipe, whole. */
function sendAtOnce(fd: number, job: Secret): boolean {
  if (job.length > smallestPipe) return false;
  try {
    return job.use((bytes) => writeSync(fd, bytes)) === job.length;
  } catch {
    return true; // nobody reads: that helper is dead, and its exit says so
  }
}

function failed(why: string): ZvaultError {
  const hint = why === "SIGKILL" ? { hint: "it took longer than two minutes, or there is too little memory" } : {};
  return new ZvaultError(
    "internal",
    `the key work's helper ended without a result (${why === "" ? "nothing written" : why})`,
    hint,
  );
}
