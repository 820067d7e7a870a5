/** How transit commands give out what is no secret: ciphertexts, signatures, HMACs, sums; on stdout, or in a file. */
import { say, sayJson } from "../output.ts";
import { NewFile } from "./new-file.ts";

export type PrintFlags = { json: boolean; yes: boolean; out?: string | undefined };

/** One text, or one line for each of a batch. `about`: the JSON object, without the text's own `field`. */
export function printTexts(flags: PrintFlags, texts: readonly string[], about: object, field: string): void {
  if (flags.out !== undefined) {
    const { path, bytes } = writeTexts(flags.out, texts, flags.yes);
    if (flags.json) sayJson({ ...about, out: path, bytes });
  } else if (flags.json) sayJson({ ...about, [field]: texts[0] ?? "" });
  else for (const text of texts) say(text);
}

/** As lines of a new file. */
export function writeTexts(out: string, texts: readonly string[], replace: boolean): { path: string; bytes: number } {
  const file = new NewFile(out, { replace });
  try {
    for (const text of texts) file.write(Buffer.from(`${text}\n`));
    file.finish();
    return { path: file.path, bytes: file.bytes };
  } finally {
    file.close();
  }
}

/** JSON lines of a batch: to a file, or to stdout as they are. */
export function printBatch(flags: { yes: boolean; out?: string | undefined }, lines: readonly string[]): void {
  if (flags.out !== undefined) writeTexts(flags.out, lines, flags.yes);
  else for (const line of lines) say(line);
}
