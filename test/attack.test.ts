import { spawnSync } from "node:child_process";
import { join } from "node:path";
import t from "tap";

const script = join(import.meta.dirname, "../scripts/attack.ts");

t.test("every guarantee of the threat model names tests that there are", async (t) => {
  const { status, stdout } = spawnSync(process.execPath, ["--no-warnings", script, "--check"], { encoding: "utf8" });
  t.equal(status, 0, stdout);
  const [, held, all] = /(\d+) of (\d+) guarantees name their tests/.exec(stdout) ?? [];
  t.ok(Number(all) > 30 && held === all, stdout);
});
