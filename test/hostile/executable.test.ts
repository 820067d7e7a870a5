/** What whoever starts our programs can tell node to do in them: options, its environment variable, the inspector. */
import "../helpers/detached.ts";
import * as fs from "node:fs";
import { join } from "node:path";
import t from "tap";
import { connect } from "../../src/client.ts";
import { agentCommand, makePlaces } from "../agent/real.ts";
import { start } from "../helpers/start.ts";
import { makePlace, newest } from "../helpers/transcript.ts";

t.test("an agent that could be inspected, or whose environment says how node runs, does not serve", async (t) => {
  const { base, places } = makePlaces();
  t.teardown(() => fs.rmSync(base, { recursive: true, force: true }));
  const { file, args } = agentCommand();
  const inspector = { code: "agent-start", message: /its inspector is open or can be opened by a signal/ };
  const rows: [string, string[]][] = [
    ["--inspect", args.flatMap((one) => (one === "--disable-sigusr1" ? [one, "--inspect=127.0.0.1:0"] : [one]))],
    ["without --disable-sigusr1", args.filter((one) => one !== "--disable-sigusr1")],
    ["NODE_OPTIONS", args.flatMap((one) => (one === "-i" ? [one, "NODE_OPTIONS=--inspect=127.0.0.1:0"] : [one]))],
  ];
  for (const [name, changed] of rows)
    await t.rejects(connect({ places, start: true, command: { file, args: changed } }), inspector, name);
});

t.test("the executable takes no options of node's, from its arguments or from the environment", async (t) => {
  if (newest() !== "dist") return t.comment("not run: the executable is older than the sources");
  const place = makePlace("dist");
  t.teardown(() => place.remove());
  const script = join(place.folder, "evil.cjs");
  fs.writeFileSync(script, `require("node:fs").writeFileSync(${JSON.stringify(join(place.folder, "ran"))}, "")`);
  const cwd = join(place.folder, "shop");
  for (const options of [`--require ${script}`, `--import ${script}`, "--inspect=127.0.0.1:0", "--inspect-brk=127.0.0.1:0"]) {
    const { status, stderr } = await start(["zvault", "--version"], { cwd, env: { ...place.env, NODE_OPTIONS: options } });
    t.equal(status, 0, options);
    t.notMatch(stderr.toString(), /Debugger|inspector/i, options);
    const given = await start(["zvault", ...options.split(" "), "ls"], { cwd, env: place.env });
    t.equal(given.status, 2, options);
  }
  t.notOk(fs.existsSync(join(place.folder, "ran")), "and nothing of theirs ran");
});
