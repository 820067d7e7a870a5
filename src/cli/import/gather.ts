/** The files of an import: named ones, or every dotenv file of this folder. They are input, not friends: regular, ours, of bounded size. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, realpathSync, type Stats } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { ZvaultError } from "../../errors.ts";
import { fileError } from "../errors.ts";

export type Gathered = {
  /** real path of the folder they stand in */
  folder: string;
  files: { name: string; bytes: Uint8Array; stat: Stats }[];
  /** copies that editors and people leave behind: named, not imported */
  leftovers: string[];
};

/** 64 MiB is what one change of the vault may hold; a dotenv file is never near it. */
const largest = 64 * 1024 * 1024;
const examples = /\.(example|sample|template|dist|schema|zvault|lock)$/;
const leftover = /^\.env.*(~|\.(sw[a-z]|bak|orig|old|save|tmp))$/;

/** Throws `usage`, `not-found`, `unsafe-file`, `too-large`. */
export function gather(words: readonly string[], cwd: string): Gathered {
  const folder = realpathSync(words[0] === undefined ? cwd : dirname(resolve(cwd, words[0])));
  const others = words.filter((word) => realpathSync(dirname(resolve(cwd, word))) !== folder);
  if (others.length > 0) {
    throw new ZvaultError("usage", `${others[0]} is in another folder than ${words[0]}`, {
      hint: "import the files of one folder at a time",
    });
  }
  const here = readdirSync(folder).filter((name) => /^\.env(\.|~|$)/.test(name));
  const leftovers = here.filter((name) => leftover.test(name)).toSorted();
  const wanted =
    words.length > 0 ? [...new Set(words.map((word) => basename(word)))] : here.filter((name) => isDotenv(folder, name)).toSorted();
  if (wanted.length === 0) {
    throw new ZvaultError("not-found", `there is no .env in ${folder}`, { hint: "name the file: zvault import FILE" });
  }
  const wrong = wanted.find((name) => name.endsWith(".zvault"));
  if (wrong !== undefined)
    throw new ZvaultError("usage", `${wrong} holds references, no values`, { hint: "name the file with the values" });
  return { folder, files: wanted.map((name) => ({ name, ...read(`${folder}/${name}`, name) })), leftovers };
}

function isDotenv(folder: string, name: string): boolean {
  if (examples.test(name) || leftover.test(name)) return false;
  return !readdirSync(folder, { withFileTypes: true }).some((entry) => entry.name === name && entry.isDirectory());
}

function read(path: string, name: string): { bytes: Uint8Array; stat: Stats } {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw fileError(error, name);
  }
  try {
    const stat = fstatSync(fd);
    const refuse = (why: string): never => {
      throw new ZvaultError("unsafe-file", `${name} ${why}`, { names: [name] });
    };
    if (!stat.isFile()) refuse("is not a regular file");
    const uid = process.geteuid?.();
    if (stat.uid !== uid && stat.uid !== 0) refuse("belongs to another user");
    if ((stat.mode & 0o002) !== 0) refuse("can be written by everybody; chmod o-w it");
    if (stat.size > largest) throw new ZvaultError("too-large", `${name} is larger than 64 MiB`, { names: [name] });
    const bytes = new Uint8Array(new ArrayBuffer(stat.size));
    let done = 0;
    while (done < bytes.length) {
      const got = readSync(fd, bytes, done, bytes.length - done, done);
      if (got === 0) break;
      done += got;
    }
    return { bytes: bytes.subarray(0, done), stat };
  } finally {
    closeSync(fd);
  }
}

/** True while the file is the one that was read: nothing that was typed meanwhile may be lost with it. */
export function unchanged(folder: string, file: Gathered["files"][number]): boolean {
  const now = read(`${folder}/${file.name}`, file.name);
  const same = now.stat.ino === file.stat.ino && Buffer.compare(now.bytes, file.bytes) === 0;
  now.bytes.fill(0);
  return same;
}
