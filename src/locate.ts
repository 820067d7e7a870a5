/**
 * Which vault a command is about, found by reading folders only: `--vault`, else the nearest `.zvault/` above, else the main
 * worktree's, else the vault that the head of `.env.zvault` names. What is found is only a claim; the agent compares it with its own.
 */
import * as fs from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { ZvaultError } from "./errors.ts";
import { runtimeFolder } from "./runtime-folder.ts";
import { mainWorktree } from "./worktree.ts";

/** Folders outside the project, see vault/places.ts. */
export type Places = { config: string; state: string; runtime: string };

export type Located = {
  /** real path of the `.zvault` folder */
  dir: string;
  id: string;
  dev: string;
  ino: string;
  /** the folder that holds `.zvault` */
  root: string;
  how: "flag" | "ancestor" | "worktree" | "known";
  /** of a linked worktree that its repository knows: its top, from which folders count */
  checkout?: string;
};

/** Throws `no-runtime` without a home folder. A relative XDG path counts as unset, as the XDG base directory specification says. */
export function placesOf(env: NodeJS.ProcessEnv): Places {
  const home = homeOf(env);
  const folder = (name: string, otherwise: string): string => {
    const set = env[name];
    return `${set && isAbsolute(set) ? resolve(set) : `${home}/${otherwise}`}/zvault`;
  };
  const state = folder("XDG_STATE_HOME", ".local/state");
  return { config: folder("XDG_CONFIG_HOME", ".config"), state, runtime: runtimeFolder(env, state) };
}

/** node:os is loaded only where HOME is not set: half a millisecond in the hot lane. */
function homedir(): string {
  return process.getBuiltinModule("node:os").homedir();
}

export function homeOf(env: NodeJS.ProcessEnv): string {
  const home = env["HOME"] ?? homedir();
  if (isAbsolute(home)) return home === "/" ? "" : resolve(home);
  throw new ZvaultError("no-runtime", "there is no home folder", { hint: "set HOME to your home folder" });
}

/**
 * undefined: there is none. `dir`: from --vault or ZVAULT_DIR, the `.zvault` folder or the one that holds it. `headId`: from the head of
 * `.env.zvault`. `home`: where the search upwards ends. Throws `unsafe-file`, `damaged`, `gone`, and `no-vault` for a `dir` that is no vault.
 */
export function locateVault(o: { cwd: string; dir?: string; headId?: string; places: Places; home?: string }): Located | undefined {
  const known = readKnown(o.places);
  if (o.dir !== undefined) {
    const wanted = resolve(o.cwd, o.dir);
    const inside = `${wanted}/.zvault`;
    const found = look(wanted.endsWith("/.zvault") ? wanted : inside, "flag", known, o.places);
    if (!found)
      throw new ZvaultError("no-vault", `there is no vault in ${wanted}`, {
        hint: "run `zvault init` there, or check --vault and ZVAULT_DIR",
      });
    return found;
  }
  const above = search(o.cwd, o.home ?? homedir(), known, o.places, o.headId);
  if (above || o.headId === undefined) return above;
  return byHead(o.headId, o.cwd, known, o.places);
}

function search(cwd: string, home: string, known: readonly Known[], places: Places, headId?: string): Located | undefined {
  const start = fs.realpathSync.native(cwd);
  const owner = fs.statSync(start).uid;
  const end = realOr(home);
  let checkout: string | undefined;
  for (let folder = start; ; folder = dirname(folder)) {
    if (fs.statSync(folder).uid !== owner) break;
    const found = look(`${folder}/.zvault`, "ancestor", known, places, headId);
    if (found) return found;
    if (checkout === undefined && fs.lstatSync(`${folder}/.git`, { throwIfNoEntry: false })) checkout = folder;
    if (folder === end || folder === "/") break;
  }
  const main = checkout === undefined ? undefined : mainWorktree(checkout);
  if (main === undefined || checkout === undefined || fs.statSync(main).uid !== owner) return undefined;
  const found = look(`${main}/.zvault`, "worktree", known, places);
  return found && { ...found, checkout };
}

