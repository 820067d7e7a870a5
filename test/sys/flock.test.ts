import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { tryLock, unlock } from "../../src/sys/flock.ts";
import { start } from "./child.ts";

const holder = (path: string): string => `
  const { tryLock } = await sys("flock.ts");
  say(String(tryLock(fs.openSync(${JSON.stringify(path)}, "r+"))));
  wait();`;

t.test("a lock keeps other processes out until it is released", async (t) => {
  const path = join(t.testdir({ lock: "" }), "lock");
  const fd = openSync(path, "r+");
  t.ok(tryLock(fd));
  t.ok(tryLock(fd), "the holder may ask again");
  const other = await start(holder(path));
  t.equal(other.line, "false");
  await other.stop();
  unlock(fd);
  const next = await start(holder(path));
  t.equal(next.line, "true");
  t.notOk(tryLock(fd));
  await next.stop();
  t.ok(tryLock(fd), "the end of a process frees its lock");
  closeSync(fd);
});

t.test("kill -9 frees the lock, a stopped holder keeps it", async (t) => {
  const path = join(t.testdir({ lock: "" }), "lock");
  const other = await start(holder(path));
  t.equal(other.line, "true");
  const fd = openSync(path, "r+");
  other.child.kill("SIGSTOP");
  t.notOk(tryLock(fd));
  const ended = new Promise((resolve) => other.child.once("exit", resolve));
  other.child.kill("SIGKILL");
  await ended;
  t.ok(tryLock(fd));
  closeSync(fd);
});

t.test("two descriptors of one process exclude each other", async (t) => {
  const path = join(t.testdir({ lock: "" }), "lock");
  const [a, b] = [openSync(path, "r+"), openSync(path, "r+")];
  t.ok(tryLock(a));
  t.notOk(tryLock(b));
  closeSync(a);
  t.ok(tryLock(b), "closing frees it");
  closeSync(b);
});

t.test("a descriptor that is none is an error, not a no", async (t) => {
  t.throws(() => tryLock(9999), { code: "EBADF", syscall: "flock" });
});
