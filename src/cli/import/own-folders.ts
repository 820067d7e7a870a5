import { realpathSync } from "node:fs";

/** Whether a folder (relative to `start`) is the project's own: a link may lead anywhere, and `--fix` would change what is there. */
export function ownFolders(start: string): (folder: string) => boolean {
  const top = realpathSync(start);
  const known = new Map<string, boolean>();
  return (folder) => {
    let own = known.get(folder);
    if (own === undefined) {
      try {
        own = realpathSync(`${start}/${folder}`) === (folder === "." ? top : `${top === "/" ? "" : top}/${folder}`);
      } catch {
        own = false;
      }
      known.set(folder, own);
    }
    return own;
  };
}