function byHead(id: string, cwd: string, known: readonly Known[], places: Places): Located | undefined {
  const folders = known.filter((one) => one.id === id);
  for (const { dir } of folders) {
    const found = look(dir, "known", known, places);
    if (found?.id === id) return found;
  }
  const last = folders.at(-1);
  if (!last) return undefined;
  throw gone(last.id, last.dir, places, `that ${cwd}/.env.zvault belongs to`);
}

/** The vault in `path`, a `.zvault` folder; undefined when there is none. `headId`: that one is expected here, if it was here before. */
function look(path: string, how: Located["how"], known: readonly Known[], places: Places, headId?: string): Located | undefined {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  if (!found) {
    // a folder above where a vault was once is nothing to speak of, unless it is that one we need
    const lost = known.find((one) => one.dir === path && (how === "flag" || one.id === headId));
    if (lost) throw gone(lost.id, path, places, "");
    return undefined;
  }
  checkFolder(found, path);
  const dir = fs.realpathSync.native(path);
  return readVault(dir, how) ?? lostFile(dir, how, known, places);
}

function lostFile(dir: string, how: Located["how"], known: readonly Known[], places: Places): undefined {
  const lost = known.find((one) => one.dir === dir);
  if (lost) throw gone(lost.id, dir, places, "");
  if (how === "flag") throw new ZvaultError("no-vault", `${dir} holds no vault`, { hint: "run `zvault init`" });
}

function checkFolder(found: fs.Stats, path: string): void {
  if (found.isSymbolicLink())
    throw unsafe(path, "is a symbolic link; a vault's folder is a real one", `go to the folder it leads to: ls -l ${path}`);
  if (!found.isDirectory()) throw unsafe(path, "is no folder", `\`ls -l ${path}\` shows what it is; move it away`);
  if (found.uid !== process.geteuid?.()) throw unsafe(path, foreign, asOwner(path));
  if ((found.mode & 0o022) !== 0) throw unsafe(path, "can be written by others", `chmod 700 ${path}`);
}

const notAFile = "`ls -l` shows what it is; move it away, then `zvault backup restore`";
const foreign = "belongs to another user (was sudo used?)";
const asOwner = (path: string): string => `run zvault as that user, without sudo; if it is yours: sudo chown -R $USER ${path}`;

function unsafe(path: string, why: string, hint: string): ZvaultError {
  return new ZvaultError("unsafe-file", `${path} ${why}`, { hint, names: [path] });
}

const vaultMagic = [0x7a, 0x76, 0x61, 0x75, 0x6c, 0x74, 0, 1];

/** Id, device and inode, from the first 128 bytes of the log: magic (8), 8 others, id (16). */
function readVault(dir: string, how: Located["how"]): Located | undefined {
  const path = `${dir}/vault`;
  let fd: number;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP") throw unsafe(path, "is a symbolic link", "put the file itself there, or `zvault backup restore`");
    if (code === "ENXIO") throw unsafe(path, "is not a regular file", notAFile);
    throw unsafe(path, `cannot be read (${code})`, asOwner(dir));
  }
  try {
    const found = fs.fstatSync(fd, { bigint: true });
    if (!found.isFile()) throw unsafe(path, "is not a regular file", notAFile);
    if (Number(found.uid) !== process.geteuid?.()) throw unsafe(path, foreign, asOwner(dir));
    const header = new Uint8Array(128);
    const got = fs.readSync(fd, header, 0, header.length, 0);
    if (got < header.length || vaultMagic.some((byte, index) => header[index] !== byte)) {
      throw new ZvaultError("damaged", `${path} is not a vault`, {
        hint: "`zvault backup restore` takes the newest copy; `zvault backup list` shows all",
      });
    }
    const id = Buffer.from(header.subarray(16, 32)).toString("hex");
    return { dir, id, dev: String(found.dev), ino: String(found.ino), root: dirname(dir), how };
  } finally {
    fs.closeSync(fd);
  }
}

