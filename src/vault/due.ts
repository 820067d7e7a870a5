/** When a log is worth a checkpoint or a compaction (docs/design.md says why these numbers). Pure. */
import type { Barrier } from "./barrier.ts";
import type { State } from "./state.ts";

type Log = Pick<Barrier, "size" | "records" | "sinceCheckpoint" | "metaSinceCheckpoint">;

/** records */
const checkpointEvery = 1000;
/** At seal already after this many, or after so many bytes of metadata. */
const worthACheckpoint = { records: 100, meta: 64 * 1024 };
/** Dead bytes that are worth a compaction, if they are also more than half of the log. */
const deadWorth = 1024 * 1024;
/** Counting them goes through all secrets. */
const lookEvery = 64;

/** Unsealing reads the last checkpoint and what follows; one of a large vault each thousand records would make most of its log. */
export function checkpointIsDue({ sinceCheckpoint }: Log, state: State): boolean {
  return sinceCheckpoint > Math.max(checkpointEvery, state.secrets.size / 4);
}

/** Before a seal: the next unseal need not go through what was changed since the last one. */
export function isWorthACheckpoint({ sinceCheckpoint, metaSinceCheckpoint }: Log): boolean {
  return sinceCheckpoint > worthACheckpoint.records || metaSinceCheckpoint > worthACheckpoint.meta;
}

export function compactionIsDue(log: Log, state: State): boolean {
  if (log.size <= 2 * deadWorth || log.records % lookEvery !== 0) return false;
  return log.size - liveBytes(state) > Math.max(deadWorth, log.size / 2);
}

/** About; what a record of its own would take besides its values. */
function liveBytes(state: State): number {
  let live = 0;
  for (const secret of state.secrets.values()) {
    live += 512;
    for (const version of secret.versions) {
      live += 256;
      for (const ref of version.fields.values()) live += ref.length + 64;
    }
  }
  return live;
}
