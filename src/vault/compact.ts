/**
 * A new generation of a log: live values are decrypted and sealed anew under the newest term, and what was destroyed or outdated is
 * left behind. Built beside the log, read back in full, then renamed into place. Also how a new lineage begins.
 */
import type { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import { limits } from "../verbs.ts";
import { Barrier, type TermView } from "./barrier.ts";
import { dumpState } from "./checkpoint.ts";
import type { LogPosition } from "./head.ts";
import { folderOf, type Io } from "./io.ts";
import { type Operation, printTransaction } from "./operation.ts";
import { recordType } from "./record.ts";
import type { Predecessors } from "./recovery.ts";
import { applyRecord } from "./replay.ts";
import { State } from "./state.ts";

export type CompactOptions = {
  io: Io;
  path: string;
  terms: TermView;
  barrier: Barrier;
  state: State;
  /** a new lineage instead of the old one */
  lineage?: string;
  /** further positions this generation replaces: a head that was overruled */
  overruled?: LogPosition;
  /** false after `destroy` and `access remove`: what was there before must not stay readable */
  keepPrevious: boolean;
  clock(): Date;
};

/** One record of a new generation holds at most this many bytes of values. */
const batchBytes = 8 * 1024 * 1024;

/** The barrier over the new generation, in place and on disk, and its state. The old barrier stays open: reads may still use it. */
export async function compact(o: CompactOptions): Promise<{ barrier: Barrier; state: State }> {
  const old = o.barrier.header;
  const fresh = `${o.path}.new`;
  const header = {
    id: old.id,
    lineage: o.lineage ?? old.lineage,
    generation: old.generation + 1,
    first: o.barrier.position.sequence + 1,
  };
  const next = await Barrier.create(o.io, fresh, o.terms, header);
  try {
    const predecessors: Predecessors = { v: 1, predecessors: [o.barrier.position, ...(o.overruled ? [o.overruled] : [])] };
    next.append(recordType.predecessors, new TextEncoder().encode(JSON.stringify(predecessors)), []);
    const state = copyInto(o, next);
    next.append(recordType.checkpoint, dumpState(state), []);
    await next.synced();
    next.verify();
    if (!sameNames(o.state, state)) throw new ZvaultError("internal", "the compacted vault does not say what the old one said");
  } catch (failure) {
    next.close();
    o.io.remove(fresh);
    throw failure;
  }
  next.close();
  await install(o, fresh);
  const state = new State();
  const { barrier } = Barrier.open({
    io: o.io,
    path: o.path,
    terms: o.terms,
    head: undefined,
    replay: (record) => applyRecord(state, record),
  });
  return { barrier, state };
}

/** The log before stays as `vault.prev` until the next time: linked first, so at every moment there is a `vault`. */
async function install(o: CompactOptions, fresh: string): Promise<void> {
  const previous = `${o.path}.prev`;
  o.io.remove(previous);
  if (o.keepPrevious) o.io.link(o.path, previous);
  o.io.rename(fresh, o.path);
  await o.io.syncFolder(folderOf(o.path));
}

function copyInto(o: CompactOptions, next: Barrier): State {
  const state = new State();
  let ops: Operation[] = [];
  let values: Secret[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (ops.length === 0) return;
    const transaction = { v: 1 as const, time: o.clock().toISOString(), request: "compaction", author: "compaction", ops };
    const meta = printTransaction(transaction);
    const cells = next.append(recordType.transaction, meta, values);
    applyRecord(state, { type: recordType.transaction, sequence: next.position.sequence, meta, values: cells });
    for (const value of values) value.wipe();
    ops = [];
    values = [];
    bytes = 0;
  };
  try {
    for (const operation of operationsOf(o.state)) {
      if (operation.op === "put") {
        const version = o.state.secrets.get(operation.path)?.versions.find((one) => one.id === operation.id);
        for (const [field, ref] of version?.fields ?? []) {
          const value = o.barrier.read(ref);
          values.push(value);
          bytes += value.length;
          operation.fields[field] = values.length;
        }
      }
      ops.push(operation);
      if (bytes > batchBytes || values.length >= limits.entries / 2 || ops.length >= limits.entries) flush();
    }
    flush();
  } finally {
    for (const value of values) value.wipe();
  }
  for (const request of o.state.requests) state.requests.add(request);
  return state;
}

/** Operations that lead to the same state; `put` without its cells. */
function operationsOf(state: State): Operation[] {
  const ops: Operation[] = [];
  for (const secret of state.secrets.values()) {
    const { path, audience, description, createdBy, exposed, created } = secret;
    const about = { class: secret.class, audience, description, createdBy, exposed };
    for (const { id, parent, number, time, author, state: now, expand } of secret.versions) {
      // without a prototype: a field may be called __proto__
      const fields = Object.create(null) as Record<string, number>;
      ops.push({ op: "put", path, id, parent, fields, number, time, author, state: now, expand, ...about });
    }
    ops.push({ op: "describe", path, created, ...about });
  }
  for (const [project, folder] of state.projects) ops.push({ op: "project", project, folder });
  for (const [folder, { refs, dangerous }] of state.allowed)
    ops.push({ op: "allow", folder, refs: [...refs], dangerous: [...dangerous] });
  for (const [table, entries] of state.tables) for (const [key, value] of entries) ops.push({ op: "set", table, key, value });
  if (state.keys) ops.push({ op: "keys-epoch", ...state.keys });
  for (const anchor of state.anchors) ops.push({ op: "anchor", ...anchor });
  return ops;
}

/** Both states as dumps without the places of their cells. */
function sameNames(a: State, b: State): boolean {
  const names = (state: State): string =>
    JSON.stringify([
      Array.from(state.secrets.values(), (one) => [
        { ...one, versions: undefined },
        ...one.versions.map((version) => ({ ...version, fields: [...version.fields.keys()] })),
      ]),
      [...state.projects],
      Array.from(state.allowed, ([folder, { refs, dangerous }]) => [folder, [...refs], [...dangerous]]),
      state.keys ?? null,
      state.anchors,
      Array.from(state.tables, ([table, entries]) => [table, [...entries]]),
    ]);
  return names(a) === names(b);
}
