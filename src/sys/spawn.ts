/**
 * Starting a program by posix_spawn(3), which knows what node:child_process does not: a session of its own whose controlling terminal is
 * the first terminal it opens. No copy of our memory is made (glibc: CLONE_VFORK), so it takes 1 ms
 * however large we are, and a failed exec is reported here.
 */
import { check, libc, systemError } from "./libc.ts";

/** Descriptors of the program, set in this order; all others are closed by their close-on-exec flag. */
export type Action = { fd: number; from: number } | { fd: number; open: string };

export type Spawn = {
  /** absolute */
  program: string;
  argv: readonly string[];
  env: ReadonlyMap<string, string>;
  actions: readonly Action[];
  /** makes it the leader of a new session; its signals are all at their default, and none is blocked */
  session: boolean;
};

// glibc's own are 80 and 336 bytes on x64, and no larger elsewhere
const actionsSize = 256;
const attributesSize = 1024;
const sigsetSize = 128;
const flag = { sigDefault: 0x04, sigMask: 0x08, session: 0x80 };
const readWrite = 2;

/** Pid of the program. Throws ENOENT, EACCES, ENOEXEC, E2BIG and what else execve(2) says; EMFILE, EAGAIN. */
export function spawnProgram(o: Spawn): number {
  const { call } = libc();
  const actions = room(actionsSize);
  const attributes = room(attributesSize);
  done("posix_spawn_file_actions_init", call.posix_spawn_file_actions_init(actions));
  done("posix_spawnattr_init", call.posix_spawnattr_init(attributes));
  const argv = new Texts(o.argv);
  const env = new Texts([...o.env].map(([name, value]) => `${name}=${value}`));
  const pid = new Int32Array(new ArrayBuffer(4));
  try {
    for (const one of o.actions) {
      if ("from" in one) done("adddup2", call.posix_spawn_file_actions_adddup2(actions, one.from, one.fd));
      else done("addopen", call.posix_spawn_file_actions_addopen(actions, one.fd, text(one.open), readWrite, 0));
    }
    // `sigset_t`: a bit for each signal
    done("setsigdefault", call.posix_spawnattr_setsigdefault(attributes, room(sigsetSize).fill(0xff)));
    done("setsigmask", call.posix_spawnattr_setsigmask(attributes, room(sigsetSize)));
    const flags = flag.sigDefault | flag.sigMask | (o.session ? flag.session : 0);
    done("setflags", call.posix_spawnattr_setflags(attributes, flags));
    done("spawn", call.posix_spawn(pid, text(o.program), actions, attributes, argv.table, env.table));
    return pid[0] ?? -1;
  } finally {
    argv.wipe();
    env.wipe();
    call.posix_spawn_file_actions_destroy(actions);
    call.posix_spawnattr_destroy(attributes);
  }
}

export type Change =
  | { kind: "exited"; code: number }
  | { kind: "killed"; signal: number }
  | { kind: "stopped" }
  | { kind: "continued" };

const waitFlags = { noHang: 1, untraced: 2, continued: 8 };

/** What happened to our child `pid` since the last call; undefined: nothing. An ended child is reaped by this. Throws ECHILD. */
export function childChange(pid: number): Change | undefined {
  const status = new Int32Array(new ArrayBuffer(4));
  const { noHang, untraced, continued } = waitFlags;
  if (check("waitpid", libc().call.waitpid(pid, status, noHang | untraced | continued)) === 0) return undefined;
  const word = status[0] ?? 0;
  if (word === 0xffff) return { kind: "continued" };
  if ((word & 0xff) === 0x7f) return { kind: "stopped" };
  const signal = word & 0x7f;
  return signal === 0 ? { kind: "exited", code: (word >> 8) & 0xff } : { kind: "killed", signal };
}

/** An array of C strings. What it held is wiped: environments hold values. */
class Texts {
  readonly table: BigUint64Array;
  readonly #bytes: Uint8Array;

  constructor(texts: readonly string[]) {
    this.#bytes = Buffer.from(texts.map((one) => `${one}\0`).join(""));
    if (this.#bytes.buffer.byteLength !== this.#bytes.length) {
      // from the pool of Buffers, which is shared
      const own = room(this.#bytes.length);
      own.set(this.#bytes);
      this.#bytes.fill(0);
      this.#bytes = own;
    }
    const start = libc().address(this.#bytes.buffer as ArrayBuffer);
    this.table = new BigUint64Array(new ArrayBuffer(8 * (texts.length + 1)));
    let at = 0;
    for (const index of texts.keys()) {
      this.table[index] = start + BigInt(at);
      at = this.#bytes.indexOf(0, at) + 1;
    }
  }

  wipe(): void {
    this.#bytes.fill(0);
  }
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`);
}

function room(size: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(size));
}

/** These functions return the error instead of setting errno. */
function done(what: string, result: number): void {
  if (result !== 0) throw systemError(what, result);
}
