import { closeSync, readFileSync, readSync, writeSync } from "node:fs";
import t from "tap";
import { fileSystem } from "../../src/sys/fs.ts";
import { pipe2 } from "../../src/sys/pipe.ts";

t.test("file systems are named, and local ones are not network", async (t) => {
  t.same(fileSystem("/proc"), { type: "proc", network: false });
  t.same(fileSystem("/sys"), { type: "sysfs", network: false });
  t.equal(fileSystem(t.testdir()).network, false);
  t.throws(() => fileSystem("/no/such/place"), { code: "ENOENT" });
});

t.test("every mount that the kernel lists under a known name gets that name", async (t) => {
  const known = new Set(["ext4", "tmpfs", "proc", "sysfs", "overlay", "xfs", "btrfs", "squashfs"]);
  for (const line of readFileSync("/proc/self/mounts", "latin1").split("\n")) {
    const [, point = "", type = ""] = line.split(" ");
    if (!known.has(type) || point.includes("\\")) continue;
    try {
      t.equal(fileSystem(point).type, type, point);
    } catch (failure) {
      if (!["EACCES", "ENOENT"].includes((failure as NodeJS.ErrnoException).code ?? "")) throw failure;
    }
  }
});

t.test("bytes go through a pipe, and both ends close on exec", async (t) => {
  const [read, write] = pipe2();
  writeSync(write, "hello");
  const into = new Uint8Array(10);
  t.equal(readSync(read, into), 5);
  for (const fd of [read, write]) {
    const flags = Number.parseInt(/flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1] ?? "", 8);
    t.equal(flags & 0o2000000, 0o2000000, "O_CLOEXEC");
    t.equal(flags & 0o4000, 0, "blocking");
  }
  closeSync(write);
  t.equal(readSync(read, into), 0, "the end");
  closeSync(read);
});
