/** An agent of the executable that was built, asked by zvault from source: two builds, as after an update. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { start } from "../helpers/start.ts";
import { makePlace, normal } from "../helpers/transcript.ts";

const built = existsSync(join(import.meta.dirname, "../../dist/zvault"));

t.test(
  "after an update the old agent is told from the new zvault, and sealing ends it",
  { skip: built ? false : "not run: no dist/zvault" },
  async (t) => {
    const [old, next] = [makePlace("dist"), makePlace("source")];
    t.teardown(() => (old.remove(), next.remove()));
    const cwd = join(old.folder, "shop");
    const run = async (by: typeof old, command: string) => {
      // the same HOME and the same socket
      const env = { ...by.env, HOME: old.env["HOME"] ?? "", XDG_RUNTIME_DIR: old.env["XDG_RUNTIME_DIR"] ?? "" };
      const { status, stdout, stderr } = await start(["sh", "-c", command], { cwd, env });
      return { status, text: normal(stdout.toString() + stderr.toString(), old.folder) };
    };
    t.equal((await run(old, "zvault init --key-file ../key --yes && printf %s value | zvault set A -")).status, 0);
    const told =
      "the agent is of build 0.1.0+BUILD, this zvault is of build 0.1.0+BUILD\nzvault: hint: run `zvault seal`; the next command starts an agent of this build";
    for (const [command, status] of [
      ["zvault ls", 71],
      ["zvault status", 71],
      ["zvault access test --key-file ../key", 71],
      ["zvault unseal --key-file ../key", 71],
      ["zvault run -- true", 125],
      ["zvault run --key-file ../key -- true", 125],
    ] as const) {
      const found = await run(next, command);
      t.equal(found.status, status, command);
      t.match(found.text, told, command);
    }
    t.match(await run(next, "zvault seal"), { status: 0, text: /sealed, 1 vault/ });
    t.match(await run(next, "zvault run --key-file ../key --no-mask -- printenv A"), { status: 0, text: "value\n" });
    t.equal((await run(old, "zvault unseal --key-file ../key -q && zvault run --no-mask -- printenv A; zvault seal -q")).status, 0);
  },
);

t.test("a vault of a newer format is said to be that, with exit code 6", async (t) => {
  const place = makePlace();
  t.teardown(() => place.remove());
  const cwd = join(place.folder, "shop");
  const run = (command: string) => start(["sh", "-c", command], { cwd, env: place.env });
  t.equal((await run("zvault init --key-file ../key --yes; zvault seal")).status, 0);
  const keys = readFileSync(join(cwd, ".zvault/keys"));
  keys.writeUInt32BE(2, 8);
  writeFileSync(join(cwd, ".zvault/keys"), keys);
  for (const command of ["zvault unseal --key-file ../key", "zvault status", "zvault operator verify --key-file ../key"]) {
    const { status, stderr } = await run(command);
    t.equal(status, 6, command);
    t.match(
      stderr.toString(),
      "the keys file is of format 2, this build knows format 1\nzvault: hint: use the zvault that wrote it",
      command,
    );
  }
  await run("zvault seal");
});
