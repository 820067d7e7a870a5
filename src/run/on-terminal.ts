/** The masked lanes for a run whose output is, at least in part, a terminal's. */
import { isTerminal } from "../sys/tty.ts";
import type { Shield, Start } from "./exec.ts";
import { note } from "./exit.ts";
import type { MaskSet } from "./mask/borders.ts";
import { runPty } from "./pty.ts";
import type { Nul } from "./pump.ts";
import { type Outcome, runMasked } from "./spawn.ts";

/** `at`: which of them are terminals; one is. Everything is masked. Throws as `runMasked`. */
export async function runOnTerminal(
  start: Start,
  set: MaskSet,
  at: { stdout: boolean; stderr: boolean },
  guard: Shield,
  nul: Nul = "pass",
): Promise<Outcome> {
  if (at.stdout) {
    const outcome = await runPty(start, set, { stdin: isTerminal(0), stderr: at.stderr }, guard);
    if (outcome) return outcome;
    note("there are no pseudo-terminals here: the output goes through pipes, without colours and prompts");
  }
  return await runMasked(start, set, { stdout: true, stderr: at.stdout ? true : "terminal" }, guard, nul);
}
