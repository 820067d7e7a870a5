import t from "tap";
import { tracerPid, vmLck } from "../../src/sys/process.ts";
import { cannotDrop, plainUser, run, start } from "./child.ts";

t.test("the core limit goes to zero and comes back", { skip: cannotDrop }, async (t) => {
  const out = run(`
    const p = await sys("process.ts");
    const { writeLimit, readLimit } = await sys("limit.ts");
    const { hard } = readLimit(4);
    writeLimit(4, { soft: Math.min(4096, hard), hard });
    const before = p.coreLimit();
    const { restore } = p.setCoreLimitZero();
    const limits = fs.readFileSync("/proc/self/limits", "utf8").match(/Max core file size\\s+(\\S+)/)[1];
    const during = p.coreLimit();
    restore();
    say(JSON.stringify([before, during, limits, p.coreLimit()]));`, plainUser); // prettier-ignore
  const [before, during, limits, after] = JSON.parse(out) as unknown[];
  t.same([during, limits, after], [0, "0", before]);
});

/** The process holds a marker in plain memory; whoever may read its memory finds it. */
const holder = (harden: boolean): string => `
  const p = await sys("process.ts");
  globalThis.marker = Buffer.alloc(64, "marker ");
  ${harden ? "p.setUndumpable();" : ""}
  say(process.pid + " " + p.isDumpable());
  wait();`;

const looks = ["mem", "environ", "maps", "auxv", "fd/0", "exe", "cwd"];
const look = (pid: string): string => `
  const seen = ${JSON.stringify(looks)}.filter((name) => {
    try {
      if (name === "exe" || name === "cwd") fs.readlinkSync("/proc/${pid}/" + name);
      else fs.closeSync(fs.openSync("/proc/${pid}/" + name));
      return true;
    } catch { return false; }
  });
  say(JSON.stringify(seen));`;

t.test("another process of the same unprivileged user sees nothing of an undumpable one", { skip: cannotDrop }, async (t) => {
  const open = await start(holder(false), plainUser);
  const shut = await start(holder(true), plainUser);
  t.equal(open.line.split(" ")[1], "true");
  t.equal(shut.line.split(" ")[1], "false");
  const [openPid = "", shutPid = ""] = [open.line.split(" ")[0], shut.line.split(" ")[0]];
  t.ok((JSON.parse(run(look(openPid), plainUser)) as string[]).includes("environ"), "the check itself can see");
  t.same(JSON.parse(run(look(shutPid), plainUser)), [], "nothing");
  await open.stop();
  await shut.stop();
});

t.test("nobody traces this process, and one that is not there is an error", async (t) => {
  t.equal(tracerPid(), 0);
  t.equal(tracerPid(process.pid), 0);
  t.throws(() => tracerPid(2 ** 22 + 1), { code: "ENOENT" });
});

t.test("an undumpable process still reads its own status", { skip: cannotDrop }, async (t) => {
  const out = run(`
    const p = await sys("process.ts");
    p.setUndumpable();
    say([p.tracerPid(), typeof p.vmLck(), p.isDumpable()].join(" "));`, plainUser); // prettier-ignore
  t.equal(out, "0 number false");
});

t.test("locked memory is told in bytes", async (t) => {
  t.ok(vmLck() >= 0 && vmLck() % 1024 === 0);
});

t.test("a program executed after the reset has default SIGPIPE and SIGXFSZ and an empty mask", async (t) => {
  const exec = (reset: boolean): string =>
    run(`
      const p = await sys("process.ts");
      ${reset ? "p.resetSignalsForExec();" : ""}
      process.execve("/bin/cat", ["cat", "/proc/self/status"], {});`);
  const field = (text: string, name: string): bigint => BigInt(`0x${new RegExp(`${name}:\\s+(\\S+)`).exec(text)?.[1]}`);
  const bits = (1n << 12n) | (1n << 24n);
  t.not(field(exec(false), "SigIgn") & bits, 0n, "without it they are ignored");
  t.equal(field(exec(true), "SigIgn") & bits, 0n);
  t.equal(field(exec(true), "SigBlk"), 0n);
});

t.test("a descriptor is made blocking, and stays so", async (t) => {
  const out = run(`
    const p = await sys("process.ts");
    const fd = fs.openSync("/dev/null", fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
    const flags = () => parseInt(fs.readFileSync("/proc/self/fdinfo/" + fd, "utf8").match(/flags:\\s+(\\d+)/)[1], 8) & 0o4000;
    const seen = [flags()];
    p.clearNonBlocking(fd);
    seen.push(flags());
    p.clearNonBlocking(fd);
    seen.push(flags());
    try { p.clearNonBlocking(9999); } catch (e) { seen.push(e.code); }
    say(JSON.stringify(seen));`); // prettier-ignore
  t.same(JSON.parse(out), [0o4000, 0, 0, "EBADF"]);
});
