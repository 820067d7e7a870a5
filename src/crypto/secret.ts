/**
 * Key bytes and values in locked memory. A Secret has no printable form: every way to turn it into text gives "[secret]", so
 * a log line or a `===` can neither show nor match one. Whoever makes one wipes it (or binds it with `using`).
 */
import { randomFillSync } from "node:crypto";
import { inspect } from "node:util";
import { memoryFacts, type MemoryKind } from "../sys/memory.ts";
import { allocate, type Cell } from "./arena.ts";

const printed = "[secret]";
const live = new Set<Secret>();
type Borrowed = Pick<Cell, "bytes" | "free">;
const worstLast: readonly MemoryKind[] = ["memfd_secret", "mlock", "unlocked"];

export class Secret {
  #cell: Cell | Borrowed | undefined;
  readonly #length: number;

  private constructor(length: number, cell: Cell | Borrowed = allocate(length)) {
    this.#cell = cell;
    this.#length = length;
    live.add(this);
  }

  /** Zeroes. */
  static alloc(length: number): Secret {
    return new Secret(length);
  }

  /** `bytes` themselves, where they lie: they stay their owner's, who zeroes them; `wipe` only lets go of them. */
  static borrow(bytes: Uint8Array): Secret {
    return new Secret(bytes.length, { bytes: bytes as Uint8Array<ArrayBuffer>, free: () => {} });
  }

  /** Copies `bytes` and zeroes them where they were. */
  static take(bytes: Uint8Array): Secret {
    const secret = new Secret(bytes.length);
    secret.use((own) => own.set(bytes));
    bytes.fill(0);
    return secret;
  }

  static random(length: number): Secret {
    const secret = new Secret(length);
    secret.use((own) => void randomFillSync(own));
    return secret;
  }

  /** In bytes; still known after `wipe`. */
  get length(): number {
    return this.#length;
  }

  get wiped(): boolean {
    return this.#cell === undefined;
  }

  /** The bytes themselves, to read or to fill, only while `f` runs: after `wipe` they may belong to another secret. */
  use<T>(f: (bytes: Uint8Array<ArrayBuffer>) => T): T {
    if (!this.#cell) throw new Error("the secret was wiped");
    return f(this.#cell.bytes);
  }

  clone(): Secret {
    return this.use((bytes) => {
      const copy = new Secret(this.#length);
      copy.use((own) => own.set(bytes));
      return copy;
    });
  }

  /** Zeroes the bytes and gives the memory back. A second call does nothing. */
  wipe(): void {
    const cell = this.#cell;
    this.#cell = undefined;
    live.delete(this);
    cell?.free();
  }

  [Symbol.dispose](): void {
    this.wipe();
  }

  /** Where it lies, if it is its own; for `secretMemory`. */
  get memory(): { kind: MemoryKind; why: string } | undefined {
    return this.#cell && "kind" in this.#cell ? { kind: this.#cell.kind, why: this.#cell.why } : undefined;
  }

  toString(): string {
    return printed;
  }

  toJSON(): string {
    return printed;
  }

  valueOf(): string {
    return printed;
  }

  /** A number made of a secret is a mistake: it would be NaN and go on. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "number") throw new TypeError("a secret is no number");
    return printed;
  }

  [inspect.custom](): string {
    return printed;
  }
}

/** Wipes every secret of this process: at seal, and before it dies. */
export function wipeAll(): void {
  for (const secret of live) secret.wipe();
}

/** The worst kind of memory a live secret lies in; with none alive, what the next one would get. `why`: why not better, or "". */
export function secretMemory(): { kind: MemoryKind; why: string } {
  let worst: { kind: MemoryKind; why: string } | undefined;
  for (const { memory } of live) {
    if (memory && (!worst || worstLast.indexOf(memory.kind) > worstLast.indexOf(worst.kind))) worst = memory;
  }
  if (worst) return worst;
  const { kind, why } = memoryFacts();
  return { kind, why };
}
