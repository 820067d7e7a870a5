/** Logs on a disk in memory, without a vault around them: made, cut, put together anew, opened. */
import { hex } from "../../src/crypto/hash.ts";
import { random } from "../../src/crypto/random.ts";
import { Barrier, type OpenOptions } from "../../src/vault/barrier.ts";
import type { Head, LogPosition } from "../../src/vault/head.ts";
import type { Header } from "../../src/vault/header.ts";
import type { Keyring } from "../../src/vault/keyring.ts";
import { printTransaction } from "../../src/vault/operation.ts";
import { recordType } from "../../src/vault/record.ts";
import { MemoryIo } from "../crash/memory-io.ts";
import { secret } from "./vault.ts";

export const logPath = "/vault";

export type Log = {
  bytes: Uint8Array;
  header: Header;
  /** where each record begins; the last one is the end */
  offsets: number[];
  /** position after each record; the first one before any */
  positions: LogPosition[];
};

/** A log of `count` puts with small values. Logs of the same `header` and different `author` are forks with equal sequences. */
export async function makeLog(keyring: Keyring, count: number, more: Partial<Header> = {}, author = "test"): Promise<Log> {
  const io = new MemoryIo();
  const header = { id: "11".repeat(16), lineage: hex(random(16)), generation: 1, first: 1, ...more };
  const barrier = await Barrier.create(io, logPath, keyring, header);
  const offsets = [barrier.size];
  const positions = [barrier.position];
  for (let at = 0; at < count; at++) {
    const value = secret(`value ${at}`);
    const ops = [{ op: "put" as const, path: `env/shop/P${at % 7}`, id: hex(random(16)), parent: null, fields: { value: 1 } }];
    const meta = printTransaction({ v: 1, time: "2026-01-01T00:00:00.000Z", request: String(at), author, ops });
    barrier.append(recordType.transaction, meta, [value]);
    value.wipe();
    offsets.push(barrier.size);
    positions.push(barrier.position);
  }
  return { bytes: io.contentOf(logPath), header, offsets, positions };
}

export function headAt(log: Log, position: LogPosition | undefined): Head | undefined {
  return position && { id: log.header.id, log: position, audit: { segment: 1, sequence: 0, hmac: "0".repeat(64) } };
}

export type Outcome = { code: string; message?: string; records?: number; notices?: string[]; io: MemoryIo };

/** What opening these bytes as a log says. */
export function tryLog(keyring: Keyring, bytes: Uint8Array, head: Head | undefined, more: Partial<OpenOptions> = {}): Outcome {
  const io = new MemoryIo();
  io.setContent(logPath, bytes);
  let replayed = 0;
  try {
    const { barrier, notices } = Barrier.open({
      io,
      path: logPath,
      terms: keyring,
      head,
      replay: () => void (replayed += 1),
      ...more,
    });
    barrier.close();
    return { code: "accepted", records: replayed, notices, io };
  } catch (failure) {
    const { code, message } = failure as { code?: string; message: string };
    return { code: code ?? `crash: ${message}`, message, io };
  }
}

/** The record of that number, counted from 0. */
export function recordOf(log: Log, index: number): Uint8Array {
  return log.bytes.subarray(log.offsets[index], log.offsets[index + 1]);
}

/** A log's header and records, in that order. */
export function joined(log: Log, records: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat([log.bytes.subarray(0, 128), ...records]));
}
