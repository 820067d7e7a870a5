/** What a reader of dotenv files of another make is to us: a pure function from a text to what its programs would have got. */
export const dialects = ["node", "next", "compose", "python"] as const;
export type Dialect = (typeof dialects)[number];

export type Surroundings = {
  /** variables that are set already: they win, as they do in `run` */
  environment: ReadonlyMap<string, string>;
  /** values of files that the reader has read before this one */
  earlier: ReadonlyMap<string, string>;
};

export type Part = string | { name: string };

/** One assignment as the reader sees it. */
export type Bound = {
  name: string;
  /** where it begins, from 1 */
  line: number;
  /** as the program gets it, a byte text (`text.ts`) */
  value: string;
  /**
   * The same before variables were put in, their defaults left off; undefined where it names none. Whether this comes to `value`
   * is for the caller to compare.
   */
  parts: readonly Part[] | undefined;
};

export type Reading =
  /** the last of a name counts */
  | { kind: "read"; bound: ReadonlyMap<string, Bound> }
  /** the reader gives up on the whole file; `why` holds no value */
  | { kind: "refused"; line: number; why: string };

export type Reader = (text: string, around: Surroundings) => Reading;

/** Units of a value, beyond which a reader of ours gives up: variables that double each other grow without end. */
export const longestValue = 2 * 1024 * 1024;
export const tooLong = "a value comes to more than 2 MiB";

/** Undefined if there is nothing but text. */
export function withNames(parts: readonly Part[]): readonly Part[] | undefined {
  return parts.some((part) => typeof part !== "string") ? parts : undefined;
}
