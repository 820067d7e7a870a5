/**
 * @next/env 16: it brings its own dotenv (16.3.1, which reads as 18 does) and dotenv-expand (10). What that expand does is kept to the
 * letter: the last `$` first, what was put in is looked through again, a default wins over the file's own value, and `\$` is `$` in
 * the end. Quotes do not count. Source: dist/index.js there, functions `_interpolate` and `expand`.
 */
import { variablesIn } from "../variables.ts";
import { node } from "./node.ts";
import { longestValue, withNames, type Bound, type Part, type Reader } from "./reader.ts";

/** Real values need a handful of steps; a value that names itself needs them without end, and grows. */
const mostSteps = 1000;

export const next: Reader = (text, { environment, earlier }) => {
  const read = node(text, { environment, earlier });
  if (read.kind === "refused") return read;
  // an object, for its order: names like 456 come first
  const parsed: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, one] of read.bound) parsed[name] = one.value;
  const lookUp = (name: string): string | undefined => environment.get(name) ?? earlier.get(name);
  const bound = new Map<string, Bound>();
  for (const name of Object.keys(parsed)) {
    const one = read.bound.get(name);
    const raw = parsed[name] ?? "";
    const value = interpolate(raw, lookUp, parsed);
    if (one === undefined) continue;
    if (value === undefined) return { kind: "refused", line: one.line, why: `${name} names itself, or grows, without end` };
    parsed[name] = unescape(value);
    bound.set(name, { name, line: one.line, value: unescape(value), parts: partsOf(raw) });
  }
  return { kind: "read", bound };
};

function unescape(text: string): string {
  return text.replaceAll("\\$", "$");
}

/** Undefined if there is no end to it. */
function interpolate(
  raw: string,
  lookUp: (name: string) => string | undefined,
  parsed: Readonly<Record<string, string>>,
): string | undefined {
  let text = raw;
  for (let step = 0; step < mostSteps && text.length <= longestValue; step++) {
    const found = lastVariable(text);
    if (!found) return text;
    const { whole, name, fallback } = found;
    // `replace` with a text: `$&` and the like in a value have their meaning there, too
    text = text.replace(whole, lookUp(name) || fallback || parsed[name] || "");
  }
  return undefined;
}

function lastVariable(text: string): { whole: string; name: string; fallback: string | undefined } | undefined {
  let at = text.lastIndexOf("$");
  while (at > 0 && text[at - 1] === "\\") at = text.lastIndexOf("$", at - 1);
  if (at === -1 || text[at - 1] === "\\") return undefined;
  const found = /(?<!\\)\$\{?(\w+)(?::-([^}\\]*))?\}?/.exec(text.slice(at));
  return found ? { whole: found[0], name: found[1] ?? "", fallback: found[2] } : undefined;
}

function partsOf(raw: string): readonly Part[] | undefined {
  const parts: Part[] = [];
  let done = 0;
  for (const { name, start, end } of variablesIn(raw)) {
    parts.push(unescape(raw.slice(done, start)), { name });
    done = end;
  }
  parts.push(unescape(raw.slice(done)));
  return withNames(parts);
}
