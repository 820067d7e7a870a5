/**
 * The C library through node:ffi: the one place where native calls are declared, so that a small addon could replace it.
 * Loaded on first use (1.6 ms). Linux only; x64 and arm64 pass the arguments of variadic functions like all others.
 */
import type * as Ffi from "node:ffi";

const signatures = {
  mmap: { return: "uint64", arguments: ["uint64", "uint64", "int32", "int32", "int32", "int64"] },
  memfd_create: { return: "int32", arguments: ["buffer", "uint32"] },
  munmap: { return: "int32", arguments: ["uint64", "uint64"] },
  mprotect: { return: "int32", arguments: ["uint64", "uint64", "int32"] },
  mlock: { return: "int32", arguments: ["uint64", "uint64"] },
  madvise: { return: "int32", arguments: ["uint64", "uint64", "int32"] },
  getpagesize: { return: "int32", arguments: [] },
  ftruncate: { return: "int32", arguments: ["int32", "int64"] },
  close: { return: "int32", arguments: ["int32"] },
  prctl: { return: "int32", arguments: ["int32", "uint64", "uint64", "uint64", "uint64"] },
  getrlimit: { return: "int32", arguments: ["int32", "buffer"] },
  setrlimit: { return: "int32", arguments: ["int32", "buffer"] },
  /** sysv semantics do not matter here: only SIG_DFL (0) is ever passed */
  signal: { return: "uint64", arguments: ["int32", "uint64"] },
  sigprocmask: { return: "int32", arguments: ["int32", "buffer", "uint64"] },
  fcntl: { return: "int32", arguments: ["int32", "int32", "int64"] },
  linkat: { return: "int32", arguments: ["int32", "buffer", "int32", "buffer", "int32"] },
  flock: { return: "int32", arguments: ["int32", "int32"] },
  pipe2: { return: "int32", arguments: ["buffer", "int32"] },
  socket: { return: "int32", arguments: ["int32", "int32", "int32"] },
  connect: { return: "int32", arguments: ["int32", "buffer", "uint32"] },
  getsockopt: { return: "int32", arguments: ["int32", "int32", "int32", "buffer", "buffer"] },
  tcgetattr: { return: "int32", arguments: ["int32", "buffer"] },
  tcsetattr: { return: "int32", arguments: ["int32", "int32", "buffer"] },
  cfmakeraw: { return: "void", arguments: ["buffer"] },
  tcgetpgrp: { return: "int32", arguments: ["int32"] },
  /** variadic: the third argument is a pointer in all requests of ours */
  ioctl: { return: "int32", arguments: ["int32", "uint64", "buffer"] },
  posix_openpt: { return: "int32", arguments: ["int32"] },
  grantpt: { return: "int32", arguments: ["int32"] },
  unlockpt: { return: "int32", arguments: ["int32"] },
  ptsname_r: { return: "int32", arguments: ["int32", "buffer", "uint64"] },
  posix_spawn_file_actions_init: { return: "int32", arguments: ["buffer"] },
  posix_spawn_file_actions_adddup2: { return: "int32", arguments: ["buffer", "int32", "int32"] },
  posix_spawn_file_actions_addopen: { return: "int32", arguments: ["buffer", "int32", "buffer", "int32", "uint32"] },
  posix_spawn_file_actions_destroy: { return: "int32", arguments: ["buffer"] },
  posix_spawnattr_init: { return: "int32", arguments: ["buffer"] },
  posix_spawnattr_setflags: { return: "int32", arguments: ["buffer", "int16"] },
  posix_spawnattr_setsigdefault: { return: "int32", arguments: ["buffer", "buffer"] },
  posix_spawnattr_setsigmask: { return: "int32", arguments: ["buffer", "buffer"] },
  posix_spawnattr_destroy: { return: "int32", arguments: ["buffer"] },
  posix_spawn: { return: "int32", arguments: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"] },
  waitpid: { return: "int32", arguments: ["int32", "buffer", "int32"] },
  syscall: { return: "int64", arguments: ["int64", "int64", "int64"] },
  __errno_location: { return: "uint64", arguments: [] },
} as const satisfies Ffi.FunctionDefinitions;

export type Libc = {
  readonly call: ReturnType<typeof Ffi.dlopen<typeof signatures>>["functions"];
  /** errno of this thread; read it right after the call that failed */
  errno(): number;
  /** Memory at `address` as an ArrayBuffer, not copied. It must be detached before the memory is unmapped. */
  view(address: bigint, length: number): ArrayBuffer;
  /** Where the bytes of `buffer` are. It must have an ArrayBuffer of its own (small typed arrays are moved by the collector) and be kept alive. */
  address(buffer: ArrayBuffer): bigint;
};

let loaded: Libc | undefined;

/** Throws ENOSYS where there is no node:ffi or no Linux. */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  if (process.platform !== "linux") throw systemError("dlopen", 38);
  const ffi = process.getBuiltinModule("node:ffi");
  if (!ffi) throw systemError("dlopen", 38);
  const call = onDemand(ffi);
  const place = call.__errno_location();
  return {
    call,
    errno: () => ffi.getInt32(place, 0),
    view: (address, length) => ffi.toArrayBuffer(address, length, false),
    address: (buffer) => ffi.getRawPointer(buffer),
  };
}

/**
 * To be called before native calls become hot. Node 26.10: V8's optimizing compiler aborts the process now and then when it makes a "fast
 * API call" of a hot call into node:ffi ("Check failed: FastApiCallNode::ArityForArgc"; 3 of 90 runs of a busy test). Without them calls
 * take the generic path. Not for processes that make a few calls and go: a changed flag makes V8 refuse its code caches from then on.
 */
export function avoidFastCalls(): void {
  process.getBuiltinModule("node:v8").setFlagsFromString("--no-turbo-fast-api-calls");
}

/** Each function is bound when it is first used: one binding costs a search for executable memory near the code, ~0.05 ms. */
function onDemand(ffi: typeof Ffi): Libc["call"] {
  const library = new ffi.DynamicLibrary(null);
  const call = {} as Libc["call"];
  for (const name of Object.keys(signatures) as (keyof typeof signatures)[]) {
    const get = (): unknown => {
      const value: unknown = library.getFunction(name, signatures[name]);
      Object.defineProperty(call, name, { value, enumerable: true });
      return value;
    };
    Object.defineProperty(call, name, { get, enumerable: true, configurable: true });
  }
  return call;
}

/** An Error as Node's own system calls throw it: `code` "EAGAIN", positive number in, negative `errno` on it. */
export function systemError(syscall: string, number: number): NodeJS.ErrnoException {
  // libuv, whose names these are, has none for what it never meets itself
  const code = unnamed[number] ?? process.getBuiltinModule("node:util").getSystemErrorName(-number);
  return Object.assign(new Error(`${syscall} failed: ${code}`), { code, errno: -number, syscall });
}

const unnamed: Record<number, string> = { 8: "ENOEXEC", 10: "ECHILD" };

/** Throws when `result` is −1, else returns it. */
export function check(syscall: string, result: number): number {
  if (result === -1) throw systemError(syscall, libc().errno());
  return result;
}
