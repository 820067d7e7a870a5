/** What an AI tool is told, command by command: refusals.txt, written anew with ZVAULT_TRANSCRIPTS=write, to be read. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { refusal, sealedFor, typedFolder } from "../../src/signs/refusal.ts";

const golden = join(import.meta.dirname, "refusals.txt");
/** what a person does; also commands that are not there yet, and one that nobody thought of */
const all =
  `access:add access:remove adopt allow backup:restore eject export fill get import init kv:delete kv:destroy kv:get kv:metadata
  kv:put kv:put:generate kv:undelete operator:rekey operator:rotate policy:delete policy:write rm run:no-mask run:tool set set:generate transit:decrypt undo unseal unknown`.split(
    /\s+/,
  );
const named = /^(get|set|rm|undo|set:generate|run:tool|allow)$/;

const told = (command: string) =>
  refusal({
    command,
    tool: "Claude Code",
    folder: "~/shop",
    ...(named.test(command)
      ? { name: command === "run:tool" ? "codex" : command === "allow" ? "env/other/KEY" : "STRIPE_KEY" }
      : {}),
  }).lines;

t.test("every refusal is as it was read and agreed to", async (t) => {
  const blocks = all.map((command) => `$ ${command}\n${told(command).join("\n")}\n`);
  const sealed = [true, false].map((nothingStarted) => `$ sealed\n${sealedFor("Codex", { nothingStarted }).lines.join("\n")}\n`);
  const text = [...blocks, ...sealed].join("\n");
  if (process.env["ZVAULT_TRANSCRIPTS"] === "write") writeFileSync(golden, text);
  t.equal(text, readFileSync(golden, "utf8"));
});

t.test("it has three parts in at most four lines, without colour", async (t) => {
  for (const command of all) {
    const lines = told(command);
    t.equal(lines.length, 3, command);
    t.match(lines[0], /^refused: .*an AI tool \(Claude Code\)/, command);
    t.match(lines[1], /^ask the user to run this in their own terminal, outside this session: {3}cd ~\/shop && zvault /, command);
    for (const line of lines) t.notMatch(line, /\p{Cc}/u, command);
  }
});

t.test("a folder is typed as a shell takes it", async (t) => {
  t.equal(typedFolder("/home/ann/shop", "/home/ann"), "~/shop");
  t.equal(typedFolder("/home/ann", "/home/ann"), "~");
  t.equal(typedFolder("/home/annex", "/home/ann"), "/home/annex");
  t.equal(typedFolder("/srv/a b/it's", "/home/ann"), `'/srv/a b/it'\\''s'`);
  t.equal(typedFolder("/home/ann/a b", "/home/ann"), "'/home/ann/a b'");
  t.equal(typedFolder("/srv/shop", undefined), "/srv/shop");
});
