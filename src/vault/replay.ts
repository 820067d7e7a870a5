/** From the log's records to the state. */
import { ZvaultError } from "../errors.ts";
import type { Replayed } from "./barrier.ts";
import { loadState } from "./checkpoint.ts";
import { parseTransaction } from "./operation.ts";
import { recordType } from "./record.ts";
import type { State } from "./state.ts";

/** One record of the log: a checkpoint replaces the state, any other record moves it on. */
export function applyRecord(state: State, record: Replayed): void {
  try {
    apply(state, record);
  } catch (cause) {
    if (cause instanceof ZvaultError) throw cause;
    // sealed with our keys, so another build wrote it
    throw new ZvaultError("damaged", `record ${record.sequence} holds what this build does not understand`, {
      hint: "use the zvault that wrote it, or a newer one",
      cause,
    });
  }
}

function apply(state: State, record: Replayed): void {
  switch (record.type) {
    case recordType.checkpoint:
      Object.assign(state, loadState(record.meta));
      return;
    case recordType.predecessors:
      return;
    case recordType.transaction:
    case recordType.keysEpoch:
    case recordType.machine:
      state.apply(parseTransaction(record.meta), record.values);
      return;
    default:
      throw new ZvaultError("damaged", `record ${record.sequence} is of a kind this build does not know`, {
        hint: "use the zvault that wrote it, or a newer one",
      });
  }
}
