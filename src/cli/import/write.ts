/** What an import leaves in the project: `.env.zvault`, lines of `.gitignore`, and no `.env` any more. */
import { closeSync, constants, fsyncSync, openSync, rmSync } from "node:fs";
import { assignments, expressionsOf } from "../../envfile/document.ts";
import { parseHead } from "../../envfile/head.ts";
import { parse } from "../../envfile/parse.ts";
import type { PlannedFile } from "../../envfile/plan.ts";
import { pieceText } from "../../envfile/print.ts";
import { ZvaultError } from "../../errors.ts";
import { changeFile, readProjectFile } from "../files.ts";
import { type Gathered, unchanged } from "./gather.ts";

/** What an import changed of a `.env.zvault` that was there: names. A secret's new value is the vault's to tell. */
export type Difference = {
  added: string[];
  /** readable values that are others now, and what changed between readable and secret */
  changed: string[];
  /** not in the file any more; their lines are kept */
  gone: string[];
};

/**
 * Writes `<name>.zvault`. Names that only the one there before has are kept at the end: a file that was written anew with fewer
 * variables takes no reference away. undefined: there was none before.
 */
export async function writeReferences(folder: string, file: PlannedFile): Promise<Difference | undefined> {
  let difference: Difference | undefined;
  await changeFile(`${folder}/${file.name}.zvault`, (old) => {
    difference = undefined;
    if (old.length === 0) return file.envZvault;
    checkOurs(old, `${file.name}.zvault`);
    const before = expressionsOf(parse(old));
    const now = expressionsOf(parse(file.envZvault));
    const gone = [...before.keys()].filter((name) => !now.has(name));
    const changed = [...now].flatMap(([name, one]) => (before.has(name) && before.get(name)?.text !== one.text ? [name] : []));
    difference = { added: [...now.keys()].filter((name) => !before.has(name)), changed, gone };
    if (gone.length === 0) return file.envZvault;
    const rest = assignments(parse(old)).filter((one) => gone.includes(one.name));
    const text = Buffer.from(file.envZvault).toString("utf8");
    const lines = rest.map((one) => pieceText(one).replace(/[\r\n]*$/, "\n")).join("");
    return new TextEncoder().encode(`${text}${text.endsWith("\n") ? "" : "\n"}${lines}`);
  });
  return difference;
}

/** Before anything is changed: what stands where the references go can be taken over. Throws `unsafe-file`, `too-large`. */
export function checkTarget(folder: string, name: string): void {
  const old = readProjectFile(`${folder}/${name}.zvault`);
  if (old && old.bytes.length > 0) checkOurs(old.bytes, `${name}.zvault`);
}

/** A file of that name that zvault did not write is not written over. */
function checkOurs(bytes: Uint8Array, name: string): void {
  const text = Buffer.from(bytes.subarray(0, 4096)).toString("utf8");
  if (parseHead(text) !== undefined) return;
  throw new ZvaultError("unsafe-file", `${name} is there and was not written by zvault`, {
    hint: "move it away, then import again",
    names: [name],
  });
}

/** Takes the plaintext file away, on disk when this returns; one that changed since it was read stays. */
export function takeAway(folder: string, file: Gathered["files"][number]): void {
  if (!unchanged(folder, file)) {
    throw new ZvaultError("changed", `${file.name} changed while it was imported; it was left where it is`, {
      hint: `import it again: zvault import ${file.name}`,
      names: [file.name],
    });
  }
  rmSync(`${folder}/${file.name}`);
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
