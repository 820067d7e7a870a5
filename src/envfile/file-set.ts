/** Which env files belong together: those that `run` reads in one go, and in which order readers take them. */
import type { Dialect } from "./dialects/reader.ts";

/** `.env.production.local` → production; `.env` and `.env.local` → undefined. */
function environmentOf(name: string): string | undefined {
  const middle = /^\.env\.(.+?)(?:\.local)?$/.exec(name)?.[1];
  return middle === "local" ? undefined : middle;
}

function isLocal(name: string): boolean {
  return name.endsWith(".local");
}

/** The names of the files of `name`'s set, in the order of `run`: later wins. Itself is one of them. */
export function fileSet(name: string, all: readonly string[]): string[] {
  const mine = environmentOf(name);
  const rank = (one: string): number => (isLocal(one) ? 2 : 0) + (environmentOf(one) === undefined ? 0 : 1);
  const inside = all.filter((one) => one === name || environmentOf(one) === undefined || environmentOf(one) === mine);
  return inside.toSorted((a, b) => rank(a) - rank(b));
}

/** The files that a reader has read before `name`. dotenv knows one file only; next begins with the one that wins. */
export function readBefore(dialect: Dialect, name: string, set: readonly string[]): string[] {
  if (dialect === "node") return [];
  const order = dialect === "next" ? set.toReversed() : set;
  return order.slice(0, order.indexOf(name));
}
