/**
 * The masked lane on a terminal: the program gets a terminal of ours, so that colours, prompts, full-screen programs and job control
 * live, and what it shows there goes through the mask. No process stands between: it is our child, the leader of a session whose terminal
 * is ours. A standard stream that is no terminal stays what it is; stderr then has a mask of its own.
 *
 * Ctrl-Z. The program's group is orphaned (its parent, we, is in another session), so the kernel drops the terminal's stop signal, and
 * with it the self-made ones of programs that read Ctrl-Z as a key (vi): those do not suspend here, as under script(1). Where Ctrl-Z
 * would send the signal, and to the program's own group (not to a job of a shell in there), we stop that group and then ourselves.
 */
import { closeSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { readModes, keysOf, sameModes, type Modes } from "../sys/modes.ts";
import { pipe2 } from "../sys/pipe.ts";
import { resetSignalsForExec, setCoreLimitZero } from "../sys/process.ts";
import { openPty } from "../sys/pty.ts";
import { childChange, spawnProgram, type Action } from "../sys/spawn.ts";
import { isOrphaned } from "../sys/stat.ts";
import { duplicate } from "../sys/fd.ts";
import { foregroundGroup, isTerminal, setWindowSize } from "../sys/tty.ts";
import type { Shield, Start } from "./exec.ts";
import type { Ending } from "./exit.ts";
import { Keyboard } from "./keyboard.ts";
import type { MaskSet } from "./mask/borders.ts";
import { OuterTerminal } from "./outer-terminal.ts";
import { startFailure } from "./program.ts";
import { handlePtySignals } from "./pty-signals.ts";
import { Pump } from "./pump.ts";
import type { Outcome } from "./spawn.ts";

/** Which standard streams are terminals; stdout is one. */
export type Streams = { stdin: boolean; stderr: boolean };

/** In the background, or with others at the keyboard: how often to look whether it is our turn, in ms. */
const turn = 100;

type Parts = {
  outer: OuterTerminal;
  /** of the program's terminal */
  initial: Modes;
  master: number;
  pid: number;
  set: MaskSet;
  /** the pipe that is the program's stderr, where that is no terminal */
  stderr: number | undefined;
};

/** As `runMasked`; undefined: stdout is no terminal, or there are no ptys here, and nothing was started. */
export async function runPty(start: Start, set: MaskSet, streams: Streams, guard: Shield): Promise<Outcome | undefined> {
  if (!isTerminal(1)) return undefined;
  const outer = new OuterTerminal({ stdin: streams.stdin, display: 1 });
  let initial: Modes;
  let pty: { master: number; path: string };
  try {
    initial = outer.firstModes;
    pty = openPty(initial, outer.size);
  } catch {
    outer.close();
    return undefined;
  }
  resetSignalsForExec();
  const err = streams.stderr ? undefined : pipe2();
  let pid: number;
  try {
    guard.restore();
    pid = spawned(start, actions(streams, pty.path, err?.[1]));
  } catch (error) {
    outer.close();
    for (const fd of [pty.master, err?.[0]]) if (fd !== undefined) closeSync(fd);
    throw startFailure(start.program, error);
  } finally {
    setCoreLimitZero();
    if (err) closeSync(err[1]);
  }
  return await new PtyRun({ outer, initial, master: pty.master, pid, set, stderr: err?.[0] }).end();
}

class PtyRun {
  readonly #outer: OuterTerminal;
  readonly #pid: number;
  readonly #master: number;
  readonly #initial: Modes;
  readonly #keyboard: Keyboard;
  readonly #pumps: { name: "stdout" | "stderr"; pump: Pump }[];
  readonly #signals: ReturnType<typeof handlePtySignals>;
  readonly #ended: Promise<Ending>;
  #finish: (ending: Ending) => void = () => undefined;
  #over = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #restore = () => this.#outer.close();

  constructor(o: Parts) {
    const { outer, master, pid, set } = o;
    this.#outer = outer;
    this.#master = master;
    this.#pid = pid;
    this.#initial = o.initial;
    this.#ended = new Promise((done) => (this.#finish = done));
    this.#signals = handlePtySignals({
      forward: (signal) => this.#send(signal),
      key: (signal) => this.#key(signal),
      hangUp: () => this.#hangUp(),
      suspend: () => this.#suspend(),
      resume: () => this.#resume(),
      resize: () => this.#resize(),
      child: () => this.#reap(),
    });
    process.on("exit", this.#restore);
    this.#keyboard = new Keyboard(outer.fd, duplicate(master), {
      stops: () => foregroundGroup(master) === pid,
      suspend: () => this.#suspend(),
      interrupt: (signal) => this.#toForeground(signal),
    });
    // hung up: the program's terminal goes with ours
    const screen = new Pump(master, 1, set, { pty: true, ended: () => this.#keyboard.close() });
    this.#pumps = [{ name: "stdout", pump: screen }];
    if (o.stderr !== undefined) this.#pumps.push({ name: "stderr", pump: new Pump(o.stderr, 2, set) });
    this.#take();
    this.#reap();
  }

  async end(): Promise<Outcome> {
    // also what a lost signal would have told
    const watch = setInterval(() => this.#reap(), 1000);
    const ending = await this.#ended;
    clearInterval(watch);
    clearTimeout(this.#timer);
    this.#over = true;
    this.#keyboard.pause();
    await Promise.all(this.#pumps.map(({ pump }) => pump.finish()));
    this.#keyboard.close();
    this.#outer.close();
    process.off("exit", this.#restore);
    this.#signals.off();
    return { ending, streams: this.#pumps.map(({ name, pump }) => ({ name, counts: pump.counts, problem: pump.problem })) };
  }

  #reap(): void {
    if (this.#over) return;
    for (let change = childChange(this.#pid); change !== undefined; change = childChange(this.#pid)) {
      if (change.kind === "exited" || change.kind === "killed") {
        this.#over = true;
        this.#finish(change.kind === "exited" ? { code: change.code, signal: null } : endingBy(change.signal));
        return;
      }
      // it stopped itself, or somebody else stopped it; if nobody could continue us we leave it at that
      if (change.kind === "stopped" && !isOrphaned()) this.#suspend();
    }
  }

  #take(): void {
    clearTimeout(this.#timer);
    if (this.#over || this.#outer.fd < 0) return;
    if (this.#outer.take(() => !sameModes(readModes(this.#master), this.#initial))) {
      this.#keyboard.listen();
      return;
    }
    this.#keyboard.pause();
    this.#timer = setTimeout(() => this.#take(), turn);
    this.#timer.unref();
  }

  #suspend(): void {
    if (this.#over) return;
    const { shown, suspend } = this.#innerKeys();
    tryKill(-this.#pid, "SIGSTOP");
    this.#keyboard.pause();
    if (this.#outer.taken && shown) writeSync(1, `^${String.fromCharCode(suspend ^ 64)}\r\n`);
    this.#outer.leave();
    this.#signals.stopsUs(() => process.kill(0, "SIGTSTP"));
    // continued, or not stopped at all: nobody could have continued our group
    this.#resize();
    this.#take();
    tryKill(-this.#pid, "SIGCONT");
  }

  #resume(): void {
    this.#resize();
    this.#take();
  }

  #resize(): void {
    try {
      setWindowSize(this.#master, this.#outer.size);
    } catch {
      // hung up
    }
  }

  #key(signal: "SIGINT" | "SIGQUIT"): void {
    if (!this.#outer.sendsSignals) return this.#send(signal);
    const keys = this.#outer.keys;
    this.#keyboard.send(Uint8Array.of(signal === "SIGINT" ? keys.interrupt : keys.quit));
  }

  #hangUp(): void {
    try {
      void this.#outer.size;
      this.#send("SIGHUP");
    } catch {
      // the terminal is gone: so is the program's, and its kernel tells all who are in there
      this.#keyboard.close();
      for (const { pump } of this.#pumps) pump.stop();
    }
  }

  #innerKeys(): ReturnType<typeof keysOf> {
    return keysOf(readModes(this.#master));
  }

  #toForeground(signal: NodeJS.Signals): void {
    const group = foregroundGroup(this.#master);
    if (group !== undefined && group > 0) tryKill(-group, signal);
  }

  #send(signal: NodeJS.Signals): void {
    if (!this.#over) tryKill(this.#pid, signal);
  }
}

function actions(streams: Streams, path: string, stderr: number | undefined): Action[] {
  return [
    // the first terminal that the leader of a session opens becomes its controlling one
    { fd: 1, open: path },
    { fd: 0, from: streams.stdin ? 1 : 0 },
    { fd: 2, from: stderr ?? 1 },
  ];
}

function spawned(start: Start, list: readonly Action[]): number {
  const common = { env: start.environment, actions: list, session: true };
  try {
    return spawnProgram({ program: start.program, argv: start.command, ...common });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOEXEC") throw error;
    return spawnProgram({ program: "/bin/sh", argv: ["sh", start.program, ...start.command.slice(1)], ...common });
  } finally {
    for (const fd of start.inherited ?? []) closeSync(fd);
  }
}

/** Signals without a name (real-time ones) as shells tell them. */
function endingBy(signal: number): Ending {
  const found = Object.entries(constants.signals).find(([, number]) => number === signal);
  return found ? { code: null, signal: found[0] as NodeJS.Signals } : { code: 128 + signal, signal: null };
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone already
  }
}
