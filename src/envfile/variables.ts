/** `$NAME` and `${NAME…}` in a text: what some reader may put another text in for. */
import type { Assignment } from "./document.ts";

export type Variable = {
  name: string;
  /** offsets in the text */
  start: number;
  end: number;
  /** `:-`, `-`, `:+`, `+`, `:?`, `?`, or "" */
  sign: string;
  /** what stands behind the sign */
  word: string;
};

const either = /\$(?:\{([A-Za-z_][\w.]*)(?:(:?[-+?])((?:[^{}]|\$\{[^{}]{0,200}\}){0,2000}))?\}|([A-Za-z_]\w*))/g;

/** "braced": `${NAME}` only. Behind a backslash or another `$`, none. */
export function variablesIn(text: string, which: "all" | "braced" = "all"): Variable[] {
  const found: Variable[] = [];
  for (const one of text.matchAll(either)) {
    let at = one.index;
    while (at > 0 && (text[at - 1] === "\\" || text[at - 1] === "$")) at--;
    const [whole, braced, sign, rest, bare] = one;
    if ((one.index - at) % 2 === 1 || (which === "braced" && braced === undefined)) continue;
    found.push({ name: braced ?? bare ?? "", start: one.index, end: one.index + whole.length, sign: sign ?? "", word: rest ?? "" });
  }
  return found;
}

/** Backticks inside of a value: a shell would run what stands between them. */
export function isRunLine(one: Assignment): boolean {
  return one.quote !== "`" && /`[^`]+`/.test(one.value);
}
