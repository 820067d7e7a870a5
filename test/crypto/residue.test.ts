/**
 * After hundreds of operations with a key the process's whole readable memory is searched for 8- and 16-byte pieces of it. Secrets lie in
 * `memfd_secret` pages that no one can read, so whatever is found is a copy. Regression: each case that is clean here once was not.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";
import { memoryFacts } from "../../src/sys/memory.ts";

const child = fileURLToPath(new URL("residue-child.ts", import.meta.url));

async function copies(work: string, when: "now" | "sealed" | "collected"): Promise<number> {
  const key = randomBytes(32);
  const args = ["-u", "NODE_OPTIONS", process.execPath, "--no-warnings", "--expose-gc", child, work, when];
  const one = spawn("/usr/bin/env", args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => one.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    one.stdout.once("data", () => resolve());
    one.once("exit", () => reject(new Error(`${work}: ended early`)));
    one.stdin.write(key);
  });
  try {
    return count(one.pid ?? 0, [key.subarray(0, 16), key.subarray(8, 24), key.subarray(16)]);
  } finally {
    one.stdin.end();
    await ended;
  }
}

function count(pid: number, pieces: Uint8Array[]): number {
  const fd = openSync(`/proc/${pid}/mem`, "r");
  let found = 0;
  for (const line of readFileSync(`/proc/${pid}/maps`, "latin1").split("\n")) {
    const [, from = "0", to = "0"] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    const start = Number(`0x${from}`);
    const memory = Buffer.alloc(Math.min(Number(`0x${to}`) - start, 256 * 2 ** 20));
    const read = tryRead(fd, memory, start);
    for (const piece of pieces) for (let at = -1; (at = memory.subarray(0, read).indexOf(piece, at + 1)) !== -1;) found += 1;
  }
  closeSync(fd);
  return found;
}

/** Secret pages and guards cannot be read: that is the point. */
function tryRead(fd: number, memory: Buffer, position: number): number {
  try {
    return memory.length === 0 ? 0 : readSync(fd, memory, 0, memory.length, position);
  } catch {
    return 0;
  }
}

const mayLook = ((): boolean => {
  try {
    return process.getuid?.() === 0 || readFileSync("/proc/sys/kernel/yama/ptrace_scope", "latin1").trim() < "2";
  } catch {
    return true;
  }
})();
const skip =
  !mayLook || memoryFacts().kind !== "memfd_secret" ? "memory of a child cannot be searched, or there is no memfd_secret" : false;

t.test("the search finds a copy when there is one", { skip }, async (t) => {
  t.ok((await copies("a copy", "now")) > 0);
});

t.test("no copy of a key is left by", { skip }, async (t) => {
  const clean = [
    "nothing", "clone", "hmac", "hkdf", "seal with it", "seal it", "seal it, unaligned", "seal it to a public key", "argon2id", "shamir",
  ]; // prettier-ignore
  for (const work of clean) t.equal(await copies(work, "now"), 0, work);
});

t.test("private keys leave copies in OpenSSL's key objects only until the garbage collector comes", { skip }, async (t) => {
  for (const work of ["x25519 private key", "ed25519 seed"]) t.equal(await copies(work, "collected"), 0, work);
});
