/** Who was told: us alone, or all of our process group (test/run/lanes.test.ts shows the same with programs). */
import { readdirSync, readFileSync } from "node:fs";
import t from "tap";
import { Witness } from "../../src/run/witness.ts";
import { until } from "./start.ts";

const stateOf = (pid: number): string => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? "";

/** Pid of the one that this process has begun. */
function pidOf(): number {
  for (const one of readdirSync("/proc")) {
    try {
      const parent = Number(readFileSync(`/proc/${one}/stat`, "latin1").split(") ").at(-1)?.split(" ")[1]);
      if (parent === process.pid && readFileSync(`/proc/${one}/cmdline`, "latin1").startsWith("zvault-witness")) return Number(one);
    } catch {
      // gone meanwhile, or no process
    }
  }
  return 0;
}

t.test("a signal that the witness got was for all, also while it has not come to run since", async (t) => {
  const witness = new Witness(["SIGTERM"]);
  t.teardown(() => witness.end());
  await until(() => pidOf() > 0);
  t.equal(await witness.wasForAll(), false, "nobody was told anything");
  const pid = pidOf();
  process.kill(pid, "SIGSTOP");
  await until(() => stateOf(pid) === "T");
  process.kill(pid, "SIGTERM");
  t.equal(await witness.wasForAll(), true, "it is stopped, and the signal waits for it");
  process.kill(pid, "SIGCONT");
  await until(() => pidOf() > 0 && pidOf() !== pid);
});
