import * as Flags from "@oclif/core/flags";
import { randomUUID } from "node:crypto";
import { closeSync, fstatSync, lstatSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { ZvaultCommand } from "../cli/base.ts";
import { notRegular } from "../file-error.ts";
import { createPrivate, fillFile, writeWhole } from "../cli/files.ts";
import { placeFor } from "../cli/place.ts";
import { fileFlags, filesOf, presenceFlags, presenceOf, yesFlag, repeatable } from "../cli/flags.ts";
import { count } from "../cli/output.ts";
import { referencesOf, type References } from "../cli/references.ts";
import { type Ask, type Held, heldValues, wipeValues } from "../cli/values.ts";
import { printDotenv } from "../envfile/dotenv.ts";
import { printReference, type Ref } from "../envfile/reference.ts";
import { ZvaultError } from "../errors.ts";
import { folderFor } from "../folder.ts";
import { shield } from "../run/exec.ts";
import { withHosts } from "../run/plan.ts";
import { finish } from "../run/values.ts";

type Until = { path: string; dev: string; ino: string };

export default class Export extends ZvaultCommand {
  static override person = () => true;
  static override summary = "values as a file, for programs that want one";
  static override usage = ["--out FILE [--until-seal] [--only A,B] [-e NAME] [-f FILE]"];
  static override description = `
For programs that only read a file: an IDE, docker --env-file. A dotenv file of mode 0600, of what \`run\` would set; it needs your
presence. With --until-seal it lies in memory (tmpfs, such as $XDG_RUNTIME_DIR) and the agent removes it at seal. Where a program
takes NAME_FILE, \`zvault run --file NAME\` is better: nothing is written at all.`;
  static override examples = [
    "zvault export --out $XDG_RUNTIME_DIR/shop.env --until-seal",
    "zvault export --out ../shop.env --only DATABASE_URL,API_KEY",
  ];
  static override flags = {
    out: Flags.string({ description: "the file to write, new (--yes writes over one)", helpValue: "FILE", required: true }),
    "until-seal": Flags.boolean({ description: "in memory only, and removed at seal" }),
    only: Flags.string({ description: "these variables only; repeatable", helpValue: "A,B", ...repeatable, default: [] }),
    ...fileFlags,
    ...presenceFlags,
    ...yesFlag,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Export);
    const only = flags.only.flatMap((names) => names.split(",")).filter((name) => name !== "");
    const found = referencesOf({ ...filesOf(flags), only });
    const path = placeFor(flags.out, flags["until-seal"]);
    const session = this.session(flags);
    const folder = folderFor(session.vault(), found.plan.folder);
    shield();
    const ask = { session, folder, presence: presenceOf(flags), what: `Write values to ${flags.out}` };
    const names = await (flags["until-seal"] ? untilSeal(ask, found, path, flags.yes) : forGood(ask, found, path, flags.yes));
    this.print(
      flags,
      { out: path, names, untilSeal: Boolean(flags["until-seal"]) },
      () => `${count(names.length, "variable")} in ${flags.out}`,
    );
    this.note(
      flags,
      flags["until-seal"]
        ? `${flags.out} is removed at seal`
        : `${flags.out} holds values in plain text; remove it when it has been used`,
    );
  }
}

async function forGood(ask: Ask, found: References, path: string, replace: boolean): Promise<string[]> {
  // a file that is there is refused before anybody is asked for a passphrase
  const fd = replace ? undefined : createPrivate(path);
  let bytes: Uint8Array | undefined;
  try {
    const made = await dotenvOf(ask, found);
    bytes = made.bytes;
    if (fd === undefined) writeWhole(path, bytes, { replace: true });
    else fillFile(fd, bytes, path);
    return made.names;
  } catch (error) {
    if (fd !== undefined) abandon(fd, path, bytes !== undefined);
    throw error;
  } finally {
    bytes?.fill(0);
  }
}

/** The agent's promise comes first, for the empty file; then the values. */
async function untilSeal(ask: Ask, found: References, path: string, replace: boolean): Promise<string[]> {
  const aside = replace ? setAside(path) : undefined;
  const fd = createPrivate(path);
  let bytes: Uint8Array | undefined;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    const made = await dotenvOf(ask, found, { path, dev: String(dev), ino: String(ino) });
    bytes = made.bytes;
    fillFile(fd, bytes, path);
    if (aside !== undefined) rmSync(aside, { force: true });
    return made.names;
  } catch (error) {
    abandon(fd, path, bytes !== undefined);
    if (aside !== undefined) renameSync(aside, path);
    throw error;
  } finally {
    bytes?.fill(0);
  }
}

/** What is there, out of the way until the values are: a wrong passphrase costs nobody a file. undefined: nothing is there. */
function setAside(path: string): string | undefined {
  const old = lstatSync(path, { throwIfNoEntry: false });
  if (!old) return undefined;
  if (!old.isFile()) throw notRegular(path);
  const aside = `${dirname(path)}/.zvault-${randomUUID()}`;
  renameSync(path, aside);
  return aside;
}

function abandon(fd: number, path: string, closed: boolean): void {
  if (!closed) closeSync(fd);
  rmSync(path, { force: true });
}

/** What `run` would set, as a file. Throws `unresolved`, naming every variable without a value. */
async function dotenvOf(ask: Ask, found: References, until?: Until): Promise<{ bytes: Uint8Array; names: string[] }> {
  const { plan } = found;
  const known = new Map<string, Held>();
  const more = until === undefined ? {} : { until };
  try {
    const first = plan.requests.map((one) => one.ref);
    for (const [key, value] of await heldValues(ask, first, more)) known.set(key, value);
    checkLive(found, known, first);
    for (;;) {
      const finished = finish(plan, known);
      if (!("more" in finished)) {
        const values = new Map([...plan.set.keys()].map((name) => [name, finished.environment.get(name) ?? ""]));
        return { bytes: printDotenv(values), names: [...values.keys()] };
      }
      for (const [key, value] of await heldValues(ask, withHosts(plan, finished.more))) known.set(key, value);
      checkLive(found, known, finished.more);
    }
  } finally {
    wipeValues(known.values());
  }
}

function checkLive({ plan }: References, known: ReadonlyMap<string, Held>, refs: readonly Ref[]): void {
  const gone = refs.map((ref) => printReference(ref)).filter((key) => known.get(key)?.state !== "live");
  if (gone.length === 0) return;
  const names = plan.requests.filter((one) => gone.includes(one.key)).flatMap((one) => one.uses.map((use) => use.name));
  throw new ZvaultError("unresolved", `no value here for ${(names.length > 0 ? names : gone).join(", ")}`, {
    hint: "zvault fill   or   --only A,B",
    names: names.length > 0 ? names : gone,
  });
}
