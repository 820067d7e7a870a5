/** A connection to the agent, whatever carries it: `Link` waits in the event loop, `DirectLink` in the system call. */
import { ZvaultError } from "./errors.ts";
import type { AnswerHeader, RequestHeader } from "./frame.ts";
import type { Frame } from "./frame-reader.ts";
import { peerCredentials } from "./sys/peer.ts";

export type Connection = {
  /** the agent's process */
  readonly pid: number;
  /**
   * Sends one request and waits for its answer, as long as it takes. Rejects with `Lost` when the agent goes away before it answers.
   */
  ask(header: RequestHeader, parts: readonly Uint8Array[], meanwhile?: Meanwhile): Promise<Frame<AnswerHeader>>;
  close(): void;
};

/**
 * What a client does besides waiting. `sent`: the request is on its way. `begun`: the answer begins, so the agent has looked at this
 * process, and nothing of what it answers was read yet: from here on the process may close itself to others. Each at most once.
 */
export type Meanwhile = { sent?(): void; begun(): void };

/** undefined: nobody listens. */
export type Dial = (runtime: string) => Promise<Connection | undefined>;

/** Who listens. Throws `unsafe-file` for another user, before anything was sent. */
export function checkPeer(fd: number): number {
  const { pid, uid } = peerCredentials(fd);
  if (uid !== process.geteuid?.()) {
    throw new ZvaultError("unsafe-file", `another user (uid ${uid}) listens on the agent's socket`);
  }
  return pid;
}

/** The connection ended without an answer. */
export class Lost extends Error {
  override readonly name = "Lost";
}
