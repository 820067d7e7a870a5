/**
 * A disk in memory that tells what is durable from what is not, and records every step, so that a crash after each of them can be
 * played: unsynced bytes lost or kept in any mixture of 512-byte sectors, unsynced names lost from some point on.
 */
import { ZvaultError } from "../../src/errors.ts";
import { type FileStat, folderOf, type Io, ioError, type OpenMode } from "../../src/vault/io.ts";

export type Step =
  | { do: "make"; folder: number; name: string; node: number; kind: "file" | "folder" }
  | { do: "write"; node: number; at: number; bytes: Uint8Array }
  | { do: "truncate"; node: number; length: number }
  /** what was written before step `upTo` is on disk */
  | { do: "sync"; node: number; upTo: number }
  | { do: "sync-folder"; folder: number; upTo: number }
  | { do: "rename"; folder: number; from: string; to: string }
  | { do: "link"; folder: number; from: string; to: string }
  | { do: "remove"; folder: number; name: string }
  | { do: "mark"; label: string };

type Node = { id: number; kind: "file" | "folder"; data: Uint8Array; size: number; names: Map<string, number> };

const root = 1;

function fail(errno: string, what: string): never {
  throw ioError(Object.assign(new Error(errno), { code: errno }), what);
}

/** What a fault does to the n-th call; undefined: nothing. */
export type Fault = (call: string, n: number) => { errno: string; short?: boolean } | undefined;

export class MemoryIo implements Io {
  readonly nodes = new Map<number, Node>();
  readonly steps: Step[] = [];
  readonly #fds = new Map<number, { node: number; append: boolean }>();
  readonly #locks = new Map<number, number>();
  nextNode = 2;
  #nextFd = 100;
  #calls = 0;
  fault: Fault | undefined;
  /** mutants: syncs that do nothing */
  skip: { datasync?: boolean; folder?: boolean; file?: boolean } = {};

  constructor() {
    this.nodes.set(root, node(root, "folder"));
  }

  get calls(): number {
    return this.#calls;
  }

  mark(label: string): void {
    this.steps.push({ do: "mark", label });
  }

  #count(call: string): { errno: string; short?: boolean } | undefined {
    this.#calls += 1;
    return this.fault?.(call, this.#calls);
  }

