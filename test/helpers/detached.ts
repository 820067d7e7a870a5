/**
 * Starts this script again as nobody's child and goes on only there: `import "../helpers/detached.ts";` as the first import of a test
 * that asks a real agent from its own process, or that gives programs its own ancestors. The agent looks at who asks it, and a test that
 * an AI tool started would be told so. The second process is orphaned, in a session of its own, without the variables of the tool;
 * standard streams and exit code are those of the first. A sandbox whose first process belongs to the tool cannot be left.
 */
import { spawnSync } from "node:child_process";
import { marksOf } from "../../src/signs/marks.ts";

const flag = "--detached";

if (!process.argv.includes(flag)) {
  const env = { ...process.env };
  for (const name of Object.keys(marksOf(env))) if (name !== "HOME") delete env[name];
  // tap watches what it starts through a loader; the tests need none
  delete env["NODE_OPTIONS"];
  const [script = "", ...rest] = process.argv.slice(1);
  const node = [process.execPath, "--no-warnings", script, flag, ...rest];
  // descriptor 3 stays open until the status was written, so this waits for an orphan
  const shell = ["/bin/sh", "-c", '"$@" 3>&-; echo $? >&3', "sh", ...node];
  const { output, error } = spawnSync("setsid", ["-f", ...shell], { env, stdio: ["inherit", "inherit", "inherit", "pipe"] });
  if (error) throw error;
  process.exit(Number(output[3]?.toString() || "70"));
}
