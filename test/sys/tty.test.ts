import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { noEcho } from "../../src/sys/tty.ts";

const tty = JSON.stringify(new URL("../../src/sys/tty.ts", import.meta.url).href);
const node = (file: string): string[] => ["/usr/bin/env", "-u", "NODE_OPTIONS", process.execPath, "--no-warnings", file];
const tools = ["/usr/bin/script", "/usr/bin/setsid", "/usr/bin/stty", "/bin/stty"].filter((one) => existsSync(one));
const missing = tools.length < 3 ? "script, setsid or stty is not installed" : false;

t.test("echo goes off and comes back, and the rest of the terminal stays as it was", { skip: missing }, async (t) => {
  const file = join(
    t.testdir({
      "try.mjs": `
        import { openTty, noEcho } from ${tty};
        import { execFileSync } from "node:child_process";
        const stty = () => execFileSync("stty", ["-g"], { stdio: [tty.fd, "pipe", "inherit"] }).toString().trim();
        const tty = openTty();
        const before = stty();
        const off = noEcho(tty.fd);
        const during = stty();
        off.restore();
        off.restore();
        const after = stty();
        tty.close();
        const flags = (text) => parseInt(text.split(":")[3], 16);
        console.log("RESULT " + JSON.stringify([before === after, flags(before) & 8, flags(during) & 8, flags(during) | 8 | 64]));
        console.log("BEFORE " + (flags(before) | 8 | 64));`,
    }),
    "try.mjs",
  );
  const { stdout } = spawnSync("/usr/bin/script", ["-qec", node(file).join(" "), "/dev/null"], { encoding: "utf8", input: "" });
  const [same, before, during, rest] = JSON.parse(/RESULT (.*\])/.exec(stdout)?.[1] ?? "[]") as unknown[];
  t.same([same, before, during], [true, 8, 0]);
  t.equal(String(rest), /BEFORE (\d+)/.exec(stdout)?.[1], "only the echo bits differ");
});

t.test("without a terminal opening it is ENXIO", { skip: missing }, async (t) => {
  const file = join(
    t.testdir({
      "try.mjs": `
        import { openTty } from ${tty};
        try { openTty(); } catch (failure) { console.log(failure.code); }`,
    }),
    "try.mjs",
  );
  t.equal(spawnSync("/usr/bin/setsid", ["--wait", ...node(file)], { encoding: "utf8" }).stdout, "ENXIO\n");
});

t.test("what is no terminal has no echo to turn off", async (t) => {
  t.throws(() => noEcho(9999), { code: "EBADF" });
});