  #enter(call: string, what: string): void {
    const fault = this.#count(call);
    if (fault) fail(fault.errno, what);
  }

  #node(id: number): Node {
    const found = this.nodes.get(id);
    if (!found) throw new Error(`no node ${id}`);
    return found;
  }

  #find(path: string): Node | undefined {
    let at: Node | undefined = this.#node(root);
    for (const part of path.split("/").filter(Boolean)) {
      const id: number | undefined = at?.names.get(part);
      at = id === undefined ? undefined : this.nodes.get(id);
    }
    return at;
  }

  #folder(path: string): Node {
    const found = this.#find(folderOf(path));
    if (!found) fail("ENOENT", path);
    return found;
  }

  #make(path: string, kind: "file" | "folder"): Node {
    const folder = this.#folder(path);
    const made = node(this.nextNode++, kind);
    this.nodes.set(made.id, made);
    folder.names.set(nameOf(path), made.id);
    this.steps.push({ do: "make", folder: folder.id, name: nameOf(path), node: made.id, kind });
    return made;
  }

  open(path: string, mode: OpenMode): number {
    this.#enter("open", path);
    let found = this.#find(path);
    if (mode === "create-exclusive" && found) fail("EEXIST", path);
    if (!found && (mode === "create-exclusive" || mode === "create-or-open")) found = this.#make(path, "file");
    if (!found) fail("ENOENT", path);
    if (found.kind !== "file") throw new ZvaultError("unsafe-file", `${path} is not a regular file`);
    const fd = this.#nextFd++;
    this.#fds.set(fd, { node: found.id, append: mode === "append-read-write" });
    return fd;
  }

  #of(fd: number): { node: Node; append: boolean } {
    const found = this.#fds.get(fd);
    if (!found) fail("EBADF", "descriptor");
    return { node: this.#node(found.node), append: found.append };
  }

  read(fd: number, into: Uint8Array, position: number): number {
    this.#enter("read", "read");
    const { node: from } = this.#of(fd);
    const bytes = from.data.subarray(position, Math.min(from.size, position + into.length));
    into.set(bytes);
    return bytes.length;
  }

  write(fd: number, from: Uint8Array, position: number): number {
    const fault = this.#count("write");
    if (fault && !fault.short) fail(fault.errno, "write");
    const { node: to, append } = this.#of(fd);
    const bytes = fault?.short ? from.slice(0, Math.max(1, from.length >> 1)) : from.slice();
    const at = append ? to.size : position;
    put(to, at, bytes);
    this.steps.push({ do: "write", node: to.id, at, bytes });
    return bytes.length;
  }

  size(fd: number): number {
    return this.#of(fd).node.size;
  }

  identity(fd: number): { dev: string; ino: string } {
    return { dev: "1", ino: String(this.#of(fd).node.id) };
  }

  async #sync(call: "datasync" | "file", fd: number): Promise<void> {
    const upTo = this.steps.length;
    const { node: of } = this.#of(fd);
    const fault = this.#count(call === "file" ? "sync" : "datasync");
    await Promise.resolve();
    if (fault) fail(fault.errno, call);
    if (!this.skip[call]) this.steps.push({ do: "sync", node: of.id, upTo });
  }

  datasync(fd: number): Promise<void> {
    return this.#sync("datasync", fd);
  }

  sync(fd: number): Promise<void> {
    return this.#sync("file", fd);
  }

  async syncFolder(path: string): Promise<void> {
    const upTo = this.steps.length;
    const found = this.#find(path);
    const fault = this.#count("syncFolder");
    await Promise.resolve();
    if (fault) fail(fault.errno, path);
    if (!found) fail("ENOENT", path);
    if (!this.skip.folder) this.steps.push({ do: "sync-folder", folder: found.id, upTo });
  }

  truncate(fd: number, length: number): void {
    this.#enter("truncate", "truncate");
    const { node: of } = this.#of(fd);
    cut(of, length);
    this.steps.push({ do: "truncate", node: of.id, length });
  }

  close(fd: number): void {
    this.#fds.delete(fd);
    for (const [id, holder] of this.#locks) if (holder === fd) this.#locks.delete(id);
  }

  rename(from: string, to: string): void {
    this.#enter("rename", to);
    const folder = this.#folder(from);
    if (folder !== this.#folder(to)) throw new Error("the recorder knows no rename between folders");
    rename(folder, nameOf(from), nameOf(to));
    this.steps.push({ do: "rename", folder: folder.id, from: nameOf(from), to: nameOf(to) });
  }

  link(from: string, to: string): void {
    this.#enter("link", to);
    const folder = this.#folder(from);
    const id = folder.names.get(nameOf(from));
    if (id === undefined) fail("ENOENT", from);
    folder.names.set(nameOf(to), id);
    this.steps.push({ do: "link", folder: folder.id, from: nameOf(from), to: nameOf(to) });
  }

  remove(path: string): void {
    this.#enter("remove", path);
    const folder = this.#find(folderOf(path));
    if (!folder?.names.delete(nameOf(path))) return;
    this.steps.push({ do: "remove", folder: folder.id, name: nameOf(path) });
  }

  list(path: string): string[] {
    return [...(this.#find(path) ?? fail("ENOENT", path)).names.keys()];
  }

  makeFolder(path: string): void {
    this.#enter("makeFolder", path);
    if (path === "/" || this.#find(path)) return;
    this.makeFolder(folderOf(path));
    this.#make(path, "folder");
    const parent = this.#folder(path);
    if (!this.skip.folder) this.steps.push({ do: "sync-folder", folder: parent.id, upTo: this.steps.length });
  }

  removeFolder(path: string): void {
    this.remove(path);
  }

  stat(path: string): FileStat | undefined {
    const found = this.#find(path);
    if (!found) return undefined;
    return { dev: "1", ino: String(found.id), size: found.size, changed: new Date(0), kind: found.kind };
  }

  lock(fd: number): boolean {
    const { node: of } = this.#of(fd);
    if (this.#locks.has(of.id)) return false;
    this.#locks.set(of.id, fd);
    return true;
  }

  /** The content of a file, to look at or to change behind everybody's back. */
  contentOf(path: string): Uint8Array {
    const found = this.#find(path) ?? fail("ENOENT", path);
    return found.data.slice(0, found.size);
  }

  setContent(path: string, bytes: Uint8Array): void {
    const found = this.#find(path) ?? this.#make(path, "file");
    found.data = bytes.slice();
    found.size = bytes.length;
  }
}

function node(id: number, kind: "file" | "folder"): Node {
  return { id, kind, data: new Uint8Array(0), size: 0, names: new Map() };
}

function put(to: Node, at: number, bytes: Uint8Array): void {
  const end = at + bytes.length;
  if (end > to.data.length) {
    const grown = new Uint8Array(Math.max(end, 2 * to.data.length));
    grown.set(to.data.subarray(0, to.size));
    to.data = grown;
  }
  to.data.set(bytes, at);
  to.size = Math.max(to.size, end);
}

function cut(of: Node, length: number): void {
  of.data.fill(0, length);
  of.size = Math.min(of.size, length);
}

function rename(folder: Node, from: string, to: string): void {
  const id = folder.names.get(from);
  if (id === undefined) fail("ENOENT", from);
  folder.names.delete(from);
  folder.names.set(to, id);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** How much of what was not synced is there after the crash. */
export type Loss = { data: "none" | "all" | "some"; names: "none" | "all" | "some"; random(): number };

/** The disk as a machine finds it that lost its power after `steps` steps. */
export function crash(steps: readonly Step[], count: number, loss: Loss): MemoryIo {
  const done = steps.slice(0, count);
  const [synced, folderSynced] = durability(done);
  const io = new MemoryIo();
  io.nextNode = done.reduce((most, step) => (step.do === "make" ? Math.max(most, step.node) : most), root) + 1;
  const keptNames = new Map<number, boolean>();
  for (const [index, step] of done.entries()) {
    switch (step.do) {
      case "make":
        io.nodes.set(step.node, node(step.node, step.kind));
        if (nameKept(step.folder, index)) io.nodes.get(step.folder)?.names.set(step.name, step.node);
        break;
      case "rename":
        if (nameKept(step.folder, index)) renameLoose(io.nodes.get(step.folder), step.from, step.to);
        break;
      case "link": {
        const folder = io.nodes.get(step.folder);
        const id = folder?.names.get(step.from);
        if (nameKept(step.folder, index) && id !== undefined) folder?.names.set(step.to, id);
        break;
      }
      case "remove":
        if (nameKept(step.folder, index)) io.nodes.get(step.folder)?.names.delete(step.name);
        break;
      case "write":
        applyWrite(io.nodes.get(step.node), step, index < (synced.get(step.node) ?? 0) ? "all" : loss.data, loss.random);
        break;
      case "truncate": {
        const of = io.nodes.get(step.node);
        const kept = index < (synced.get(step.node) ?? 0) || loss.data === "all" || (loss.data === "some" && loss.random() < 0.5);
        if (of && kept) cut(of, step.length);
        break;
      }
    }
  }
  return io;

  /** Names of a folder are lost from some point on: a later one never without an earlier one. */
  function nameKept(folder: number, index: number): boolean {
    if (index < (folderSynced.get(folder) ?? 0) || loss.names === "all") return true;
    if (loss.names === "none") return false;
    const kept = (keptNames.get(folder) ?? true) && loss.random() < 0.6;
    keptNames.set(folder, kept);
    return kept;
  }
}

function durability(done: readonly Step[]): [Map<number, number>, Map<number, number>] {
  const synced = new Map<number, number>();
  const folders = new Map<number, number>();
  for (const step of done) {
    if (step.do === "sync") synced.set(step.node, Math.max(step.upTo, synced.get(step.node) ?? 0));
    if (step.do === "sync-folder") folders.set(step.folder, Math.max(step.upTo, folders.get(step.folder) ?? 0));
  }
  return [synced, folders];
}

function renameLoose(folder: Node | undefined, from: string, to: string): void {
  if (folder?.names.has(from)) rename(folder, from, to);
}

const sector = 512;

function applyWrite(to: Node | undefined, step: Extract<Step, { do: "write" }>, kept: Loss["data"], random: () => number): void {
  if (!to || kept === "none") return;
  if (kept === "all") return put(to, step.at, step.bytes);
  // each sector on its own: a file may grow over a hole
  let at = step.at;
  while (at < step.at + step.bytes.length) {
    const end = Math.min(step.at + step.bytes.length, (Math.floor(at / sector) + 1) * sector);
    if (random() < 0.5) put(to, at, step.bytes.subarray(at - step.at, end - step.at));
    at = end;
  }
}

/** Records what a disk holds after a crash as durable, so that the next crash can be played from here. */
export function settle(io: MemoryIo): void {
  const { steps } = io;
  const walk = (id: number): void => {
    for (const [name, child] of io.nodes.get(id)?.names ?? []) {
      const found = io.nodes.get(child);
      if (!found) continue;
      steps.push({ do: "make", folder: id, name, node: child, kind: found.kind });
      if (found.kind === "folder") walk(child);
      else steps.push({ do: "write", node: child, at: 0, bytes: found.data.slice(0, found.size) });
      steps.push({ do: "sync", node: child, upTo: steps.length });
    }
    steps.push({ do: "sync-folder", folder: id, upTo: steps.length });
  };
  walk(root);
}
