/** The readers by name, and a set of files as each of them reads it. */
import { fileSet, readBefore } from "../file-set.ts";
import { compose } from "./compose.ts";
import { next } from "./next.ts";
import { node } from "./node.ts";
import { python } from "./python.ts";
import type { Dialect, Reader, Reading } from "./reader.ts";

const readers: Record<Dialect, Reader> = { node, next, compose, python };

/** Reads files on demand, each once per dialect. `files`: name → byte text. */
export class Readings {
  readonly #files: ReadonlyMap<string, string>;
  readonly #environment: ReadonlyMap<string, string>;
  readonly #done = new Map<string, Reading>();

  /** `environment`: what is set outside of the files, and not by them. */
  constructor(files: ReadonlyMap<string, string>, environment: ReadonlyMap<string, string>) {
    this.#files = files;
    this.#environment = environment;
  }

  of(dialect: Dialect, file: string): Reading {
    return this.#read(dialect, file, fileSet(file, [...this.#files.keys()]));
  }

  #read(dialect: Dialect, file: string, set: readonly string[]): Reading {
    const before = readBefore(dialect, file, set);
    const key = JSON.stringify([dialect, file, before]);
    const known = this.#done.get(key);
    if (known) return known;
    const earlier = new Map<string, string>();
    for (const one of before) {
      const read = this.#read(dialect, one, set);
      if (read.kind === "refused") continue;
      // next: what is set stays; the others: later wins
      for (const [name, { value }] of read.bound) if (dialect !== "next" || !earlier.has(name)) earlier.set(name, value);
    }
    const reading = readers[dialect](this.#files.get(file) ?? "", { environment: this.#environment, earlier });
    this.#done.set(key, reading);
    return reading;
  }
}
