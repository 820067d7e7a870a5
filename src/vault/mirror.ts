/**
 * A copy of the vault's ciphertext outside the project, because `git clean -fdx` deletes an ignored `.zvault/` and then it was the
 * only one. `vault` and `keys` are brought up to date after each commit, audit segments now and then.
 */
import type { Barrier } from "./barrier.ts";
import { listSegments, segmentPath } from "./audit-segment.ts";
import { type Io, readAll, readFile, replaceFile, writeAll, writeFresh } from "./io.ts";
import { keysLimit } from "./keys.ts";

const chunk = 4 * 1024 * 1024;
/** Bytes at the beginning and the end of a copy that are compared before it is gone on with. */
const ends = 64 * 1024;

export class Mirror {
  readonly #io: Io;
  readonly #dir: string;
  readonly path: string;
  /** bytes of this generation that the copy holds; undefined: begin anew */
  #done: number | undefined;
  #generation = 0;
  #fd: number | undefined;
  #dirty = false;
  /** bytes of an earlier session that were not compared yet */
  #unchecked = 0;
  #time: Date | undefined;
  /** why the last copy failed; the vault works on, `status` says it */
  problem: string | undefined;

  constructor(io: Io, dir: string, path: string) {
    this.#io = io;
    this.#dir = dir;
    this.path = path;
  }

  get time(): Date | undefined {
    return this.#time;
  }

  /** Copies what is new in the log. Never throws: a missing second copy must not stop the first. */
  async update(barrier: Barrier, now: Date, anew = false): Promise<void> {
    try {
      const { id, generation } = barrier.header;
      this.#io.makeFolder(this.path);
      if (this.#done === undefined || generation !== this.#generation || barrier.size < this.#done) {
        if (!anew && this.#continue(barrier)) this.#append(barrier);
        else await this.#begin(barrier);
        await this.#copyKeys();
        await this.#put("from", new TextEncoder().encode(`${JSON.stringify({ id, dir: this.#dir })}\n`));
      } else {
        this.#append(barrier);
      }
      this.#generation = generation;
      this.#dirty = true;
      this.#time = now;
      this.problem = undefined;
    } catch (failure) {
      this.problem = failure instanceof Error ? failure.message : "unknown";
      this.#forget();
    }
  }

  /** Takes up the copy of an earlier session, if its ends are those of this very log; `check` looks at all of it later. */
  #continue(barrier: Barrier): boolean {
    this.#forget();
    const path = `${this.path}/vault`;
    const size = this.#io.stat(path)?.size ?? 0;
    if (size === 0 || size > barrier.size) return false;
    try {
      this.#fd = this.#io.open(path, "append-read-write");
    } catch {
      return false; // a link or whatever stands there: it is replaced
    }
    const last = Math.max(0, size - ends);
    if (!this.#same(barrier, 0, Math.min(ends, size)) || !this.#same(barrier, last, size - last)) return false;
    this.#done = size;
    this.#unchecked = size;
    return true;
  }

  #same(barrier: Barrier, at: number, length: number): boolean {
    const bytes = new Uint8Array(length);
    const got = this.#fd === undefined ? 0 : readAll(this.#io, this.#fd, bytes, at);
    return got === length && Buffer.compare(bytes, barrier.bytes(at, length)) === 0;
  }

  /** Once a session, piece by piece: what an earlier one copied is still what the log says, or it is copied anew. Never throws. */
  async check(barrier: Barrier, now: Date): Promise<void> {
    const size = this.#unchecked;
    this.#unchecked = 0;
    try {
      for (let at = 0; at < size; at += chunk) {
        if (barrier.header.generation !== this.#generation || this.#fd === undefined) return;
        if (!this.#same(barrier, at, Math.min(chunk, size - at))) {
          this.#forget();
          return await this.update(barrier, now, true);
        }
        await new Promise((turn) => setImmediate(turn));
      }
    } catch (failure) {
      this.problem = failure instanceof Error ? failure.message : "unknown";
      this.#forget();
    }
  }

  async #begin(barrier: Barrier): Promise<void> {
    this.#forget();
    const fresh = `${this.path}/vault.new`;
    await writeFresh(this.#io, fresh, new Uint8Array());
    const fd = this.#io.open(fresh, "append-read-write");
    this.#fd = fd;
    this.#done = 0;
    this.#append(barrier);
    await this.#io.sync(fd);
    this.#io.rename(fresh, `${this.path}/vault`);
    await this.#io.syncFolder(this.path);
  }

  #append(barrier: Barrier): void {
    if (this.#fd === undefined || this.#done === undefined) return;
    while (this.#done < barrier.size) {
      const bytes = barrier.bytes(this.#done, Math.min(chunk, barrier.size - this.#done));
      writeAll(this.#io, this.#fd, bytes, this.#done);
      this.#done += bytes.length;
    }
  }

  /** After a change of the keys file. */
  async updateKeys(): Promise<void> {
    try {
      await this.#copyKeys();
    } catch (failure) {
      this.problem = failure instanceof Error ? failure.message : "unknown";
    }
  }

  async #copyKeys(): Promise<void> {
    const keys = readFile(this.#io, `${this.#dir}/keys`, keysLimit);
    if (keys) await this.#put("keys", keys);
  }

  /** A small file that is not there, or not like that. */
  async #put(name: string, content: Uint8Array): Promise<void> {
    const path = `${this.path}/${name}`;
    const there = readFile(this.#io, path, keysLimit);
    if (!there || Buffer.compare(there, content) !== 0) await replaceFile(this.#io, path, content);
  }

  /** Closed audit segments are copied once, the last one each time. */
  async updateAudit(): Promise<void> {
    const from = `${this.#dir}/audit`;
    const to = `${this.path}/audit`;
    try {
      this.#io.makeFolder(to);
      const segments = listSegments(this.#io, from);
      for (const segment of segments) {
        const there = this.#io.stat(segmentPath(to, segment));
        const size = this.#io.stat(segmentPath(from, segment))?.size;
        if (there && there.size === size) continue;
        const bytes = readFile(this.#io, segmentPath(from, segment), 64 * 1024 * 1024);
        if (bytes) await replaceFile(this.#io, segmentPath(to, segment), bytes);
      }
    } catch (failure) {
      this.problem = failure instanceof Error ? failure.message : "unknown";
    }
  }

  async sync(): Promise<void> {
    if (!this.#dirty || this.#fd === undefined) return;
    this.#dirty = false;
    try {
      await this.#io.datasync(this.#fd);
    } catch (failure) {
      this.problem = failure instanceof Error ? failure.message : "unknown";
      this.#forget();
    }
  }

  #forget(): void {
    if (this.#fd !== undefined) this.#io.close(this.#fd);
    this.#fd = undefined;
    this.#done = undefined;
  }

  close(): void {
    this.#forget();
  }
}
