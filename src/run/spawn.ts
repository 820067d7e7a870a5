/**
 * The masked lane: the program writes into pipes of ours, we write on what the mask lets through. stdin, and an output that is a
 * terminal, are handed over as they are. Real pipes, not Node's socket pairs: `echo x > /dev/stderr` must work in the program.
 *
 * Signals. The program is in our process group, so what the terminal sends (Ctrl-C, Ctrl-\, Ctrl-Z) and what is sent to the group
 * reaches it without us; we only must not die before it does. What was sent to us alone, as supervisors do, is sent on (`witness.ts`
 * tells one from the other), so every signal arrives once. Nothing escalates to KILL.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, fstatSync, readFileSync } from "node:fs";
import { resetSignalsForExec, setCoreLimitZero } from "../sys/process.ts";
import { pipe2 } from "../sys/pipe.ts";
import type { Shield, Start } from "./exec.ts";
import type { Ending } from "./exit.ts";
import type { MaskSet } from "./mask/borders.ts";
import { outputPty } from "./output-pty.ts";
import { startFailure } from "./program.ts";
import { type Nul, Pump, pipeRoom } from "./pump.ts";
import { Witness } from "./witness.ts";

/** "terminal": masked, and a terminal to the program */
export type Masked = { stdout: boolean; stderr: boolean | "terminal" };

export type Outcome = {
  ending: Ending;
  /** per stream: hits by name; what could not be written */
  streams: { name: "stdout" | "stderr"; counts: ReadonlyMap<string, number>; problem: string | undefined }[];
};

const forwarded: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGINT", "SIGQUIT"];

/** Starts the program and returns when it has ended and its output is written. Throws `RunFailure` if it cannot be started. */
export async function runMasked(start: Start, set: MaskSet, masked: Masked, guard: Shield, nul: Nul): Promise<Outcome> {
  // with stdout and stderr in one place (2>&1) one pipe keeps the order of the lines
  const joined = masked.stdout && masked.stderr === true && samePlace();
  const out = masked.stdout ? pipe2(pipeRoom) : undefined;
  const screen = masked.stderr === "terminal" ? outputPty(2) : undefined;
  const err = screen?.ends ?? (masked.stderr !== false && !joined ? pipe2(pipeRoom) : undefined);
  let child: ChildProcess | undefined;
  const signals = handleSignals(() => child);
  try {
    guard.restore();
    const stderr = joined ? out?.[1] : err?.[1];
    child = await started(start, ["inherit", out?.[1] ?? "inherit", stderr ?? "inherit"]);
  } catch (error) {
    signals.stop();
    for (const fd of [out?.[0], err?.[0]]) if (fd !== undefined) closeSync(fd);
    throw startFailure(start.program, error);
  } finally {
    setCoreLimitZero();
    for (const fd of [out?.[1], err?.[1], ...(start.inherited ?? [])]) if (fd !== undefined) closeSync(fd);
  }
  const pumps: { name: "stdout" | "stderr"; pump: Pump }[] = [];
  if (out) pumps.push({ name: "stdout", pump: new Pump(out[0], 1, set, { nul }) });
  if (err) pumps.push({ name: "stderr", pump: new Pump(err[0], 2, set, { pty: screen !== undefined, nul }) });
  const resize = () => {
    screen?.resize();
    // it heard of it when we did, and has asked too early
    child?.kill("SIGWINCH");
  };
  if (screen) process.on("SIGWINCH", resize);
  signals.watch();
  const ending = await ended(child);
  await Promise.all(pumps.map(({ pump }) => pump.finish()));
  signals.stop();
  process.off("SIGWINCH", resize);
  return { ending, streams: pumps.map(({ name, pump }) => ({ name, counts: pump.counts, problem: pump.problem })) };
}

type Stdio = ["inherit", number | "inherit", number | "inherit"];

async function started(start: Start, stdio: Stdio): Promise<ChildProcess> {
  const env = Object.fromEntries(start.environment);
  const [name = "", ...args] = start.command;
  try {
    return await spawned(spawn(start.program, args, { argv0: name, env, stdio }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOEXEC") throw error;
    return await spawned(spawn("/bin/sh", [start.program, ...args], { argv0: "sh", env, stdio }));
  }
}

function spawned(child: ChildProcess): Promise<ChildProcess> {
  return new Promise((done, fail) => {
    child.once("spawn", () => done(child));
    child.once("error", fail);
  });
}

function ended(child: ChildProcess): Promise<Ending> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done({ code: child.exitCode, signal: child.signalCode });
    else child.once("exit", (code, signal) => done({ code, signal }));
  });
}

/** From before the start, so that no signal falls between; one that comes before the program is there is sent on later. */
function handleSignals(child: () => ChildProcess | undefined): { watch(): void; stop(): void } {
  const handlers: [NodeJS.Signals, () => void][] = [];
  let witness: Witness | undefined;
  const send = async (signal: NodeJS.Signals): Promise<void> => {
    const all = await witness?.wasForAll();
    const target = child();
    if (!target) return void setImmediate(() => child()?.kill(signal));
    // one that made a group of its own, as an interactive shell does, hears nothing of what ours was told
    if (!all || groupOf(target.pid ?? 0) !== groupOf("self")) target.kill(signal);
  };
  for (const signal of forwarded) handlers.push([signal, () => void send(signal).catch(() => undefined)]);
  // caught, not ignored: a write to a closed pipe is an error to us, and SIGUSR1 may come through (see `resetSignalsForExec`)
  for (const signal of ["SIGPIPE", "SIGXFSZ"] as const) handlers.push([signal, () => undefined]);
  resetSignalsForExec();
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return {
    watch() {
      witness = new Witness(forwarded);
    },
    stop() {
      witness?.end();
      for (const [signal, handler] of handlers) process.off(signal, handler);
    },
  };
}

/** Process group, "" of one that is gone. */
function groupOf(pid: number | "self"): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ")[2] ?? "";
  } catch {
    return "";
  }
}

function samePlace(): boolean {
  try {
    const [one, two] = [fstatSync(1), fstatSync(2)];
    return one.dev === two.dev && one.ino === two.ino;
  } catch {
    return false;
  }
}
