/** Where a file with values may go: anywhere, or only into memory. */
import { realpathSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { ZvaultError } from "../errors.ts";
import { fileSystem } from "../sys/fs.ts";

/** The absolute path. Throws `not-found`, and `usage` for a disk where only memory is wanted. */
export function placeFor(out: string, untilSeal: boolean): string {
  const folder = dirname(resolve(out));
  let real: string;
  try {
    real = realpathSync(folder);
  } catch {
    throw new ZvaultError("not-found", `there is no folder for ${out}`, { names: [out] });
  }
  if (untilSeal) {
    const { type } = fileSystem(real);
    if (type !== "tmpfs" && type !== "ramfs") {
      throw new ZvaultError("usage", `--until-seal writes to memory only, and ${real} is on a disk (${type})`, {
        hint: `--out ${inMemory()}/shop.env --until-seal`,
      });
    }
  }
  return `${real}/${basename(out)}`;
}

/** A folder of a file system in memory, as a shell has it. */
function inMemory(): string {
  const runtime = process.env["XDG_RUNTIME_DIR"] ?? "";
  try {
    return runtime !== "" && fileSystem(runtime).type === "tmpfs" ? "$XDG_RUNTIME_DIR" : "/dev/shm";
  } catch {
    return "/dev/shm";
  }
}
