/** Plays a transcript of test/cli against the sources and, where a fresh one lies in dist/, against the executable. */
import { globSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseTranscript, play, printTranscript } from "./transcript.ts";

const root = join(import.meta.dirname, "../..");
const write = process.env["ZVAULT_TRANSCRIPTS"] === "write";

/** An executable that is older than a source says nothing about it. */
function distIsFresh(): boolean {
  const built = statSync(join(root, "dist/zvault"), { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) return false;
  return globSync("src/**/*", { cwd: root }).every((file) => statSync(join(root, file)).mtimeMs < built);
}

/** `file`: in test/cli. With ZVAULT_TRANSCRIPTS=write it is written anew, from the sources. */
export function transcriptTest(file: string): void {
  const path = join(root, "test/cli", file);
  const wanted = parseTranscript(readFileSync(path, "utf8"));
  for (const executable of ["source", "dist"] as const) {
    const skip = executable === "dist" && (write || !distIsFresh()) ? "no fresh dist/zvault" : false;
    t.test(`${file} is what is seen, from ${executable}`, { skip }, async (t) => {
      const seen = await play(wanted, executable);
      if (write) writeFileSync(path, printTranscript(seen));
      else for (const [at, { step }] of seen.entries()) t.strictSame(step, wanted[at]?.step, step.command);
    });
  }
}
