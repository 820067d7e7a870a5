/** dotenv 18: our own parser (`parse.ts`). It puts no variables in. */
import { assignments } from "../document.ts";
import { parseText } from "../parse.ts";
import type { Bound, Reader } from "./reader.ts";

export const node: Reader = (text) => {
  const bound = new Map<string, Bound>();
  for (const { name, line, value } of assignments(parseText(text))) {
    if (name !== "__proto__") bound.set(name, { name, line, value, parts: undefined });
  }
  return { kind: "read", bound };
};
