/** What an eject changes, one file after the other: each is written, read back and compared before its references go. */
import { readFileSync, rmSync, lstatSync } from "node:fs";
import { isStub } from "../../envfile/stub.ts";
import { ZvaultError } from "../../errors.ts";
import { readRaw } from "../../run/raw.ts";
import { changeFile, writeWhole } from "../files.ts";
import type { IgnoreRecord } from "../import/record.ts";

/** Throws `changed` for a file that would be lost: one that is there and is neither ours nor the same. */
export function checkFree(folder: string, name: string, bytes: Uint8Array): void {
  const path = `${folder}/${name}`;
  if (!lstatSync(path, { throwIfNoEntry: false })) return;
  const there = readRaw(path)?.bytes;
  if (there && (isStub(there) || Buffer.compare(there, bytes) === 0)) return;
  throw new ZvaultError("changed", `${name} is there, and holds something else than the vault`, {
    hint: `zvault import ${name} takes it into the vault; or move it away`,
    names: [name],
  });
}

/** Throws `damaged` when what is read back is not what was written; the references are still there then. */
export function writeBack(folder: string, name: string, bytes: Uint8Array): void {
  const path = `${folder}/${name}`;
  writeWhole(path, bytes, { replace: true });
  const read = readFileSync(path);
  const same = Buffer.compare(read, bytes) === 0;
  read.fill(0);
  if (!same) throw new ZvaultError("damaged", `${name} read back from disk is not what was written`, { names: [name] });
  rmSync(`${path}.zvault`);
}

/** Takes exactly these lines away, each once, from the end; a file that is empty then was made by the import and goes. What was taken. */
export async function unignore(root: string, records: readonly IgnoreRecord[]): Promise<string[]> {
  const gone: string[] = [];
  for (const { folder, lines } of records) {
    const path = `${folder === "." ? root : `${root}/${folder}`}/.gitignore`;
    if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) continue;
    let empty = false;
    await changeFile(path, (old) => {
      const all =
        Buffer.from(old)
          .toString("latin1")
          .match(/[^\n]*\n|[^\n]+$/g) ?? [];
      for (const line of lines) {
        const at = all.findLastIndex((one) => one.replace(/\r?\n$/, "") === line);
        if (at >= 0) gone.push(...all.splice(at, 1).map((one) => one.trim()));
      }
      empty = all.length === 0;
      return Buffer.from(all.join(""), "latin1");
    });
    if (empty) rmSync(path);
  }
  return gone;
}
