/** What import looks through to find who reads an env file comes with the project: links, texts that nest, lines without end. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { findReaders } from "../../src/readers/find.ts";
import { start } from "../helpers/start.ts";
import { makePlace } from "../helpers/transcript.ts";

const imported = new Map([["", [".env"]]]);

t.test("--fix changes nothing outside of the project, whatever links lead there", async (t) => {
  const place = makePlace("source");
  const [shop, outside] = [join(place.folder, "shop"), join(place.folder, "outside")];
  const zvault = (line: string) => start(["sh", "-c", line], { cwd: shop, env: place.env });
  t.teardown(async () => {
    await zvault("zvault seal");
    place.remove();
  });
  mkdirSync(outside);
  const launch = '{"configurations":[{"type":"node","request":"launch","envFile":"${workspaceFolder}/.env"}]}\n';
  writeFileSync(join(outside, "launch.json"), launch);
  symlinkSync("../outside", join(shop, ".vscode"));
  const scripts = { scripts: Object.fromEntries(["a", "b", "c"].map((name) => [name, `node --env-file=.env ${name}.js`])) };
  writeFileSync(join(shop, "package.json"), JSON.stringify(scripts));
  writeFileSync(join(shop, "Makefile"), "run:\n\tsource .env \x1b[2J\u202e\n");
  writeFileSync(join(shop, ".env"), "API_TOKEN=xyzzy1234plughABCD\n");
  const { status, stderr } = await zvault("zvault init --key-file ../key --yes && zvault import --yes --fix");
  t.equal(status, 0, stderr.toString());
  t.match(stderr.toString(), "source .env \\x1b[2J\\u{202e}", "what is shown before the question does not steer the terminal");
  t.notMatch(stderr.toString(), "\x1b");
  t.equal(readFileSync(join(outside, "launch.json"), "utf8"), launch);
  t.equal(readFileSync(join(shop, "package.json"), "utf8").split("zvault run -- node ").length, 4, "all of its own are changed");
});

t.test("what nests deeper than a parser's stack reads nothing, and keeps no other file from being read", async (t) => {
  const deep = (open: string, close: string) => open.repeat(20_000) + close.repeat(20_000);
  const sources = [
    { file: "package.json", text: `{"scripts":{"a":"node --env-file=.env"},"x":${deep("[", "]")}}` },
    { file: ".vscode/launch.json", text: `{"configurations":[{"envFile":".env","x":${deep('{"a":', "")}` },
    { file: "compose.yaml", text: `services: ${deep("[", "]")}` },
    { file: "compose.b.yaml", text: `services:\n  a:\n    env_file: .env\n    x: ${deep("{a: ", "}")}` },
    { file: "Makefile", text: "include .env\n" },
  ];
  t.match(findReaders(sources, imported).readers.at(-1), { file: "Makefile", line: 1 });
});

t.test("lines without end are passed over: they would take the time and the memory of their square", async (t) => {
  const many = (text: string) => text.repeat(250_000 / text.length);
  const sources = [
    { file: "a.sh", text: many("node --env-file=.env x; ") },
    { file: "b.sh", text: `${many("source ${")}.env` },
    { file: "c.sh", text: `${many("$(")} .env` },
    { file: ".github/workflows/a.yml", text: `${many("cp ")}.env` },
    { file: "package.json", text: JSON.stringify({ scripts: { a: many("node --env-file=.env x; "), b: "node --env-file=.env" } }) },
  ];
  t.strictSame(
    findReaders(sources, imported).readers.map((one) => one.file),
    ["package.json"],
  );
});
