/**
 * The state as bytes and back, for the log's checkpoint records (docs/format.md, "Checkpoints"): columns of numbers, each text once,
 * because unsealing 10,000 secrets reads exactly this.
 */
import { ZvaultError } from "../errors.ts";
import { format, isNewer, newerFormat } from "./format-version.ts";
import type { Json } from "./operation.ts";
import type { CellRef } from "./cell.ts";
import { keptRequests, State, type StoredSecret, type Version } from "./state.ts";

type Dump = {
  v: 1;
  /** whatever the columns name by its index here */
  texts: string[];
  /** sequence, term */
  records: number[];
  /** paths */
  secrets: string[];
  /** of each: class, audience, description, createdBy, created (texts), exposed 0|1, number of versions */
  about: number[];
  /** of all versions, in hex, one after the other */
  ids: string;
  /** parent (0 or 1 + text), number, time, author, state (texts), expand 0|1, number of fields */
  versions: number[];
  /** name (text), record (its index), cell, offset, length */
  fields: number[];
  projects: [string, string][];
  allowed: [string, string[], string[]][];
  keys: { epoch: number; sha256: string } | null;
  anchors: [number, number, string][];
  /** [table, [[key, entry], …]], … */
  tables?: [string, [string, Json][]][];
  requests: string[];
};

const idLength = 32;

/** Numbers things in the order they first come. */
class Numbers<K> {
  readonly all: K[] = [];
  readonly #known = new Map<unknown, number>();

  of(thing: K, key: unknown = thing): number {
    let number = this.#known.get(key);
    if (number === undefined) {
      number = this.all.push(thing) - 1;
      this.#known.set(key, number);
    }
    return number;
  }
}

export function dumpState(state: State): Uint8Array {
  const texts = new Numbers<string>();
  const records = new Numbers<CellRef>();
  const [about, versions, fields]: [number[], number[], number[]] = [[], [], []];
  const ids: string[] = [];
  for (const secret of state.secrets.values()) {
    for (const text of [secret.class, secret.audience, secret.description, secret.createdBy, secret.created])
      about.push(texts.of(text));
    about.push(secret.exposed ? 1 : 0, secret.versions.length);
    for (const one of secret.versions) {
      ids.push(one.id);
      versions.push(one.parent === null ? 0 : 1 + texts.of(one.parent), one.number);
      for (const text of [one.time, one.author, one.state]) versions.push(texts.of(text));
      versions.push(one.expand ? 1 : 0, one.fields.size);
      for (const [name, ref] of one.fields)
        fields.push(texts.of(name), records.of(ref, ref.sequence), ref.cell, ref.offset, ref.length);
    }
  }
  const dump: Dump = {
    v: 1,
    texts: texts.all,
    records: records.all.flatMap((one) => [one.sequence, one.term]),
    secrets: [...state.secrets.keys()],
    about,
    ids: ids.join(""),
    versions,
    fields,
    projects: [...state.projects],
    allowed: Array.from(state.allowed, ([folder, { refs, dangerous }]) => [folder, [...refs], [...dangerous]]),
    keys: state.keys ?? null,
    anchors: state.anchors.map((one) => [one.segment, one.lines, one.hmac]),
    tables: Array.from(state.tables, ([table, entries]) => [table, [...entries]]),
    requests: [...state.requests].slice(-keptRequests),
  };
  return new TextEncoder().encode(JSON.stringify(dump));
}

/** Throws `damaged` for a checkpoint of another version, or whose columns do not fit each other. */
export function loadState(meta: Uint8Array): State {
  const dump = JSON.parse(new TextDecoder().decode(meta)) as Dump;
  if (isNewer(dump.v)) throw newerFormat("a checkpoint of the log", dump.v);
  if (dump.v !== format) throw new ZvaultError("damaged", "a checkpoint is of no format");
  const { about, versions } = dump;
  const state = new State();
  let [version, field, row] = [0, 0, 0];
  for (const path of dump.secrets) {
    state.secrets.set(path, new LoadedSecret(dump, path, row, version, field));
    const next = version + countIn(about, row + 6);
    if (7 * next > versions.length) throw unfit();
    for (; version < next; version++) field += countIn(versions, 7 * version + 6);
    row += 7;
  }
  if (about.length !== row || versions.length !== 7 * version || dump.ids.length !== idLength * version) throw unfit();
  if (dump.fields.length !== 5 * field) throw unfit();
  for (const [project, folder] of dump.projects) state.projects.set(project, folder);
  for (const [folder, refs, dangerous] of dump.allowed) {
    state.allowed.set(folder, { refs: new Set(refs), dangerous: new Set(dangerous) });
  }
  state.keys = dump.keys ?? undefined;
  state.anchors = dump.anchors.map(([segment, lines, hmac]) => ({ segment, lines, hmac }));
  // checkpoints made before there were tables have none
  state.tables = new Map((dump.tables ?? []).map(([table, entries]) => [table, new Map(entries)]));
  state.requests = new Set(dump.requests);
  return state;
}

