/**
 * Signals of a run over a pty. The program is in a session of its own: nothing that is sent to our group or by our terminal reaches it
 * without us, so every signal arrives once. What was ignored when we started stays ignored, for us and for the program (nohup).
 */
import { readFileSync } from "node:fs";
import { constants } from "node:os";

export type SignalEvents = {
  /** to be sent to the program */
  forward(signal: NodeJS.Signals): void;
  /** INT and QUIT, which a terminal may have sent to the whole pipeline */
  key(signal: "SIGINT" | "SIGQUIT"): void;
  hangUp(): void;
  suspend(): void;
  resume(): void;
  resize(): void;
  child(): void;
};

/** Node itself ignores these, for us only. */
const ours: ReadonlySet<number> = new Set([constants.signals.SIGPIPE, constants.signals.SIGXFSZ]);

/** Numbers of the signals that we were started with as ignored. To be asked before handlers are set. */
export function ignoredSignals(): Set<number> {
  const found = /^SigIgn:\s+([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "latin1"));
  const mask = BigInt(`0x${found?.[1] ?? "0"}`);
  return new Set(Array.from({ length: 64 }, (_, i) => i + 1).filter((n) => (mask >> BigInt(n - 1)) & 1n && !ours.has(n)));
}

export function handlePtySignals(
  ignored: ReadonlySet<number>,
  events: SignalEvents,
): { off(): void; stopsUs(work: () => void): void } {
  const handlers: [NodeJS.Signals, () => void][] = [
    ["SIGTERM", () => events.forward("SIGTERM")],
    ["SIGUSR1", () => events.forward("SIGUSR1")],
    ["SIGUSR2", () => events.forward("SIGUSR2")],
    ["SIGINT", () => events.key("SIGINT")],
    ["SIGQUIT", () => events.key("SIGQUIT")],
    ["SIGHUP", events.hangUp],
    ["SIGTSTP", events.suspend],
    ["SIGCONT", events.resume],
    ["SIGWINCH", events.resize],
    ["SIGCHLD", events.child],
    // caught, not ignored: a write to a closed pipe is an error to us, and SIGUSR1 may come through (see `resetSignalsForExec`)
    ["SIGPIPE", () => undefined],
    ["SIGXFSZ", () => undefined],
  ];
  const used = handlers.filter(([signal]) => !ignored.has(constants.signals[signal]));
  for (const [signal, handler] of used) process.on(signal, handler);
  return {
    off() {
      for (const [signal, handler] of used) process.off(signal, handler);
    },
    /** `work` stops our whole group: with the handler in place we would not stop. */
    stopsUs(work) {
      process.off("SIGTSTP", events.suspend);
      work();
      if (!ignored.has(constants.signals.SIGTSTP)) process.on("SIGTSTP", events.suspend);
    },
  };
}
