/**
 * The agent's socket: one a user, 0700, in a folder that is theirs alone. Only their own processes are listened to. `agent.lock` beside it
 * says whether an agent lives: held as long as the process does, however it ends.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, unlinkSync } from "node:fs";
import net from "node:net";
import { ZvaultError } from "../errors.ts";
import { makeRuntimeFolder, socketPath } from "../runtime-folder.ts";
import { tryLock } from "../sys/flock.ts";
import { peerCredentials } from "../sys/peer.ts";
import { lookAt, Peer } from "./caller.ts";
import { Connection, type Serving } from "./connection.ts";
import { Runs } from "./runs.ts";

/** More than this, and the one that has been quiet for longest is cut. */
const most = 512;

/** undefined: another agent holds it. The descriptor stays open for as long as this process lives. Throws `no-runtime`. */
export function takeLock(runtime: string): number | undefined {
  makeRuntimeFolder(runtime);
  const path = `${runtime}/agent.lock`;
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  } catch (failure) {
    throw new ZvaultError("no-runtime", `${path} cannot be opened (${(failure as NodeJS.ErrnoException).code})`, removeIt(path));
  }
  const found = fstatSync(fd);
  const safe = found.isFile() && found.uid === process.geteuid?.();
  if (safe && tryLock(fd)) return fd;
  closeSync(fd);
  if (!safe) throw new ZvaultError("no-runtime", `${path} is not a file of yours`, removeIt(path));
  return undefined;
}

function removeIt(path: string): { hint: string } {
  return { hint: `\`ls -ld ${path}\` shows what it is; remove it and try again` };
}

export class Listener {
  readonly path: string;
  readonly #server: net.Server;
  readonly #connections = new Set<Connection>();
  readonly #runs = new Runs();
  readonly #serving: Serving;
  readonly #quiet: () => void;
  #inode = "";

  /** `quiet` is called whenever the last connection has closed. The lock must be held. */
  constructor(runtime: string, serving: Serving, quiet: () => void) {
    this.path = socketPath(runtime);
    this.#serving = serving;
    this.#quiet = quiet;
    this.#server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
    this.#server.on("error", (failure) => serving.log.failure("listener", failure)); // EMFILE and the like: the next one may do
  }

  /** Throws `no-runtime`, and `vault-busy` when an agent without our lock answers there. */
  async open(): Promise<void> {
    await removeStale(this.path);
    await new Promise<void>((resolve, reject) => {
      const failed = ({ code }: NodeJS.ErrnoException): void =>
        reject(new ZvaultError("no-runtime", `the socket ${this.path} cannot be made (${code})`));
      this.#server.once("error", failed);
      this.#server.listen({ path: this.path, backlog: 511 }, () => {
        this.#server.off("error", failed);
        resolve();
      });
    });
    this.#inode = inode(this.path);
  }

  get connections(): number {
    return this.#connections.size;
  }

  get busy(): boolean {
    return [...this.#connections].some((one) => one.busy);
  }

  /** False: somebody took our socket away, so nobody can reach this agent. */
  get reachable(): boolean {
    return inode(this.path) === this.#inode;
  }

  /** Nobody finds the socket any more; who had found it already is still heard. */
  hide(): void {
    if (this.reachable) unlinkSync(this.path);
  }

  /** Takes over the raw connection before a byte of it is read; see Connection. */
  #accept(socket: net.Socket): void {
    socket.on("error", () => {});
    const raw = socket as unknown as { _handle: { fd: number } | null };
    const handle = raw._handle;
    const peer = handle && credentials(handle.fd);
    if (!peer || peer.uid !== process.geteuid?.()) {
      this.#serving.log.write(`cut a connection of uid ${peer?.uid ?? "unknown"}`);
      socket.destroy();
      return;
    }
    raw._handle = null;
    this.#makeRoom();
    const connection = new Connection(handle, new Peer(lookAt(peer), this.#runs), this.#serving, () => {
      socket.destroy(); // has no handle any more; the server counts it out
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#quiet();
    });
    this.#connections.add(connection);
  }

  #makeRoom(): void {
    if (this.#connections.size < most) return;
    const oldest = [...this.#connections].find((one) => !one.busy) ?? [...this.#connections][0];
    if (!oldest) return;
    this.#connections.delete(oldest); // it closes only after this round of the event loop, in which more may come
    oldest.cut();
  }
}

function credentials(fd: number): { pid: number; uid: number } | undefined {
  try {
    return peerCredentials(fd);
  } catch {
    return undefined;
  }
}

function inode(path: string): string {
  const found = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return found ? `${found.dev}:${found.ino}` : "";
}

/** Under the lock a socket that is there is stale, unless the lock file itself was taken away from a living agent: so it is asked. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket() || found.uid !== process.geteuid?.()) {
    throw new ZvaultError("no-runtime", `${path} is not a socket of yours`, removeIt(path));
  }
  const alive = await new Promise<boolean>((resolve) => {
    const probe = net.connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on("error", () => resolve(false));
  });
  if (alive)
    throw new ZvaultError("vault-busy", `another agent answers on ${path} but does not hold the lock beside it`, {
      hint: "run `zvault seal`",
    });
  unlinkSync(path);
}
