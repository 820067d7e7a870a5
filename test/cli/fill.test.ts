/** A fresh clone at a terminal: `fill` asks unseen, and goes on after Ctrl-C. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { start } from "../helpers/start.ts";
import { Terminal } from "../helpers/terminal.ts";
import { transcriptTest } from "../helpers/transcript-test.ts";
import { makePlace } from "../helpers/transcript.ts";

transcriptTest("check.txt");

t.test(
  "fill in a clone: a vault is made, what is typed is stored at once, Ctrl-C loses nothing, a second fill goes on",
  async (t) => {
    const place = makePlace();
    const cwd = join(place.folder, "shop");
    const typing = (line: string) => new Terminal(line, { cwd, env: place.env });
    const script = (line: string) => start(["sh", "-c", line], { cwd, env: place.env });
    t.teardown(async () => {
      await script("zvault seal");
      place.remove();
    });
    const pass = "plum sofa orbit candle";
    writeFileSync(
      join(cwd, ".env.zvault"),
      `# zvault 1 project=shop vault=${"0".repeat(32)}\nPORT=3000\nDATABASE_URL=zvault://env/shop/DATABASE_URL\nA=zvault://env/shop/A\nB=zvault://env/shop/B\n`,
    );
    writeFileSync(join(cwd, ".env.example"), "PORT=\nA=\nDATABASE_URL=postgres://real-host-by-mistake/db\n");

    const none = await script("zvault run -- true");
    t.equal(none.status, 125);
    t.match(none.stderr.toString(), "zvault fill");

    const first = typing("zvault fill");
    await first.type("Make a vault in ", "y");
    await first.type("New passphrase: ", pass);
    await first.type("Again:", pass);
    await first.type("1/3 DATABASE_URL  postgres://… in .env.example:3  Value (hidden, Enter skips): ", "postgres://typed");
    await first.type("2/3 A             .env.example:2  Value", "\x03", "");
    t.equal(await first.end(), 130, first.seen);
    t.match(first.seen, "interrupted: 1 of 3 values stored");
    t.notMatch(first.seen, "postgres://typed");
    t.notMatch(first.seen, "real-host");

    const second = typing("zvault fill");
    await second.type("1/2 A", "");
    await second.type("2/2 B", "typed-b");
    t.equal(await second.end(), 1, second.seen);
    t.match(second.seen, "still missing: A");

    const third = typing("zvault fill");
    await third.type("1/1 A", "typed-a");
    t.equal(await third.end(), 0, third.seen);
    const run = await script("zvault run --no-mask -- printenv A B DATABASE_URL PORT");
    t.equal(run.stdout.toString(), "typed-a\ntyped-b\npostgres://typed\n3000\n");
    t.match((await script("zvault fill")).stdout.toString(), "nothing is missing");
    t.notMatch(readFileSync(join(cwd, ".env.zvault"), "utf8"), "typed");
  },
);
