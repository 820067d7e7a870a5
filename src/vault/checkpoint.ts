/**
 * The state as bytes and back, for the log's checkpoint records: JSON, arrays instead of objects where there are many, because
 * unsealing 10,000 secrets reads exactly this. Cells are named by the record they lie in; records stand once, in a table.
 */
import { ZvaultError } from "../errors.ts";
import type { CellRef } from "./record.ts";
import { keptRequests, State, type StoredSecret, type Version } from "./state.ts";

/** [sequence, term, salt hex] */
type RecordRow = [number, number, string];
/** [field, record index, cell, offset, length] */
type FieldRow = [string, number, number, number, number];
/** [id, parent, number, time, author, state, expand, fields] */
type VersionRow = [string, string | null, number, string, string, Version["state"], 0 | 1, FieldRow[]];
type SecretRow = [string, string, string, string, string, string, 0 | 1, VersionRow[]];

type Dump = {
  v: 1;
  records: RecordRow[];
  secrets: SecretRow[];
  projects: [string, string][];
  allowed: [string, string[], string[]][];
  keys: { epoch: number; sha256: string } | null;
  anchors: [number, number, string][];
  requests: string[];
};

export function dumpState(state: State): Uint8Array {
  const records: RecordRow[] = [];
  const indexes = new Map<number, number>();
  const fieldRow = (name: string, ref: CellRef): FieldRow => {
    let index = indexes.get(ref.sequence);
    if (index === undefined) {
      index = records.push([ref.sequence, ref.term, ref.salt]) - 1;
      indexes.set(ref.sequence, index);
    }
    return [name, index, ref.cell, ref.offset, ref.length];
  };
  const secrets: SecretRow[] = [];
  for (const secret of state.secrets.values()) {
    const versions = secret.versions.map((one): VersionRow => {
      const fields = Array.from(one.fields, ([name, ref]) => fieldRow(name, ref));
      return [one.id, one.parent, one.number, one.time, one.author, one.state, one.expand ? 1 : 0, fields];
    });
    const { path, audience, description, createdBy, created } = secret;
    secrets.push([path, secret.class, audience, description, createdBy, created, secret.exposed ? 1 : 0, versions]);
  }
  const dump: Dump = {
    v: 1,
    records,
    secrets,
    projects: [...state.projects],
    allowed: Array.from(state.allowed, ([folder, { refs, dangerous }]) => [folder, [...refs], [...dangerous]]),
    keys: state.keys ?? null,
    anchors: state.anchors.map((one) => [one.segment, one.lines, one.hmac]),
    requests: [...state.requests].slice(-keptRequests),
  };
  return new TextEncoder().encode(JSON.stringify(dump));
}

/** Throws `damaged` for a checkpoint of another version. */
export function loadState(meta: Uint8Array): State {
  const dump = JSON.parse(new TextDecoder().decode(meta)) as Dump;
  if (dump.v !== 1) throw new ZvaultError("damaged", "a checkpoint is of a version this build does not know");
  const state = new State();
  for (const [path, kind, audience, description, createdBy, created, exposed, versions] of dump.secrets) {
    state.secrets.set(path, {
      path,
      class: kind as StoredSecret["class"],
      audience: audience as StoredSecret["audience"],
      description,
      createdBy,
      created,
      exposed: exposed === 1,
      versions: versions.map((row) => new LoadedVersion(row, dump.records)),
    });
  }
  for (const [project, folder] of dump.projects) state.projects.set(project, folder);
  for (const [folder, refs, dangerous] of dump.allowed) {
    state.allowed.set(folder, { refs: new Set(refs), dangerous: new Set(dangerous) });
  }
  state.keys = dump.keys ?? undefined;
  state.anchors = dump.anchors.map(([segment, lines, hmac]) => ({ segment, lines, hmac }));
  state.requests = new Set(dump.requests);
  return state;
}

/** Its fields are made when they are first asked for: of thousands of secrets a run wants a few. */
class LoadedVersion implements Version {
  readonly id: string;
  readonly parent: string | null;
  readonly number: number;
  readonly time: string;
  readonly author: string;
  state: Version["state"];
  readonly expand: boolean;
  readonly #rows: FieldRow[];
  readonly #records: RecordRow[];
  #fields: Map<string, CellRef> | undefined;

  constructor([id, parent, number, time, author, state, expand, fields]: VersionRow, records: RecordRow[]) {
    this.id = id;
    this.parent = parent;
    this.number = number;
    this.time = time;
    this.author = author;
    this.state = state;
    this.expand = expand === 1;
    this.#rows = fields;
    this.#records = records;
    if (fields.some(([, index]) => !records[index]))
      throw new ZvaultError("damaged", "a checkpoint names a record it does not list");
  }

  get fields(): Map<string, CellRef> {
    this.#fields ??= new Map(
      this.#rows.map(([name, index, cell, offset, length]) => {
        const [sequence, term, salt] = this.#records[index] as RecordRow;
        return [name, { sequence, term, salt, cell, offset, length }];
      }),
    );
    return this.#fields;
  }
}
