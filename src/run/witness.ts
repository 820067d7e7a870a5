/**
 * Tells a signal that was sent to us alone from one that was sent to our whole process group (or container, or terminal), which the
 * program gets without us. The kernel does not say it to who receives a signal, so a process of our own stands in the group: what
 * ends it was sent to all. It is `cat` on a pipe of ours, so that it goes when we go, however we end; it has no environment.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const programs = ["/bin/cat", "/usr/bin/cat", "/run/current-system/sw/bin/cat"];
/** ms; who signals all processes of a service does so one after the other, and `timeout` its child first, then the group */
const patience = 40;

export class Witness {
  readonly #signals: ReadonlySet<string>;
  #child: ChildProcess | undefined;
  #died = -Infinity;
  #ended = false;

  /** `signals`: those that `wasForAll` will be asked about. */
  constructor(signals: readonly NodeJS.Signals[]) {
    this.#signals = new Set(signals);
    this.#begin();
  }

  /** False also where there is no witness: then a signal is sent on, perhaps a second time. */
  async wasForAll(): Promise<boolean> {
    const now = performance.now();
    for (;;) {
      if (this.#died > now - patience) return true;
      if (performance.now() > now + patience) return this.#isHit();
      await new Promise((wake) => setTimeout(wake, 5));
    }
  }

  /** On a busy machine neither it nor we may have come to run since: what it has yet to take counts, too (proc_pid_status(5)). */
  #isHit(): boolean {
    const pid = this.#child?.pid;
    if (pid === undefined) return false;
    try {
      const status = readFileSync(`/proc/${pid}/status`, "latin1");
      return /^State:\s+[ZX]/m.test(status) || /^(?:SigPnd|ShdPnd):\s+0*[1-9a-f]/m.test(status);
    } catch {
      return true; // gone
    }
  }

  #begin(): void {
    const program = programs.find((one) => existsSync(one));
    if (program === undefined || this.#ended) return;
    const child = spawn(program, [], { argv0: "zvault-witness", env: {}, cwd: "/", stdio: ["pipe", "ignore", "ignore"] });
    child.on("error", () => {});
    child.stdin?.on("error", () => {});
    child.on("exit", (_code, signal) => {
      if (this.#child !== child || signal === null || !this.#signals.has(signal)) return;
      this.#died = performance.now();
      this.#begin();
    });
    this.#child = child;
  }

  end(): void {
    this.#ended = true;
    const child = this.#child;
    this.#child = undefined;
    child?.stdin?.destroy();
    child?.kill("SIGKILL");
  }
}
