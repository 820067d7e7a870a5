/** Which way a program is started: in our place, behind pipes of ours, or on a terminal of ours. */
import type { Verdict } from "../calls/vault.ts";

/**
 * exec   this process becomes the program; what it prints goes where it went before
 * pipes  redirected output goes through the mask; output to a terminal, if there is any, does not
 * pty    what is a terminal stays one to the program, a terminal of ours, and everything it prints goes through the mask
 */
export type Lane = "exec" | "pipes" | "pty";

/** `stdout`, `stderr`: whether they are terminals. `mask`: false with --no-mask, which is refused before this under a sign. */
export function laneOf(verdict: Verdict, at: { stdout: boolean; stderr: boolean }, mask: boolean): Lane {
  if (!mask) return "exec";
  if (verdict !== "plain" && (at.stdout || at.stderr)) return "pty";
  return at.stdout && at.stderr ? "exec" : "pipes";
}
