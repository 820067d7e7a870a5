/** Which files may read a dotenv file, and what in them does. */
import { type ComposeFile, isComposeName, readCompose } from "./compose.ts";
import { isLineFile, lineReaders } from "./lines.ts";
import { packageReaders } from "./package-json.ts";
import type { Imported, Reader, Source } from "./reader.ts";
import { vscodeReaders } from "./vscode.ts";

const baseOf = (file: string): string => file.slice(file.lastIndexOf("/") + 1);

/** By its name alone: whether a file is worth reading. */
export function mayRead(file: string): boolean {
  const base = baseOf(file);
  return (
    base === "package.json" ||
    isComposeName(base) ||
    /(^|\/)\.vscode\/(launch|settings|tasks)\.json$/.test(file) ||
    isLineFile(file)
  );
}

export type Found = { readers: Reader[]; compose: ComposeFile[] };

export function findReaders(sources: readonly Source[], imported: Imported): Found {
  const found: Found = { readers: [], compose: [] };
  for (const source of sources) {
    try {
      look(source, imported, found);
    } catch (error) {
      // nested deeper than the parser's stack: no program reads it either
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return found;
}

function look(source: Source, imported: Imported, found: Found): void {
  const base = baseOf(source.file);
  if (!source.text.includes("env") && base !== "package.json" && !base.startsWith("Procfile") && !isComposeName(base)) return;
  if (base === "package.json") found.readers.push(...packageReaders(source, imported));
  else if (isComposeName(base)) {
    const compose = readCompose(source, imported);
    if (compose) found.compose.push(compose);
    found.readers.push(...(compose?.readers ?? []));
  } else if (/(^|\/)\.vscode\/(launch|settings)\.json$/.test(source.file)) found.readers.push(...vscodeReaders(source, imported));
  else found.readers.push(...firstOnly(base, lineReaders(source, imported)));
}

/** A Procfile is read once, whatever number of processes it has. */
function firstOnly(base: string, readers: Reader[]): Reader[] {
  return base.startsWith("Procfile") ? readers.slice(0, 1) : readers;
}
