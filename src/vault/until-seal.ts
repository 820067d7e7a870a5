/**
 * Files that live until the seal: a client wrote values into them for a program that only reads files (`export --until-seal`). The agent
 * keeps their names on disk, never what is in them, so that one that outlived a killed agent goes when the next one starts.
 *
 *     $XDG_STATE_HOME/zvault/until-seal: one line a file, {"dir":…,"path":…,"dev":…,"ino":…}
 */
import { ZvaultError } from "../errors.ts";
import { type Io, readFile, replaceFile } from "./io.ts";

/** `dir`: the `.zvault` folder of the vault whose seal ends it. */
export type Kept = { dir: string; path: string; dev: string; ino: string };

const most = 100;
const limit = 1024 * 1024;

export class UntilSeal {
  readonly #io: Io;
  readonly #path: string;
  #files: Kept[] | undefined;

  /** `state`: the folder of the list. */
  constructor(io: Io, state: string) {
    this.#io = io;
    this.#path = `${state}/until-seal`;
  }

  /** Promises to remove the file; the promise is on disk when this returns. Throws `unsafe-file`, `gone`, `too-large`. */
  async keep(file: Kept): Promise<void> {
    const fd = this.#io.open(file.path, "read-write");
    try {
      const found = this.#io.identity(fd);
      if (found.dev !== file.dev || found.ino !== file.ino) throw new ZvaultError("changed", `${file.path} is another file by now`);
    } finally {
      this.#io.close(fd);
    }
    const others = this.#list().filter((one) => one.path !== file.path);
    if (others.length >= most)
      throw new ZvaultError("too-large", `${most} files wait for the seal already`, { hint: "zvault seal" });
    await this.#write([...others, file]);
  }

  /** Removes the files of one vault, or, with undefined, all that are left from an agent that was killed. The paths that were there. */
  async end(dir: string | undefined): Promise<string[]> {
    const all = this.#list();
    const mine = all.filter((one) => dir === undefined || one.dir === dir);
    if (mine.length === 0) return [];
    const removed: string[] = [];
    const stay: Kept[] = [];
    for (const file of mine) {
      try {
        if (this.#remove(file)) removed.push(file.path);
      } catch {
        stay.push(file); // tried again at the next start
      }
    }
    await this.#write([...all.filter((one) => !mine.includes(one)), ...stay]);
    return removed;
  }

  /** Emptied before its name goes: whoever has it open, or has given it a second name, sees nothing more. */
  #remove(file: Kept): boolean {
    if (!this.#isThere(file)) return false;
    try {
      this.#empty(file);
    } catch {
      // nobody may write to it any more: its name goes all the same
    }
    if (!this.#isThere(file)) return false;
    this.#io.remove(file.path);
    return true;
  }

  #isThere({ path, dev, ino }: Kept): boolean {
    const now = this.#io.stat(path);
    return now?.dev === dev && now.ino === ino && now.kind === "file";
  }

  /** People let programs of other users read it, so its mode is no reason to leave it. */
  #empty({ path, dev, ino }: Kept): void {
    const fd = this.#io.open(path, "shared");
    try {
      // what was opened counts: the path may lead elsewhere by now
      const opened = this.#io.identity(fd);
      if (opened.dev === dev && opened.ino === ino) this.#io.truncate(fd, 0);
    } finally {
      this.#io.close(fd);
    }
  }

  #list(): Kept[] {
    this.#files ??= parse(new TextDecoder().decode(readFile(this.#io, this.#path, limit) ?? new Uint8Array()));
    return this.#files;
  }

  async #write(files: Kept[]): Promise<void> {
    this.#files = files;
    const text = files.map((one) => `${JSON.stringify(one)}\n`).join("");
    this.#io.makeFolder(this.#path.slice(0, this.#path.lastIndexOf("/")));
    await replaceFile(this.#io, this.#path, new TextEncoder().encode(text));
  }
}

/** Lines that are none of ours are passed over. */
function parse(text: string): Kept[] {
  return text.split("\n").flatMap((line) => {
    try {
      const { dir, path, dev, ino } = JSON.parse(line) as Record<string, unknown>;
      const texts = [dir, path, dev, ino].every((one) => typeof one === "string");
      return texts && (path as string).startsWith("/") ? [{ dir, path, dev, ino } as Kept] : [];
    } catch {
      return [];
    }
  });
}
