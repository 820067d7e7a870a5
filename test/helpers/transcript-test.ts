/** Plays a transcript of test/cli against the executable, or the sources where they are newer. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { newest, parseTranscript, play, printTranscript } from "./transcript.ts";

const write = process.env["ZVAULT_TRANSCRIPTS"] === "write";

/** `file`: in test/cli. With ZVAULT_TRANSCRIPTS=write it is written anew, from the sources. */
export function transcriptTest(file: string): void {
  const path = join(import.meta.dirname, "../cli", file);
  const wanted = parseTranscript(readFileSync(path, "utf8"));
  const executable = write ? "source" : newest();
  t.test(`${file} is what is seen, from ${executable}`, async (t) => {
    const seen = await play(wanted, executable);
    if (write) writeFileSync(path, printTranscript(seen));
    else for (const [at, { step }] of seen.entries()) t.strictSame(step, wanted[at]?.step, step.command);
  });
}
