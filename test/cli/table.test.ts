import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { commandsText } from "../../scripts/commands.ts";
import { version } from "../../src/build.ts";
import { commandHelp, metaOf, paragraphs, rootHelp } from "../../src/cli/help.ts";
import { groups, table, topics } from "../../src/cli/table.ts";

const root = join(import.meta.dirname, "../..");

t.test("commands.json is current: node scripts/commands.ts", async (t) => {
  t.equal(readFileSync(join(root, "src/cli/commands.json"), "utf8"), await commandsText());
});

t.test("the version is the package's", async (t) => {
  const found = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  t.equal(version, found.version);
});

t.test("the first screen has at most 40 lines and names every command and topic once", async (t) => {
  t.ok(rootHelp().length <= 40, `${rootHelp().length} lines`);
  const named = groups.flatMap((group) => group.rows.map(([id]) => id)).toSorted();
  const ids = Object.keys(table).filter((id) => !id.includes(":") && !["overview", "version"].includes(id));
  t.strictSame(named, [...ids, ...Object.keys(topics)].toSorted());
});

t.test("every command has a summary, and a help that ends in an example", async (t) => {
  for (const id of Object.keys(table)) {
    const meta = metaOf(id);
    t.ok(meta?.summary, id);
    if (!meta || id === "overview") continue;
    t.match(commandHelp(meta).at(-1), /^ {2}(\S.* )?zvault /, `${id} ends in an example`);
    for (const line of commandHelp(meta)) t.ok(line.length <= 132, `${id}: ${line}`);
  }
});

t.test("no command takes a value as an argument or an option", async (t) => {
  const words = /value|secret|password|passphrase|token|credential/i;
  for (const id of Object.keys(table)) {
    const meta = metaOf(id);
    for (const flag of Object.values(meta?.flags ?? {})) {
      // import --secret NAME: which names are secrets
      if (id === "import" && flag.name === "secret") continue;
      // from stdin or a file; how long and how often
      if (["-|@FILE", "TIME", "N"].includes(flag.helpValue ?? "")) continue;
      if (flag.type === "option") t.notMatch(flag.name, words, `${id} --${flag.name}`);
    }
  }
});

t.test("a flag that may be repeated takes one value each time, and no argument that follows it", async (t) => {
  for (const [id, load] of Object.entries(table)) {
    const { flags } = (await load()).default as unknown as {
      flags: Record<string, { multiple?: boolean; multipleNonGreedy?: boolean }>;
    };
    for (const [name, flag] of Object.entries(flags ?? {}))
      t.equal(flag.multipleNonGreedy === true, flag.multiple === true, `${id} --${name}`);
  }
});

// `policy fmt --help` had a line of one word in the middle
t.test("a paragraph of help with a line that is too long is filled anew, any other stays as it was written", (t) => {
  t.same(paragraphs("one two three\nfour\n\nfive\nsix", 10), ["one two", "three four", "", "five", "six"]);
  t.end();
});
