/** What a person sees and types: prompts, presence, shares. On a real terminal. */
import { join } from "node:path";
import t from "tap";
import { start } from "../helpers/start.ts";
import { Terminal } from "../helpers/terminal.ts";
import { makePlace } from "../helpers/transcript.ts";

const place = makePlace();
const cwd = join(place.folder, "shop");
const typing = (line: string) => new Terminal(line, { cwd, env: place.env });
const script = (line: string) => start(["sh", "-c", line], { cwd, env: place.env });
const pass = "plum sofa orbit candle";
t.teardown(async () => {
  await script("zvault seal");
  place.remove();
});

t.test("init asks for the passphrase of a new identity twice, unseen, and warns about a weak one", async (t) => {
  const first = typing("zvault init");
  await first.type("New passphrase: ", "aaaa");
  await first.type("Again:", "bbbb");
  await first.type("New passphrase: ", pass);
  await first.type("Again:", pass);
  t.equal(await first.end(), 0, first.seen);
  t.match(first.seen, "the two differ");
  t.notMatch(first.seen, pass);
  const weak = typing("zvault init --passphrase --vault ../home");
  await weak.type("New passphrase: ", "abc123");
  await weak.type("Again:", "abc123");
  t.equal(await weak.end(), 0, weak.seen);
  t.match(weak.seen, "this passphrase is weak");
});

t.test("set asks for the value unseen", async (t) => {
  const set = typing("zvault set API_KEY");
  await set.type("Value of API_KEY (not shown): ", "typed-by-hand-1");
  t.equal(await set.end(), 0, set.seen);
  t.notMatch(set.seen, "typed-by-hand-1");
  t.equal((await script("zvault run --no-mask -- printenv API_KEY")).stdout.toString(), "typed-by-hand-1\n");
});

t.test("get asks for presence, tells a wrong passphrase, shows the value, and does not ask again in this terminal", async (t) => {
  const get = typing("zvault get API_KEY; zvault get API_KEY");
  await get.type("Show API_KEY. Passphrase: ", "not this one");
  await get.type("Show API_KEY. Passphrase: ", pass);
  t.equal(await get.end(), 0, get.seen);
  t.match(get.seen, "wrong passphrase");
  t.equal(get.seen.split("typed-by-hand-1").length, 3, get.seen);
  t.equal(get.seen.split("Passphrase:").length, 3, get.seen);
});

t.test("a value with escape sequences is shown, not obeyed", async (t) => {
  await script("printf 'a\\033]0;x\\007b' | zvault set ODD -");
  const get = typing("zvault get ODD");
  await get.type("Passphrase: ", pass);
  t.equal(await get.end(), 0, get.seen);
  t.match(get.seen, "a\\x1b]0;x\\x07b");
});

t.test("without a terminal nothing is shown, and nothing waits", async (t) => {
  const { status, stderr, stdout } = await script("zvault get API_KEY --reveal");
  t.equal(status, 4);
  t.equal(stdout.length, 0);
  t.match(stderr.toString(), "needs a person");
});

t.test("unseal and run ask on the terminal", async (t) => {
  await script("zvault seal");
  const run = typing("zvault run -- sh -c 'echo ${#API_KEY}'");
  await run.type("zvault: sealed. Passphrase: ", pass);
  t.equal(await run.end(), 0, run.seen);
  t.match(run.seen, "15");
  await script("zvault seal");
  const unseal = typing("zvault unseal --for 30m");
  await unseal.type("Passphrase: ", "wrong");
  await unseal.type("Passphrase: ", pass);
  t.equal(await unseal.end(), 0, unseal.seen);
  t.match(unseal.seen, "unsealed, 30 min at most");
});

t.test("an empty answer and Ctrl-C change nothing", async (t) => {
  const empty = typing("zvault set API_KEY");
  await empty.type("(not shown): ", "");
  t.equal(await empty.end(), 130, empty.seen);
  const interrupted = typing("zvault set API_KEY");
  await interrupted.type("(not shown): ", "\x03");
  t.equal(await interrupted.end(), 130, interrupted.seen);
  t.equal((await script("zvault run --no-mask -- printenv API_KEY")).stdout.toString(), "typed-by-hand-1\n");
});

t.test("shares are shown one by one, and open the vault", async (t) => {
  const add = typing("zvault access add --shares 3 --threshold 2");
  await add.type("Passphrase: ", pass);
  for (let at = 1; at <= 3; at++) await add.type("off the screen", "");
  t.equal(await add.end(), 0, add.seen);
  const shares = add.seen.match(/zvault-share:\S+/g) ?? [];
  t.equal(new Set(shares).size, 3, add.seen);
  await script("zvault seal");
  const { status, stderr } = await start(["sh", "-c", "zvault unseal --share -"], {
    cwd,
    env: place.env,
    stdin: `${shares[0]}\n${shares[2]}\n`,
  });
  t.equal(status, 0, stderr.toString());
});

t.test("what is hard to take back is asked first", async (t) => {
  const remove = typing("zvault kv destroy env/shop/ODD");
  await remove.type("for good? [y/N] ", "n");
  t.equal(await remove.end(), 130, remove.seen);
  t.equal((await script("zvault run -- true")).status, 0);
});
