/**
 * The keys of an unsealed vault: data keys by term, and the integrity key from which the keys of head and audit log come. Wrapped as
 * one piece under the root key (docs/format.md, "Keyring").
 *
 *  0  4  number of terms           36  4  term
 *  4 32  integrity key             40 32  data key      } for each term
 *                                  72 32  hedge key     }
 */
import { hkdf } from "../crypto/kdf.ts";
import { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";
import type { TermKeys } from "./cell.ts";

const none = new Uint8Array(0);
const termLength = 68;

export class Keyring {
  readonly #integrity: Secret;
  readonly #terms: Map<number, TermKeys>;
  #current: TermKeys;
  readonly headKey: Secret;
  readonly auditKey: Secret;

  private constructor(integrity: Secret, terms: TermKeys[]) {
    const last = terms.toSorted((a, b) => b.term - a.term)[0];
    if (!last) throw new ZvaultError("damaged", "the keyring is empty");
    this.#integrity = integrity;
    this.#terms = new Map(terms.map((one) => [one.term, one]));
    this.#current = last;
    this.headKey = hkdf(integrity, none, "zvault head", 32);
    this.auditKey = hkdf(integrity, none, "zvault audit", 32);
  }

  static generate(): Keyring {
    return new Keyring(Secret.random(32), [newTerm(1)]);
  }

  /** Takes the plaintext of a wrapped keyring; throws `damaged` when it is none. `plain` stays the caller's. */
  static parse(plain: Secret): Keyring {
    return plain.use((bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const count = bytes.length < 36 ? 0 : view.getUint32(0);
      if (count < 1 || bytes.length !== 36 + count * termLength) throw new ZvaultError("damaged", "the keyring has a wrong length");
      const part = (from: number): Secret => {
        const secret = Secret.alloc(32);
        secret.use((into) => into.set(bytes.subarray(from, from + 32)));
        return secret;
      };
      const terms = Array.from({ length: count }, (_, index): TermKeys => {
        const at = 36 + index * termLength;
        return { term: view.getUint32(at), key: part(at + 4), hedge: part(at + 36) };
      });
      return new Keyring(part(4), terms);
    });
  }

  /** With `extra`, as it will be once that term was added. */
  print(extra?: TermKeys): Secret {
    const terms = extra ? [...this.#terms.values(), extra] : [...this.#terms.values()];
    const secret = Secret.alloc(36 + terms.length * termLength);
    secret.use((bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      view.setUint32(0, terms.length);
      this.#integrity.use((key) => bytes.set(key, 4));
      let at = 36;
      for (const { term, key, hedge } of terms) {
        view.setUint32(at, term);
        key.use((from) => bytes.set(from, at + 4));
        hedge.use((from) => bytes.set(from, at + 36));
        at += termLength;
      }
    });
    return secret;
  }

  get current(): TermKeys {
    return this.#current;
  }

  get(term: number): TermKeys | undefined {
    return this.#terms.get(term);
  }

  /** For `audit hash`, made when it is asked for; the caller wipes it. */
  valueKey(): Secret {
    return hkdf(this.#integrity, none, "zvault value hash", 32);
  }

  /** Keys of the term to come; they count once the keys file that holds them is on disk, and `add` was called. */
  nextTerm(): TermKeys {
    return newTerm(this.#current.term + 1);
  }

  add(term: TermKeys): void {
    this.#terms.set(term.term, term);
    this.#current = term;
  }

  wipe(): void {
    for (const { key, hedge } of this.#terms.values()) {
      key.wipe();
      hedge.wipe();
    }
    for (const secret of [this.#integrity, this.headKey, this.auditKey]) secret.wipe();
  }
}

function newTerm(term: number): TermKeys {
  return { term, key: Secret.random(32), hedge: Secret.random(32) };
}
