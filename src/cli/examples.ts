/** Where a variable is explained: `.env.example` and its kin, which teams commit. They are read, never imported. */
import { readdirSync } from "node:fs";
import { assignments } from "../envfile/document.ts";
import { parse } from "../envfile/parse.ts";
import { shown } from "../envfile/text.ts";
import { readRaw } from "../run/raw.ts";

const example = /^\.env(\.[\w.-]+)?\.(example|sample|template|dist)$|^env\.(example|sample|template)$/;

/** Name → ".env.example:3", with the scheme of a URL in front: nothing else of a value, somebody may have put a real one there. */
export function examplesIn(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of readdirSync(folder)
    .filter((name) => example.test(name))
    .toSorted()) {
    for (const one of assignments(parse(readRaw(`${folder}/${file}`)?.bytes ?? new Uint8Array()))) {
      if (found.has(one.name)) continue;
      const scheme = /^[a-z][a-z0-9+.-]{1,20}:\/\//.exec(shown(one.value))?.[0];
      found.set(one.name, `${scheme === undefined ? "" : `${scheme}… in `}${file}:${one.line}`);
    }
  }
  return found;
}
