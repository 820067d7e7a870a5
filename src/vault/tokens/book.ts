/**
 * The tokens of a vault: entries of its table "tokens", by the SHA-256 of their texts. Reads the state, and says which entries a change
 * would set; who appends them is the gate's and the engine's business.
 */
import type { Json, Operation } from "../operation.ts";
import type { State } from "../state.ts";
import { tokenKey } from "./text.ts";
import { deathOf, type Token } from "./token.ts";

const table = "tokens";

export type Found = { key: string; token: Token };

export class TokenBook {
  readonly #state: State;
  readonly #lineage: string;

  constructor(state: State, lineage: string) {
    this.#state = state;
    this.#lineage = lineage;
  }

  get(key: string): Token | undefined {
    return this.#state.tables.get(table)?.get(key) as unknown as Token | undefined;
  }

  all(): Found[] {
    return Array.from(this.#state.tables.get(table) ?? [], ([key, token]) => ({ key, token: token as unknown as Token }));
  }

  /** The token of that text, with its parents up to the first orphan, itself first; undefined if any of them does not count at `now`. */
  lineOf(text: Uint8Array, now: number): Found[] | undefined {
    const key = tokenKey(text);
    return key === undefined ? undefined : this.lineByKey(key, now);
  }

  lineByKey(key: string, now: number): Found[] | undefined {
    const line: Found[] = [];
    for (let at: string | null = key; at !== null;) {
      const token = this.get(at);
      if (!token || deathOf(token, this.#lineage, now) !== undefined) return undefined;
      if (line.some((one) => one.key === at)) return undefined;
      line.push({ key: at, token });
      at = token.parent;
    }
    return line;
  }

  byAccessor(accessor: string): Found | undefined {
    return this.all().find(({ token }) => token.accessor === accessor);
  }

  /** It and all that came of it, in any depth. */
  withChildren(key: string): Found[] {
    const children = new Map<string, Found[]>();
    for (const one of this.all()) {
      const { parent } = one.token;
      if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), one]);
    }
    const found: Found[] = [];
    const left = this.all().filter((one) => one.key === key);
    for (let one = left.pop(); one; one = left.pop()) {
      found.push(one);
      left.push(...(children.get(one.key) ?? []));
    }
    return found;
  }

  /** What counts for nobody any more: expired, of another life, spent, or without their parent. */
  swept(now: number): Operation[] {
    const gone = this.all().filter(({ token }) => {
      const death = deathOf(token, this.#lineage, now);
      return (death !== undefined && death !== "not yet") || (token.parent !== null && !this.get(token.parent));
    });
    return gone.map(({ key }) => unset(key));
  }
}

export function set(key: string, token: Token): Operation {
  return { op: "set", table, key, value: token as unknown as Json };
}

export function unset(key: string): Operation {
  return { op: "set", table, key, value: null };
}