function countIn(column: readonly number[], at: number): number {
  const count = column[at];
  if (count === undefined || !Number.isSafeInteger(count) || count < 0) throw unfit();
  return count;
}

function textAt(texts: readonly string[], index: number | undefined): string {
  const text = texts[index ?? -1];
  if (text === undefined) throw unfit();
  return text;
}

function unfit(): ZvaultError {
  return new ZvaultError("damaged", "the columns of a checkpoint do not fit each other");
}

/** Its versions are made when they are first asked for: of thousands of secrets a run wants a few. */
class LoadedSecret implements StoredSecret {
  readonly path: string;
  class: StoredSecret["class"];
  audience: StoredSecret["audience"];
  description: string;
  createdBy: string;
  created: string;
  exposed: boolean;
  readonly #dump: Dump;
  readonly #row: number;
  readonly #version: number;
  readonly #field: number;
  #versions: Version[] | undefined;

  /** `row`: where its columns begin in `about`; `version`, `field`: the rows of its first ones. */
  constructor(dump: Dump, path: string, row: number, version: number, field: number) {
    const { texts, about } = dump;
    this.path = path;
    this.class = textAt(texts, about[row]) as StoredSecret["class"];
    this.audience = textAt(texts, about[row + 1]) as StoredSecret["audience"];
    this.description = textAt(texts, about[row + 2]);
    this.createdBy = textAt(texts, about[row + 3]);
    this.created = textAt(texts, about[row + 4]);
    this.exposed = about[row + 5] === 1;
    this.#dump = dump;
    this.#row = row;
    this.#version = version;
    this.#field = field;
  }

  get #count(): number {
    return this.#dump.about[this.#row + 6] ?? 0;
  }

  get versions(): Version[] {
    if (!this.#versions) {
      this.#versions = [];
      let field = this.#field;
      for (let at = this.#version; at < this.#version + this.#count; at++) {
        this.#versions.push(versionAt(this.#dump, at, field));
        field += this.#dump.versions[7 * at + 6] ?? 0;
      }
    }
    return this.#versions;
  }

  get lastState(): Version["state"] | undefined {
    if (this.#versions || this.#count === 0) return undefined;
    const last = this.#version + this.#count - 1;
    return textAt(this.#dump.texts, this.#dump.versions[7 * last + 4]) as Version["state"];
  }
}

/** `field`: the row of its first one. */
function versionAt(dump: Dump, version: number, field: number): Version {
  const { texts, ids } = dump;
  const [parent = 0, number = 0, time, author, state, expand, count = 0] = dump.versions.slice(7 * version, 7 * version + 7);
  return {
    id: ids.slice(idLength * version, idLength * (version + 1)),
    parent: parent === 0 ? null : textAt(texts, parent - 1),
    number,
    time: textAt(texts, time),
    author: textAt(texts, author),
    state: textAt(texts, state) as Version["state"],
    expand: expand === 1,
    fields: new Map(Array.from({ length: count }, (_, at) => fieldAt(dump, field + at))),
  };
}

function fieldAt({ texts, records, fields }: Dump, field: number): [string, CellRef] {
  const [name, record = 0, cell = 0, offset = 0, length = 0] = fields.slice(5 * field, 5 * field + 5);
  const [sequence, term] = records.slice(2 * record, 2 * record + 2);
  if (sequence === undefined || term === undefined) throw unfit();
  return [textAt(texts, name), { sequence, term, cell, offset, length }];
}