/** When the newest copy was made of a vault that was in `folder` and is not there any more; undefined if there was none, or no copy. */
export function lostIn(folder: string, places: Places): Date | undefined {
  const dir = `${realOr(folder)}/.zvault`;
  const copies = readKnown(places).flatMap((one) => (one.dir === dir ? (newestCopy(one.id, places)?.mtime ?? []) : []));
  return copies.toSorted((a, b) => b.getTime() - a.getTime())[0];
}

function gone(id: string, dir: string, places: Places, more: string): ZvaultError {
  const copy = newestCopy(id, places);
  const time = copy?.mtime.toLocaleString("sv-SE").slice(0, 16);
  return new ZvaultError("gone", `the vault ${more === "" ? "" : `${more} `}is gone (git clean?): it was in ${dir}`, {
    hint:
      time === undefined
        ? "run `zvault backup restore --from FILE` if you have a copy"
        : `an encrypted copy from ${time} is on this computer: run \`zvault backup restore\``,
    names: [dir],
  });
}

/** Mirrors are named by vault id and folder (vault/places.ts). */
function newestCopy(id: string, places: Places): fs.Stats | undefined {
  const folder = `${places.state}/mirror`;
  if (!fs.existsSync(folder)) return undefined;
  const copies = fs
    .readdirSync(folder)
    .filter((name) => name.startsWith(id))
    .flatMap((name) => fs.lstatSync(`${folder}/${name}/vault`, { throwIfNoEntry: false }) ?? []);
  return copies.toSorted((a, b) => b.mtimeMs - a.mtimeMs)[0];
}

type Known = { id: string; dir: string };

/** The lines of `known` (written by vault/known.ts): id, tab, path as JSON. Lines of another form are passed over. */
function readKnown(places: Places): Known[] {
  const text = readOurs(places.state, "known");
  if (text === undefined) return [];
  return text.split("\n").flatMap((line) => {
    const [, id, quoted] = /^([0-9a-f]{32})\t(".*")$/.exec(line) ?? [];
    if (id === undefined || quoted === undefined) return [];
    try {
      return [{ id, dir: JSON.parse(quoted) as string }];
    } catch {
      return [];
    }
  });
}

/**
 * A small file of the state folder, undefined when there is none. Both are looked at first: whoever writes into that folder says which
 * vaults are ours, and a FIFO in the file's place would hold up every command.
 */
function readOurs(folder: string, name: string): string | undefined {
  const above = fs.statSync(folder, { throwIfNoEntry: false });
  if (!above) return undefined;
  if (!above.isDirectory()) throw unsafe(folder, "is no folder", `\`ls -l ${folder}\` shows what it is; move it away`);
  if (above.uid !== process.geteuid?.()) throw unsafe(folder, foreign, asOwner(folder));
  if ((above.mode & 0o022) !== 0) throw unsafe(folder, "can be written by others", `chmod 700 ${folder}`);
  const path = `${folder}/${name}`;
  let fd: number;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw unsafe(path, code === "ELOOP" ? "is a symbolic link" : `cannot be read (${code})`, moveAway(path));
  }
  try {
    const found = fs.fstatSync(fd);
    if (!found.isFile() || found.size > 4 * 1024 * 1024) throw unsafe(path, "is not a small regular file", moveAway(path));
    return fs.readFileSync(fd, "utf8");
  } finally {
    fs.closeSync(fd);
  }
}

function moveAway(path: string): string {
  return `move it away: mv ${path} ${path}.odd; then \`zvault adopt\` for each vault of yours`;
}

function realOr(path: string): string {
  try {
    return fs.realpathSync.native(path);
  } catch {
    return path;
  }
}
