/** The files of an import: named ones, or every dotenv file of this folder. They are input, not friends: regular, ours, of bounded size. */
import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { isStub, largestStub } from "../../envfile/stub.ts";
import { ZvaultError } from "../../errors.ts";
import { fileError, notRegular } from "../../file-error.ts";

export type GatheredFile = { name: string; bytes: Uint8Array; stat: Stats };

export type Gathered = {
  /** real path of the folder they stand in */
  folder: string;
  files: GatheredFile[];
  /** copies that editors and people leave behind: named, not imported */
  leftovers: string[];
  /** files of comments that an import before left in the place of values */
  stubs: string[];
  /** everything in the folder */
  names: string[];
};

/** 64 MiB is what one change of the vault may hold; a dotenv file is never near it. */
const largest = 64 * 1024 * 1024;
/** Examples, ours, and what only begins like a dotenv file: encrypted ones, and programs. */
const others =
  /\.(example|examples|sample|template|tpl|dist|schema|zvault|lock|vault|gpg|asc|age|enc|sops|[cm]?[jt]s|json|ya?ml|toml|md|txt|zip|gz)$/;
const leftover =
  /^(\.env.*(~|\.(sw[a-z]|bak|backup|orig|old|save|tmp|copy|rej)([._-]?\d+)?| copy.*| \(\d+\)|\.(bak|backup|old|save|copy)[._-].*)|#\.env.*#|\.#\.env.*|\.env\.save\.\d+)$/;

/** Throws `usage`, `not-found`, `unsafe-file`, `too-large`. */
export function gather(words: readonly string[], cwd: string): Gathered {
  const folder = realpathSync(words[0] === undefined ? cwd : dirname(resolve(cwd, words[0])));
  const elsewhere = words.filter((word) => realpathSync(dirname(resolve(cwd, word))) !== folder);
  if (elsewhere.length > 0) {
    throw new ZvaultError("usage", `${elsewhere[0]} is in another folder than ${words[0]}`, {
      hint: "import the files of one folder at a time, or all below this one: zvault import -r",
    });
  }
  if (words.length === 0) {
    const found = gatherFolder(folder, readdirSync(folder, { withFileTypes: true }));
    if (found.files.length > 0) return found;
    throw new ZvaultError(
      "not-found",
      found.stubs.length > 0 ? `${found.stubs.join(", ")} holds no values any more` : `there is no .env in ${folder}`,
      { hint: found.stubs.length > 0 ? "they are in the vault: zvault ls" : "name the file: zvault import FILE" },
    );
  }
  const wanted = [...new Set(words.map((word) => basename(word)))];
  const wrong = wanted.find((name) => name.endsWith(".zvault"));
  if (wrong !== undefined)
    throw new ZvaultError("usage", `${wrong} holds references, no values`, { hint: "name the file with the values" });
  const files = wanted.map((name) => ({ name, ...readInput(`${folder}/${name}`, name) }));
  const stub = files.find((file) => isStub(file.bytes));
  if (stub) {
    throw new ZvaultError("not-found", `${stub.name} holds no values any more: they are in the vault`, { hint: "zvault ls" });
  }
  const names = readdirSync(folder).toSorted();
  return { folder, files, leftovers: leftoversOf(names), stubs: [], names };
}

/** Every dotenv file among the entries of a folder; none is no error. Throws `unsafe-file`, `too-large`. */
export function gatherFolder(folder: string, entries: readonly Dirent[]): Gathered {
  const names = entries.map((one) => one.name).toSorted();
  const found: Gathered = { folder, files: [], leftovers: leftoversOf(names), stubs: [], names };
  for (const name of entries.flatMap((one) => (one.isDirectory() || !isDotenvName(one.name) ? [] : [one.name])).toSorted()) {
    const file = { name, ...readInput(`${folder}/${name}`, name) };
    if (isStub(file.bytes)) found.stubs.push(name);
    else found.files.push(file);
  }
  return found;
}

export function isDotenvName(name: string): boolean {
  return /^\.env(\.[A-Za-z0-9]|$)/.test(name) && !others.test(name) && !leftover.test(name);
}

/** Dotenv files of a folder that hold values, by their names and without being read: only what is as small as a stub is looked into. */
export function rawNames(folder: string): string[] {
  const names = readdirSync(folder, { withFileTypes: true }).filter((one) => !one.isDirectory() && isDotenvName(one.name));
  return names.flatMap((one) => (isStubAt(`${folder}/${one.name}`) ? [] : [one.name])).toSorted();
}

function isStubAt(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > largestStub) return false;
  try {
    return isStub(readInput(path, path).bytes);
  } catch {
    return false; // whoever imports it is told why not
  }
}

export function leftoversOf(names: readonly string[]): string[] {
  return names.filter((name) => leftover.test(name)).toSorted();
}

/**
 * UTF-16 (Windows' Notepad, PowerShell's `>`) and binary files: read as dotenv they hold no variable, and would be written as they are,
 * secrets included, into a file that is meant for git.
 */
function checkText(bytes: Uint8Array, name: string): void {
  const refuse = (why: string, hint: string): never => {
    throw new ZvaultError("usage", `${name} ${why}`, { hint, names: [name] });
  };
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    refuse("is UTF-16 text; env files are UTF-8", `iconv -f UTF-16 -t UTF-8 ${name} > new, look at it, and mv new ${name}`);
  if (bytes.includes(0)) refuse("holds NUL bytes: it is no text file", "is it an env file?");
}

function readInput(path: string, name: string): { bytes: Uint8Array; stat: Stats } {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw fileError(error, name);
  }
  try {
    const stat = fstatSync(fd);
    const refuse = (why: string, hint: string): never => {
      throw new ZvaultError("unsafe-file", `${name} ${why}`, { hint, names: [name] });
    };
    if (!stat.isFile()) throw notRegular(name);
    const uid = process.geteuid?.();
    if (stat.uid !== uid && stat.uid !== 0) refuse("belongs to another user", "make a copy of your own");
    if ((stat.mode & 0o002) !== 0) refuse("can be written by everybody", `chmod o-w ${name}`);
    if (stat.size > largest) throw new ZvaultError("too-large", `${name} is larger than 64 MiB`, { names: [name] });
    const bytes = new Uint8Array(new ArrayBuffer(stat.size));
    let done = 0;
    while (done < bytes.length) {
      const got = readSync(fd, bytes, done, bytes.length - done, done);
      if (got === 0) break;
      done += got;
    }
    checkText(bytes.subarray(0, done), name);
    return { bytes: bytes.subarray(0, done), stat };
  } finally {
    closeSync(fd);
  }
}

/** True while the file is the one that was read: nothing that was typed meanwhile may be lost with it. */
export function unchanged(folder: string, file: GatheredFile): boolean {
  const now = readInput(`${folder}/${file.name}`, file.name);
  const same = now.stat.ino === file.stat.ino && Buffer.compare(now.bytes, file.bytes) === 0;
  now.bytes.fill(0);
  return same;
}
