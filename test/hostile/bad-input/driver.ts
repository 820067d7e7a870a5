/**
 * Runs rows of bad input against the real program: a place is prepared once, put back for each row, spoilt by the row's set-up, and then
 * a command is typed. Its exit code and message are compared; afterwards the row's mend is done, and a vault opened in this process must
 * still give the same values: nothing lost.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { start } from "../../helpers/start.ts";
import { makePlace } from "../../helpers/transcript.ts";
import { ask, keyFile, openDoor, type World } from "../../helpers/vault.ts";

export type Row = {
  /** a sentence: what is wrong, and what zvault does */
  name: string;
  /** for sh, in the folder `shop`, with the words of `prelude`; must end with 0 */
  given?: string;
  /** what is typed, no terminal anywhere; the exit code of its last command counts */
  when: string;
  exit: number;
  /** what a line of stderr (or of --json) must hold */
  says: string | RegExp;
  /** what the line `zvault: hint: …` must hold */
  hint?: string | RegExp;
  /** what must not be shown */
  never?: string | RegExp;
  /** how a person puts it right; without it the vault must open as it stands */
  mend?: string;
  needs?: "root";
  /** in `npm test`, too, not only with ZVAULT_TEST_SLOW=1 */
  quick?: boolean;
};

export const slow = process.env["ZVAULT_TEST_SLOW"] === "1";
const root = process.geteuid?.() === 0;

const prelude = `
S=../home/.local/state/zvault
HEAD=$S/heads/$(cat $B.kept/head-name 2> /dev/null)
# another thing in the place of a file; \`back FILE\` undoes it
swap() {
  mv -T "$2" "$B/kept" || : > "$B/kept"
  case $1 in
    link) ln -s "$B/kept" "$2" ;;
    fifo) mkfifo "$2" ;;
    folder) mkdir -m 700 "$2" ;;
    device) mknod "$2" c 1 5 ;;
    empty) (umask 077; : > "$2") ;;
    second) cp -a "$B/kept" "$2"; ln "$2" "$B/second" ;;
    open) cp -a "$B/kept" "$2"; chmod 644 "$2" ;;
    world) cp -a "$B/kept" "$2"; chmod 666 "$2" ;;
    theirs) cp -a "$B/kept" "$2"; chown 65534 "$2" ;;
  esac
}
back() { rm -rf "$1" "$B/second"; mv -T "$B/kept" "$1"; }
unseal() { zvault unseal --key-file ../key > /dev/null; }
`;

const values = { API_KEY: "sk_live_4242424242", OTHER: "other_9876543210" };

/** What every row finds: a vault by key file in `shop`, one by shares in `many` and one in `else`, one of the identity in `own`. */
const prepare = `set -e
zvault init --key-file ../key --yes
printf ${values.API_KEY} | zvault set API_KEY -
printf ${values.OTHER} | zvault set OTHER -
(cd $S/heads && ls) > ../head-name
mkdir -m 700 ../many ../else ../own
zvault init --vault ../many --shares 3 --threshold 2 --out ../shares
zvault init --vault ../else --shares 3 --threshold 2 --out ../shares-else
cd ../own && echo correct horse battery staple | zvault init -
zvault seal`;

/** With HOME as it was when the agent was started. */
const seal = "if [ -S $B/run/zvault/agent.sock ]; then zvault seal; fi > /dev/null 2>&1";

type Place = ReturnType<typeof makePlace>;

/** One subtest a row, in a place of their own. */
export async function playRows(t: Test, rows: readonly Row[]): Promise<void> {
  const place = makePlace();
  const cwd = join(place.folder, "shop");
  const sh = (script: string): ReturnType<typeof start> =>
    start(["sh", "-c", `B=${place.folder}\n${prelude}\n${script}`], { cwd, env: place.env, timeout: 60_000 });
  t.teardown(async () => {
    await sh("zvault seal");
    place.remove();
  });
  const made = await sh(prepare.replace("set -e", "S=../home/.local/state/zvault; set -e"));
  if (made.status !== 0) throw new Error(made.stderr.toString());
  const kept = `${place.folder}.kept`;
  await start(["cp", "-a", place.folder, kept], { cwd: "/" });
  t.teardown(() => start(["rm", "-rf", kept], { cwd: "/" }));
  const key = readFileSync(`${place.folder}/key`);
  for (const row of rows) {
    const skip = row.needs === "root" && !root ? "not run: needs root" : !row.quick && !slow ? "slow" : false;
    await t.test(row.name, { skip, timeout: 120_000 }, async (t) => {
      const given = await sh(`find "$B" -mindepth 1 -delete; cp -a "$B.kept/." "$B"; cd "$PWD"; ${row.given ?? ":"}`);
      if (given.status !== 0) throw new Error(`set-up ended with ${given.status}: ${given.stderr.toString()}`);
      const { status, stdout, stderr } = await sh(row.when);
      const said = stderr.toString() + stdout.toString();
      t.equal(status, row.exit, said);
      t.ok(has(said, row.says), `says ${String(row.says)}: ${said}`);
      const hints = said.split("\n").filter((line) => line.startsWith("zvault: hint: "));
      if (row.hint !== undefined) t.ok(has(hints.join("\n"), row.hint), `hints ${String(row.hint)}: ${said}`);
      if (row.never !== undefined) t.notOk(has(said, row.never), `does not show ${String(row.never)}`);
      t.notMatch(said, /internal error|\bat .*\.ts:\d|undefined|\[object/, "a message for people");
      for (const value of Object.values(values)) t.notOk(stderr.includes(value), "no value in a message");
      const mended = await sh(`${seal}\n${row.mend ?? ":"}\nr=$?; ${seal}; exit $r`);
      t.equal(mended.status, 0, `mended: ${mended.stderr.toString()}`);
      t.strictSame(await valuesIn(place, key), values, "nothing is lost");
    });
  }
}

function has(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
}

/** What the vault of `shop` holds, by the key file, opened in this process. */
async function valuesIn(place: Place, key: Uint8Array): Promise<Record<string, string>> {
  const home = join(place.folder, "home");
  const world: World = {
    base: place.folder,
    project: join(place.folder, "shop"),
    dir: join(place.folder, "shop/.zvault"),
    places: { config: `${home}/.config/zvault`, state: `${home}/.local/state/zvault`, runtime: join(place.folder, "run/zvault") },
  };
  const { door } = openDoor(world);
  const credential = (): ReturnType<typeof keyFile> => keyFile(Uint8Array.from(key));
  const found: Record<string, string> = {};
  try {
    await ask(door, world, "agent.unseal", {}, { credential: credential() });
    for (const name of Object.keys(values)) {
      const { body } = await ask(door, world, "kv.get", { path: `env/shop/${name}` }, { credential: credential() });
      found[name] = body[0] ?? "";
    }
  } catch (failure) {
    found["error"] = String(failure);
  } finally {
    await door.seal("checked");
  }
  return found;
}
