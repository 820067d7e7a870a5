/** The files of a copy in memory, behind the port, so that they are read as those of a vault are. Nothing can be changed in there. */
import { ZvaultError } from "../errors.ts";
import type { FileStat, Io } from "./io.ts";

/** A file of a copy: `keys`, `vault`, `audit/000001.jsonl` … */
export type CopyFile = { name: string; bytes: Uint8Array };

/** The folder that the files lie in. */
export const copyFolder = "/copy";

export function copyIo(files: readonly CopyFile[]): Io {
  const all = new Map(files.map(({ name, bytes }) => [`${copyFolder}/${name}`, bytes]));
  const numbers = [...all.keys()];
  const at = (fd: number): Uint8Array => all.get(numbers[fd] ?? "") ?? new Uint8Array();
  const refuse = (): never => {
    throw new ZvaultError("internal", "a copy is only read");
  };
  return {
    open(path, mode) {
      const fd = numbers.indexOf(path);
      if (fd < 0 || mode !== "read") throw new ZvaultError("damaged", `the copy has no ${path.slice(copyFolder.length + 1)}`);
      return fd;
    },
    read(fd, into, position) {
      const part = at(fd).subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    size: (fd) => at(fd).length,
    identity: (fd) => ({ dev: "copy", ino: String(fd) }),
    close() {},
    list: (path) => numbers.filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1)),
    stat(path): FileStat | undefined {
      const bytes = all.get(path);
      return bytes && { dev: "copy", ino: path, size: bytes.length, changed: new Date(0), kind: "file" };
    },
    write: refuse,
    datasync: refuse,
    sync: refuse,
    syncFolder: refuse,
    truncate: refuse,
    rename: refuse,
    link: refuse,
    remove: refuse,
    makeFolder: refuse,
    removeFolder: refuse,
    lock: refuse,
  };
}
