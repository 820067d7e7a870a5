/**
 * Patterns of paths, as rules name them: a path; `+` for one whole segment; `*` at the end for any rest, also none. Case-sensitive, and
 * accepted or refused as paths are (src/path.ts); a "/" at the end is allowed, for LIST. Of several that match, the most specific
 * decides (`compare`), in the order of Vault and OpenBao.
 */
import { limits } from "../verbs.ts";

export type Pattern = {
  readonly text: string;
  /** position of the first `+` or `*`; the length of an exact path */
  readonly first: number;
  /** ends in `*` */
  readonly glob: boolean;
  /** number of `+` */
  readonly plus: number;
  readonly exact: boolean;
  /** of a pattern that is not exact */
  readonly matches: (path: string) => boolean;
};

/** The pattern as it is typed, without one leading "/" or "zvault://". */
export function bare(typed: string): string {
  return typed.replace(/^(zvault:\/\/|\/)/, "");
}

/** Why `text` is no pattern, or undefined if it is one. */
export function patternProblem(text: string): string | undefined {
  if (text === "") return "it is empty";
  if (text.length > limits.path) return `it is longer than ${limits.path} bytes`;
  const glob = text.endsWith("*");
  const parts = (glob ? text.slice(0, -1) : text).split("/");
  // env/ and env/* end in a segment that is not there yet
  if (parts.length > 1 && parts.at(-1) === "") parts.pop();
  else if (glob && parts.at(-1) === "+") return "`+` stands for a whole segment";
  if (parts.length > limits.segments) return `it has more than ${limits.segments} segments`;
  for (const [at, part] of parts.entries()) {
    const place = `segment ${at + 1}`;
    const open = glob && at === parts.length - 1 && !text.endsWith("/*");
    if (part === "+") continue;
    if (part === "" && !open) return `${place} is empty`;
    if (part.includes("*")) return "`*` stands only at the end";
    if (part.includes("+")) return "`+` stands for a whole segment";
    if ((part === "." || part === "..") && !open) return `${place} is ${part}`;
    if (part.length > limits.segment) return `${place} is longer than ${limits.segment} bytes`;
    if (!/^[A-Za-z0-9._-]*$/.test(part)) return `${place} has a character that is not allowed`;
  }
  return undefined;
}

/** Of a text without a problem. */
export function toPattern(text: string): Pattern {
  const glob = text.endsWith("*");
  const fixed = glob ? text.slice(0, -1) : text;
  const plus = fixed.split("/").filter((part) => part === "+").length;
  const wild = text.search(/[+*]/);
  const pattern = { text, first: wild === -1 ? text.length : wild, glob, plus, exact: !glob && plus === 0 };
  if (plus === 0) return { ...pattern, matches: glob ? (path) => path.startsWith(fixed) : (path) => path === text };
  const source = fixed
    .split("/")
    .map((part) => (part === "+" ? "[^/]+" : part.replaceAll(".", "\\.")))
    .join("/");
  const shape = new RegExp(`^${source}${glob ? "" : "$"}`);
  return { ...pattern, matches: (path) => shape.test(path) };
}

export type Criterion = "exact" | "later-wildcard" | "no-glob" | "fewer-plus" | "longer" | "lexicographic";

/** By what two different patterns that match the same path are told apart, and a number below 0 when `a` decides. */
export function compare(a: Pattern, b: Pattern): { by: Criterion; order: number } {
  if (a.exact !== b.exact) return { by: "exact", order: Number(b.exact) - Number(a.exact) };
  if (a.first !== b.first) return { by: "later-wildcard", order: b.first - a.first };
  if (a.glob !== b.glob) return { by: "no-glob", order: Number(a.glob) - Number(b.glob) };
  if (a.plus !== b.plus) return { by: "fewer-plus", order: a.plus - b.plus };
  if (a.text.length !== b.text.length) return { by: "longer", order: b.text.length - a.text.length };
  // `+` comes before every letter of a path: the one whose `+` comes later decides
  return { by: "lexicographic", order: a.text > b.text ? -1 : 1 };
}
