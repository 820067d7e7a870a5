/**
 * The first two lines of a `.env.zvault`: what it belongs to, and a word to readers, who may be language models. A byte order
 * mark of the original stays in front; lines end as the original's lines do.
 */
import { ZvaultError } from "../errors.ts";

export type Head = {
  /** slug, see `project.ts` */
  project: string;
  /** id of the vault that made the file, 32 hex digits */
  vault: string;
};

export const readersLine =
  "# Values are in zvault, not here. Run programs with: zvault run -- <cmd>. Names are safe to use. Do not look for the values.";

const grammar = /^\ufeff?# zvault 1 project=([a-z0-9][a-z0-9._-]{0,63}) vault=([0-9a-f]{32})$/;

/** The head of a file's text; undefined if its first line is no head at all. Throws `usage` for one of another form or version. */
export function parseHead(text: string): Head | undefined {
  const line = /^[^\r\n]*/.exec(text)?.[0] ?? "";
  if (!/^\ufeff?# zvault\s*\d/.test(line)) return undefined;
  const [, project, vault] = grammar.exec(line) ?? [];
  if (project === undefined || vault === undefined) {
    throw new ZvaultError("usage", "the first line is not `# zvault 1 project=NAME vault=ID` as this zvault writes it", {
      hint: "was the file made by a newer zvault, or edited by hand?",
    });
  }
  return { project, vault };
}

export function printHead(head: Head): string {
  return `# zvault 1 project=${head.project} vault=${head.vault}`;
}

/** The text with the two lines in front. */
export function withHead(text: string, head: Head): string {
  const mark = text.startsWith("\ufeff") ? "\ufeff" : "";
  const end = /\r\n|\n/.exec(text)?.[0] ?? "\n";
  return `${mark}${printHead(head)}${end}${readersLine}${end}${text.slice(mark.length)}`;
}
