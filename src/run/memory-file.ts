/**
 * `run --file NAME`: the value as a file in memory, its path in NAME_FILE, for programs that take passwords that way (images of databases,
 * TLS libraries). NAME itself is not set. Bytes that no environment can hold are fine here. Loaded only with --file.
 */
import { printReference } from "../envfile/reference.ts";
import { ZvaultError } from "../errors.ts";
import { memoryFile } from "../sys/memfd.ts";
import { nearest } from "./nearest.ts";
import type { Plan } from "./plan.ts";
import type { Value } from "./values.ts";

export type Contents = Map<string, Uint8Array>;

/** Those that are references of their own: their bytes are taken as they are, never as text. */
function whole(plan: Plan, name: string): string | undefined {
  const value = plan.set.get(name)?.value;
  return value?.kind === "reference" ? printReference(value.ref) : undefined;
}

/** The plan without the variables that are given as bytes. Throws `not-found` for a name that is nowhere. */
export function withoutFiles(plan: Plan, names: readonly string[], values: ReadonlyMap<string, Value>): Plan {
  const absent = names.filter((name) => !plan.set.has(name) && !plan.base.has(name));
  if (absent.length > 0) {
    const close = nearest(absent[0] ?? "", [...plan.set.keys()]);
    throw new ZvaultError("not-found", `--file: there is no variable ${absent.join(", ")}`, {
      hint: close === undefined ? "zvault run --dry-run lists what there is" : `did you mean ${close}?`,
      names: absent,
    });
  }
  const bytes = names.filter((name) => asBytes(plan, name, values) !== undefined);
  return { ...plan, set: new Map([...plan.set].filter(([name]) => !bytes.includes(name))) };
}

function asBytes(plan: Plan, name: string, values: ReadonlyMap<string, Value>): Uint8Array | undefined {
  const key = whole(plan, name);
  const value = key === undefined ? undefined : values.get(key);
  return value && !value.expand ? value.bytes : undefined;
}

/** What stands in each file; the names leave the environment. */
export function takeContents(
  plan: Plan,
  names: readonly string[],
  values: ReadonlyMap<string, Value>,
  environment: Map<string, string>,
): Contents {
  const contents: Contents = new Map();
  for (const name of names) {
    contents.set(name, asBytes(plan, name, values) ?? new TextEncoder().encode(environment.get(name) ?? ""));
    environment.delete(name);
  }
  return contents;
}

/** The files, and their paths in the environment. The descriptors are the program's to inherit. */
export function putFiles(contents: Contents, environment: Map<string, string>): number[] {
  return [...contents].map(([name, bytes]) => {
    const fd = memoryFile(name, bytes);
    environment.set(`${name}_FILE`, `/proc/self/fd/${fd}`);
    return fd;
  });
}
