/**
 * Five people's first ten minutes, in terminals of 80 × 24, from an empty HOME. Nothing is wider than the terminal, and nothing leaves
 * its top but where the walk says so. ZVAULT_TRANSCRIPTS=write writes what is seen into the files: to be read, not believed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { missing } from "../helpers/tmux.ts";
import { slow } from "../helpers/slow.ts";
import { playWalk } from "./player.ts";
import { djangoBlog, monorepo, nextShop } from "./projects.ts";
import { parseWalk, printWalk } from "./walk.ts";

const walks: Record<string, (home: string) => void> = {
  "1.1-next": nextShop,
  "1.1-next-day": nextShop,
  "1.2-django": djangoBlog,
  "1.3-monorepo": monorepo,
  "1.4-security": nextShop,
  "1.5-ai-tool": nextShop,
};
const quick = ["1.1-next"];
const write = process.env["ZVAULT_TRANSCRIPTS"] === "write";
const only = process.env["ZVAULT_WALK"];

t.test("a typed walk is the same after it was read and printed", (t) => {
  const text = "# one\n$ a\n? b\n> c\n>\n| d\n|\n~ 3 lines\n= 130\n@ claude\n$ e\n";
  t.equal(printWalk(parseWalk(text)), text.replace(">\n|", "? b\n>\n|"));
  t.throws(() => parseWalk("$ a\nb\n"));
  t.end();
});

for (const [name, prepare] of Object.entries(walks)) {
  const skip =
    missing("git") ||
    (only !== undefined ? only !== name : !slow && !quick.includes(name) ? "only with ZVAULT_TEST_SLOW=1" : false);
  t.test(`walk ${name}`, { skip, timeout: 300_000 }, async (t) => {
    const path = join(import.meta.dirname, `${name}.txt`);
    const wanted = parseWalk(readFileSync(path, "utf8"));
    const { steps, wide } = await playWalk(wanted, "source", prepare);
    if (write) writeFileSync(path, printWalk(steps));
    else for (const [at, step] of steps.entries()) t.strictSame(step, wanted[at], `$ ${step.command}`);
    t.strictSame(wide, [], "no line is wider than the terminal");
  });
}
