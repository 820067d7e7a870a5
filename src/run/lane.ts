/** Which way a program is started: in our place, behind pipes of ours, or on a terminal of ours. */
import type { Verdict } from "../calls.ts";

/**
 * exec   this process becomes the program; what it prints goes where it went before
 * pipes  redirected output goes through the mask, and output to a terminal, too, unless it is plainly a person's
 * pty    the program gets a terminal of ours as its stdout, and everything it prints goes through the mask
 */
export type Lane = "exec" | "pipes" | "pty";

/** `stdout`, `stderr`: whether they are terminals. `mask`: false with --no-mask, which is refused before this under a sign. */
export function laneOf(verdict: Verdict, at: { stdout: boolean; stderr: boolean }, mask: boolean): Lane {
  if (!mask) return "exec";
  if (verdict !== "plain") return at.stdout ? "pty" : "pipes";
  return at.stdout && at.stderr ? "exec" : "pipes";
}
