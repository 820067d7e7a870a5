/**
 * Memory for keys: outside the V8 heap, between guard pages, kept from swap, core dumps and forked children as well as the
 * system lets us.
 *
 *     PROT_NONE page │ region, whole pages │ PROT_NONE page
 *
 * `memfd_secret` pages leave the kernel's direct map: not even root reads them through /proc/<pid>/mem. They and mlocked pages
 * count against RLIMIT_MEMLOCK, which may be 64 KiB or 0; so every region says what it became, and why not better.
 */
import { avoidFastCalls, check, libc, systemError } from "./libc.ts";
import { readLimit } from "./limit.ts";
import { vmLck } from "./process.ts";

export type MemoryKind = "memfd_secret" | "mlock" | "unlocked";

export type Region = {
  /** the whole usable length: `length` rounded up to pages, zeroes at first; length 0 after `free` */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly kind: MemoryKind;
  /** "" or why it is not of a better kind */
  readonly why: string;
  /** Zeroes and unmaps. Views of it are empty afterwards, never dangling. A second call does nothing. */
  free(): void;
};

const protNone = 0;
const protReadWrite = 3;
const shared = 1;
const privateAnonymous = 0x22;
const fixed = 0x10;
const dontFork = 10;
const dontDump = 16;
const wipeOnFork = 18;
const memfdSecret = 447n; // the same number on every architecture
const closeOnExec = 0o2000000n;
const memlock = 8;
const failed = 0xffff_ffff_ffff_ffffn;

export type Preference = "memfd_secret" | "mlock" | "plain";
let preferred: Preference = "memfd_secret";

/** What `mapRegion` tries first from now on: for tests of the fallbacks, whose pages root can read. */
export function preferMemory(kind: Preference): void {
  preferred = kind;
}

const live: Record<MemoryKind, number> = { memfd_secret: 0, mlock: 0, unlocked: 0 };
let lastWhy = "";

/** Never throws for lack of lockable memory; throws ENOMEM when there is no memory at all. `length` in bytes, ≥ 1. */
export function mapRegion(length: number, prefer: Preference = preferred): Region {
  if (!Number.isSafeInteger(length) || length < 1) throw new RangeError("a region has at least one byte");
  if (!native()) {
    // Memory that V8 allocates outside its heap is the best there is.
    return region(new ArrayBuffer(length), "unlocked", "no native calls on this system", () => {});
  }
  const span = reserve(length);
  const whys: string[] = [];
  try {
    let kind: MemoryKind = "unlocked";
    if (prefer === "memfd_secret" && tryStep(whys, "memfd_secret", () => placeSecret(span))) kind = "memfd_secret";
    else {
      placePlain(span);
      if (prefer !== "plain" && tryStep(whys, "mlock", () => lock(span))) kind = "mlock";
    }
    return region(libc().view(span.inner, span.size), kind, whys.join("; "), () => span.release());
  } catch (failure) {
    span.release();
    throw failure;
  }
}

let hasNative: boolean | undefined;

function native(): boolean {
  if (hasNative !== undefined) return hasNative;
  try {
    libc();
    // whoever maps memory for secrets does so thousands of times
    avoidFastCalls();
    hasNative = true;
  } catch {
    hasNative = false;
  }
  return hasNative;
}

function region(buffer: ArrayBuffer, kind: MemoryKind, why: string, unmap: () => void): Region {
  const bytes = new Uint8Array(buffer);
  live[kind] += 1;
  if (why !== "") lastWhy = why;
  let freed = false;
  return {
    bytes,
    kind,
    why,
    free() {
      if (freed) return;
      freed = true;
      live[kind] -= 1;
      bytes.fill(0);
      buffer.transfer(0); // detaches: every view of it now has length 0
      unmap();
    },
  };
}

type Span = { readonly inner: bigint; readonly size: number; release(): void };

/** Whole pages for `length` bytes between two guard pages, all of it still inaccessible. */
function reserve(length: number): Span {
  const { call, errno } = libc();
  const page = call.getpagesize();
  const size = Math.ceil(length / page) * page;
  const outer = call.mmap(0n, BigInt(size + 2 * page), protNone, privateAnonymous, -1, 0n);
  if (outer === failed) throw systemError("mmap", errno());
  return { inner: outer + BigInt(page), size, release: () => void call.munmap(outer, BigInt(size + 2 * page)) };
}

/** The fixed mapping replaces the reserved middle, so nothing else can slip in between the guards. */
function placeSecret({ inner, size }: Span): void {
  const { call, errno } = libc();
  const fd = Number(call.syscall(memfdSecret, closeOnExec, 0n));
  if (fd < 0) throw systemError("memfd_secret", errno());
  try {
    check("ftruncate", call.ftruncate(fd, BigInt(size)));
    if (call.mmap(inner, BigInt(size), protReadWrite, shared | fixed, fd, 0n) === failed) throw systemError("mmap", errno());
    check("madvise", call.madvise(inner, BigInt(size), dontFork));
    check("madvise", call.madvise(inner, BigInt(size), dontDump));
  } finally {
    call.close(fd);
  }
}

/** Fixed and anonymous once more: it also takes the place of what a failed `placeSecret` left there. */
function placePlain({ inner, size }: Span): void {
  const { call, errno } = libc();
  const at = call.mmap(inner, BigInt(size), protReadWrite, privateAnonymous | fixed, -1, 0n);
  if (at === failed) throw systemError("mmap", errno());
  call.madvise(inner, BigInt(size), dontDump);
  call.madvise(inner, BigInt(size), wipeOnFork);
}

function lock({ inner, size }: Span): void {
  check("mlock", libc().call.mlock(inner, BigInt(size)));
}

function tryStep(whys: string[], what: string, step: () => void): boolean {
  try {
    step();
    return true;
  } catch (failure) {
    const { code = "unknown", syscall } = failure as NodeJS.ErrnoException;
    // EAGAIN, ENOMEM and mlock's EPERM are how the limit speaks; ENOSYS is an old kernel or one told not to.
    const limited = code === "EAGAIN" || code === "ENOMEM" || (code === "EPERM" && syscall === "mlock");
    whys.push(`${what}: ${code}${limited ? `, at most ${memlockLimit()} bytes may be locked (RLIMIT_MEMLOCK)` : ""}`);
    return false;
  }
}

/**
 * The worst kind of region in use (with none in use: what a page would become now), bytes this process has locked, RLIMIT_MEMLOCK
 * in bytes (Infinity: no limit), and why the kind is not better.
 */
export function memoryFacts(): { kind: MemoryKind; locked: number; limit: number; why: string } {
  const kind = (["unlocked", "mlock", "memfd_secret"] as const).find((one) => live[one] > 0);
  const limits = { locked: vmLck(), limit: memlockLimit() };
  if (kind) return { kind, ...limits, why: kind === "memfd_secret" ? "" : lastWhy };
  const probe = mapRegion(1);
  probe.free();
  return { kind: probe.kind, ...limits, why: probe.why };
}

function memlockLimit(): number {
  try {
    return readLimit(memlock).soft;
  } catch {
    return 0;
  }
}
