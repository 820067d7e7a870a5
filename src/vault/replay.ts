/** From the log's records to the state. */
import { ZvaultError } from "../errors.ts";
import { newerFormat } from "./format-version.ts";
import type { Replayed } from "./barrier.ts";
import { loadState } from "./checkpoint.ts";
import { parseTransaction } from "./operation.ts";
import { recordType } from "./record.ts";
import type { State } from "./state.ts";

/** One record of the log: a checkpoint replaces the state, any other record moves it on. */
export function applyRecord(state: State, record: Replayed): void {
  try {
    apply(state, record);
  } catch (failure) {
    if (failure instanceof ZvaultError) throw failure;
    // sealed with our keys, so another build wrote it
    throw newerFormat(`what record ${record.sequence} holds`);
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
      throw newerFormat(`record ${record.sequence}, of a kind of its own,`);
  }
}
