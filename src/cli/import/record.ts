/**
 * What an import added to `.gitignore`, kept in the vault beside the layouts, so that `eject` takes away these lines and no others. Each
 * import that adds something is a version of its own.
 */
import type { Session } from "../session.ts";

export type IgnoreRecord = {
  /** of the `.gitignore`, relative to the folder that holds the vault; "." for that folder itself */
  folder: string;
  lines: string[];
};

export function recordPath(project: string): string {
  return `env/${project}/.layout/.gitignore`;
}

/** One record in each of the projects: the lines count for all of them. */
export async function recordIgnored(
  session: Session,
  sites: readonly { project: string; relative: string }[],
  record: IgnoreRecord,
): Promise<void> {
  const [first, ...others] = sites.map(({ project, relative }) => ({ project, folder: relative }));
  if (record.lines.length === 0 || !first) return;
  const layouts = sites.map(({ project }) => ({ path: recordPath(project) }));
  const bytes = new TextEncoder().encode(JSON.stringify(record));
  const args = { ...first, bind: true, entries: [], layouts, ...(others.length === 0 ? {} : { also: others }) };
  await session.ask("kv.import", args, { body: layouts.map(() => bytes) });
}

/** undefined for anything else. */
export function parseRecord(bytes: Uint8Array): IgnoreRecord | undefined {
  try {
    const { folder, lines } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    if (typeof folder !== "string" || folder.startsWith("/") || folder.split("/").includes("..") || !Array.isArray(lines))
      return undefined;
    return { folder, lines: lines.map(String) };
  } catch {
    return undefined;
  }
}
