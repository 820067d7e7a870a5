/** What a process says about itself and may still change: core dumps, who may look into it, signals, its locked memory. */
import { readdirSync, readFileSync } from "node:fs";
import { check, libc } from "./libc.ts";
import { readLimit, writeLimit } from "./limit.ts";

const core = 4;
const prGetDumpable = 3;
const prSetDumpable = 4;
const fGetFd = 1;
const fGetFl = 3;
const fSetFl = 4;
const nonBlocking = 0o4000;
const sigPipe = 13;
const sigXfsz = 25;
const setMask = 2;

/**
 * No core files from now on. Only the soft limit, so that `restore` works without privileges (before an exec). A core_pattern that
 * pipes ignores the limit: `setUndumpable` covers that.
 */
export function setCoreLimitZero(): { restore(): void } {
  const before = readLimit(core);
  writeLimit(core, { soft: 0, hard: before.hard });
  return { restore: () => writeLimit(core, before) };
}

/** No core files, for good: without privileges nobody gives the limit back, no other program of the same user either (prlimit). */
export function forbidCores(): void {
  writeLimit(core, { soft: 0, hard: 0 });
}

/**
 * Closes what a program before us left open in us. Node marks what it finds as close-on-exec, up to the first gap above 16; its own
 * descriptors are marked too. So what is not marked is a stranger's.
 */
export function closeStrangers(): void {
  const { call } = libc();
  for (const name of readdirSync("/proc/self/fd")) {
    const fd = Number(name);
    if (fd > 2 && call.fcntl(fd, fGetFd, 0n) === 0) call.close(fd);
  }
}

/** Soft limit of core files in bytes, or Infinity. */
export function coreLimit(): number {
  return readLimit(core).soft;
}

/**
 * Other processes of the same user lose mem, environ, maps, fd, ptrace and process_vm_readv. What was opened before stays open, so
 * this comes before the first key. An exec turns it back.
 */
export function setUndumpable(): void {
  check("prctl", libc().call.prctl(prSetDumpable, 0n, 0n, 0n, 0n));
}

export function isDumpable(): boolean {
  return check("prctl", libc().call.prctl(prGetDumpable, 0n, 0n, 0n, 0n)) !== 0;
}

/** Pid of the process that traces `pid`, 0 for none. Throws ENOENT when there is no such process. */
export function tracerPid(pid?: number): number {
  return statusField(pid === undefined ? "self" : String(pid), "TracerPid");
}

/** Bytes of locked memory of this process; 0 where the system does not say. */
export function vmLck(): number {
  try {
    return statusField("self", "VmLck") * 1024;
  } catch {
    return 0;
  }
}

function statusField(pid: string, name: string): number {
  const text = readFileSync(`/proc/${pid}/status`, "latin1");
  const found = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text);
  if (!found) throw new Error(`/proc/${pid}/status has no ${name}`);
  return Number(found[1]);
}

/** Node ignores SIGPIPE and SIGXFSZ, and --disable-sigusr1 blocks SIGUSR1; an exec would hand all that on. */
export function resetSignalsForExec(): void {
  const { call } = libc();
  call.signal(sigPipe, 0n);
  call.signal(sigXfsz, 0n);
  check("sigprocmask", call.sigprocmask(setMask, new Uint8Array(new ArrayBuffer(128)), 0n));
}

/** Takes O_NONBLOCK off a descriptor; Node leaves it on standard streams it touched. */
export function clearNonBlocking(fd: number): void {
  const { call } = libc();
  const flags = check("fcntl", call.fcntl(fd, fGetFl, 0n));
  if ((flags & nonBlocking) !== 0) check("fcntl", call.fcntl(fd, fSetFl, BigInt(flags & ~nonBlocking)));
}
