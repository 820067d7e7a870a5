/**
 * Signals of a run over a pty. The program is in a session of its own: nothing that is sent to our group or by our terminal reaches it
 * without us, so every signal arrives once. Which signals we were started with as ignored (nohup) nobody can tell: Node sets them all to
 * their default when it starts.
 */

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

/** Handlers run in the event loop only, so what comes while the program is being started is handled after that. */
export function handlePtySignals(events: SignalEvents): { off(): void; stopsUs(work: () => void): void } {
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
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return {
    off() {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    },
    /** `work` stops our whole group: with the handler in place we would not stop. */
    stopsUs(work) {
      process.off("SIGTSTP", events.suspend);
      work();
      process.on("SIGTSTP", events.suspend);
    },
  };
}
