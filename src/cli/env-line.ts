/** Adds the line of a new name to the project's `.env.zvault`; makes the file where there is none. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { expressionsOf } from "../envfile/document.ts";
import { withHead } from "../envfile/head.ts";
import { parse } from "../envfile/parse.ts";
import { printReference } from "../envfile/reference.ts";
import { changeFile } from "./files.ts";
import type { Project } from "./project.ts";

/** Returns the file's name, undefined if it had the name already. */
export async function addLine(project: Project, vault: string, name: string, path: string): Promise<string | undefined> {
  const target = `${project.folder}/${project.fileName}`;
  const fresh = !existsSync(target);
  const changed = await changeFile(target, (bytes) => {
    if (expressionsOf(parse(bytes)).has(name)) return undefined;
    const line = `${name}=${printReference({ path })}\n`;
    if (fresh) return new TextEncoder().encode(withHead(line, { project: project.slug, vault }));
    const end = bytes.length === 0 || bytes.at(-1) === 0x0a ? "" : "\n";
    return Buffer.concat([bytes, new TextEncoder().encode(end + line)]);
  });
  return changed ? basename(target) : undefined;
}
