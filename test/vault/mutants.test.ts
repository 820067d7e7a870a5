import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import t from "tap";

const slow = process.env["ZVAULT_TEST_SLOW"] === "1";

const script = fileURLToPath(new URL("../../scripts/mutants.ts", import.meta.url));

t.test("every mutant still fits the sources", async (t) => {
  const { status, stdout } = spawnSync(process.execPath, ["--no-warnings", script, "--check"], { encoding: "utf8" });
  t.equal(status, 0, stdout);
});

t.test(
  "every mutant is killed by the test that names it",
  { skip: !slow && "slow: npm run test:slow", timeout: 3_000_000 },
  (t) => {
    const env = { ...process.env, ZVAULT_TEST_SLOW: "0", NODE_OPTIONS: "" };
    const { status, stdout } = spawnSync(process.execPath, ["--no-warnings", script], { env, encoding: "utf8", maxBuffer: 1e7 });
    for (const line of stdout.split("\n")) t.comment(line);
    t.equal(status, 0, stdout);
    t.end();
  },
);
