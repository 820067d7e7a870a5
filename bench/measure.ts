/** Measuring: commands in turn, medians, and everything as a multiple of `node -e 0` in the same rounds. */
import { spawnSync } from "node:child_process";

export type Command = { argv: string[]; cwd?: string; env?: Record<string, string>; before?: () => void };

export function median(all: readonly number[]): number {
  const sorted = all.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

export function timeOnce(command: Command): number {
  command.before?.();
  const started = performance.now();
  const done = spawnSync(command.argv[0] ?? "", command.argv.slice(1), {
    cwd: command.cwd,
    env: command.env ?? {},
    stdio: ["ignore", "ignore", "pipe"],
  });
  const took = performance.now() - started;
  if (done.status !== 0) throw new Error(`${command.argv.join(" ")} ended with ${done.status}: ${done.stderr.toString()}`);
  return took;
}

/** Milliseconds of each, by name; one run of each per round, so that a busy moment hits all. */
export function interleaved(commands: Record<string, Command>, rounds: number): Record<string, number> {
  const taken = new Map<string, number[]>(Object.keys(commands).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, command] of Object.entries(commands)) {
      const took = timeOnce(command);
      if (round > 0) taken.get(name)?.push(took); // the first one warms the caches
    }
  }
  return Object.fromEntries(Array.from(taken, ([name, all]) => [name, median(all)]));
}

export function report(what: string, figure: string, target: string): void {
  console.log(`${what.padEnd(58)} ${figure.padStart(12)}   ${target}`);
}

export function ratio(value: number, unit: number): string {
  return `${(value / unit).toFixed(2)} n`;
}
