/** `scripts` of a package.json. Only the string of a script is replaced; the rest of the file keeps its bytes. */
import { findNodeAtLocation, parseTree } from "jsonc-parser";
import { folderOf, type Imported, join, lineAt, longestLine, type Reader, type Source } from "./reader.ts";
import { applyEdits, readersIn } from "./script.ts";

export function packageReaders(source: Source, imported: Imported): Reader[] {
  const tree = parseTree(source.text);
  const scripts = tree && findNodeAtLocation(tree, ["scripts"]);
  const folder = folderOf(source.file);
  return (scripts?.children ?? []).flatMap((property): Reader[] => {
    const [name, value] = property.children ?? [];
    if (!name || !value || typeof value.value !== "string" || value.length > longestLine) return [];
    const command: string = value.value;
    const found = readersIn(command, folder, imported);
    if (found.length === 0) return [];
    const sure = found.every((one) => one.edits !== undefined);
    const changed = sure
      ? applyEdits(
          command,
          found.flatMap((one) => one.edits ?? []),
        )
      : undefined;
    const note = found.find((one) => one.note !== undefined)?.note;
    return [
      {
        file: source.file,
        line: lineAt(source.text, value.offset),
        what: `${JSON.stringify(name.value)}: ${JSON.stringify(command)}`,
        ...(changed === undefined ? {} : { put: JSON.stringify(changed) }),
        ...(note === undefined ? {} : { note }),
        ...(found.some((one) => one.setsNodeEnv) ? { setsNodeEnv: true as const } : {}),
        reads: [...new Set(found.flatMap((one) => one.reads.map((path) => join(folder, path))))],
        needs: found.some((one) => one.needs),
        ...(changed === undefined
          ? {}
          : { edits: [{ start: value.offset, end: value.offset + value.length, text: JSON.stringify(changed) }] }),
      },
    ];
  });
}
