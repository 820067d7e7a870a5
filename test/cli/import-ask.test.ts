/** The questions of an import, on a real terminal. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { start } from "../helpers/start.ts";
import { Terminal } from "../helpers/terminal.ts";
import { makePlace } from "../helpers/transcript.ts";

const place = makePlace();
const cwd = join(place.folder, "shop");
const typing = (line: string) => new Terminal(line, { cwd, env: place.env });
const script = (line: string) => start(["sh", "-c", line], { cwd, env: place.env });
const file = (name: string): string => readFileSync(join(cwd, name), "utf8");
t.teardown(async () => {
  await script("zvault seal");
  place.remove();
});

t.test("what is in question is asked, each by name and line, and classes can be changed over", { timeout: 100_000 }, async (t) => {
  await script("zvault init --key-file ../key --yes");
  writeFileSync(
    join(cwd, ".env"),
    "HOST_NAME=db\nAPI_URL=http://${HOST_NAME}/v1\nCOLOR=red#1\nTITLE=blue#2\nOTHER_LABEL=x#y\nMODE='open\nSHOP_SECRET=abcd-efgh-1234\n",
  );
  const typed = typing("zvault import");
  await typed.type("  k or s (Enter: k): ", "s");
  await typed.type(".env:3  COLOR has a #", "");
  await typed.type(".env:4  TITLE has a #", "P");
  await typed.type(".env:6  MODE has a quote that is not closed", "l");
  await typed.type("[e]dit which are secret", "e");
  await typed.type("Numbers or names to change over", "SHOP_SECRT");
  await typed.type("did you mean SHOP_SECRET?", "TITLE, 1");
  await typed.type("Numbers or names to change over", "");
  await typed.type("Go on? [Y]es", "y");
  t.equal(await typed.end(), 0, typed.seen);
  const text = file(".env.zvault");
  t.match(text, "HOST_NAME=zvault://env/shop/HOST_NAME\n");
  t.match(text, "API_URL=http://${HOST_NAME}/v1\n", "stored as it stands");
  t.match(text, "COLOR=red#1\n");
  t.match(text, /^TITLE=zvault:\/\/env\/shop\/TITLE/m);
  t.match(text, /^OTHER_LABEL='x#y'/m, "the capital letter answered for it, too");
  t.match(text, "# MODE=‹left out by zvault›\n");
  t.notMatch(text, "abcd-efgh");
  const ran = await script("zvault run --no-mask -- printenv HOST_NAME API_URL COLOR TITLE OTHER_LABEL");
  t.equal(ran.stdout.toString(), "db\nhttp://${HOST_NAME}/v1\nred\nblue#2\nx#y\n");
});

t.test("a no leaves everything as it was", { timeout: 60_000 }, async (t) => {
  writeFileSync(join(cwd, ".env.test"), "A_SECRET=abcd-efgh-5678\n");
  const typed = typing("zvault import .env.test");
  await typed.type("[e]dit which are secret", "n");
  t.equal(await typed.end(), 130, typed.seen);
  t.equal(file(".env.test"), "A_SECRET=abcd-efgh-5678\n");
});
