/** The second half of a plan: values in, environment out. Pure. A value is bytes until it stands in the environment of the program. */
import { parseValue, printReference, type Part, type Parsed, type Ref } from "../envfile/reference.ts";
import { ZvaultError } from "../errors.ts";
import type { Secret } from "./mask/borders.ts";
import type { Definition, Plan } from "./plan.ts";

/** As `calls.ts` has it, which this room may not import. */
export type SecretClass = "secret" | "setting";

/** `expand`: the bytes are a text with references in it. */
export type Value = { bytes: Uint8Array; class: SecretClass; expand: boolean };

export type Finished =
  /** an expanded value names references that were not asked for yet */
  { more: Ref[] } | { environment: Map<string, string>; secrets: Secret[] };

const encoder = new TextEncoder();
/** The kernel takes 128 KiB; a committed file that doubles a text forty times must not fill the memory first. */
const longest = 1024 * 1024;

/** `values`: by the canonical text of their reference. Throws `usage` naming the variable: cycle, NUL, not UTF-8; `unresolved`. */
export function finish(plan: Plan, values: ReadonlyMap<string, Value>): Finished {
  const more = new Map<string, Ref>();
  const secrets = new Map<string, Secret>();
  const known = new Map<string, string>();

  function wrong(one: Definition, why: string, code: "usage" | "unresolved" = "usage"): ZvaultError {
    const where = one.place.line > 0 ? `${one.place.file}:${one.place.line} ` : "";
    return new ZvaultError(code, `${where}${one.name} ${why}`, { names: [one.name] });
  }

  function byRef(one: Definition, ref: Ref, path: readonly string[], whole: boolean): string {
    const key = printReference(ref);
    const value = values.get(key);
    if (!value) {
      more.set(key, ref);
      return "";
    }
    const text = decode(value.bytes, (why) => wrong(one, why));
    if (path.includes(key)) throw wrong(one, `is in a circle: ${[...path, key].join(" → ")}`);
    const result = value.expand ? expand(one, parsed(one, text), text, [...path, key]) : text;
    if (value.class === "secret") {
      const name = whole ? one.name : (ref.path.split("/").at(-1) ?? one.name);
      if (!secrets.has(key) || whole) secrets.set(key, { name, bytes: value.expand ? encoder.encode(result) : value.bytes });
    }
    return result;
  }

  function parsed(one: Definition, text: string): Parsed {
    try {
      return parseValue(text);
    } catch (error) {
      throw error instanceof ZvaultError ? wrong(one, `has a stored text that cannot be expanded: ${error.message}`) : error;
    }
  }

  function byName(one: Definition, name: string, path: readonly string[]): string {
    const inherited = plan.base.get(name);
    if (inherited !== undefined) return inherited;
    const next = plan.set.get(name) ?? plan.defined.get(name);
    if (!next) throw wrong(one, `needs ${name}, which is set nowhere`, "unresolved");
    return valueOf(next, path);
  }

  function expand(one: Definition, value: Parsed, text: string, path: readonly string[]): string {
    if (value.kind === "plain") return text;
    if (value.kind === "reference") return byRef(one, value.ref, path, true);
    const print = (part: Part): string => {
      if (typeof part === "string") return part;
      return "ref" in part ? byRef(one, part.ref, path, false) : byName(one, part.name, path);
    };
    return value.parts.map(print).join("");
  }

  function valueOf(one: Definition, path: readonly string[]): string {
    const done = known.get(one.name);
    if (done !== undefined) return done;
    if (path.includes(one.name)) throw wrong(one, `is in a circle: ${[...path, one.name].join(" → ")}`);
    const text = expand(one, one.value, one.text, [...path, one.name]);
    if (text.length > longest) throw wrong(one, "is longer than an environment takes once its references are put in");
    if (text.includes("\0")) throw wrong(one, "has a NUL byte, which no environment can hold");
    known.set(one.name, text);
    return text;
  }

  const environment = new Map(plan.base);
  for (const one of plan.set.values()) environment.set(one.name, valueOf(one, []));
  return more.size > 0 ? { more: [...more.values()] } : { environment, secrets: [...secrets.values()] };
}

/** The environment is made of strings; bytes that are no text would arrive as others. */
function decode(bytes: Uint8Array, wrong: (why: string) => ZvaultError): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw wrong("is not UTF-8, which no environment can hold unchanged");
  }
}

/** Texts that everybody may read: plain values of the files, and who runs this. */
export function openTexts(plan: Plan): Set<string> {
  const plain = [...plan.defined.values()].flatMap((one) => (one.value.kind === "plain" ? [one.text] : []));
  const who = ["USER", "LOGNAME", "USERNAME"].flatMap((name) => plan.base.get(name) ?? []);
  return new Set([...plain, ...who]);
}

export type Kept = {
  /** names that have another value in the environment than the files give */
  different: string[];
  /** values of class secret that the environment has already */
  secrets: Secret[];
};

/** Compares what was kept with the files: plain texts always, references as far as `values` has them. */
export function compareKept(plan: Plan, values: ReadonlyMap<string, Value>): Kept {
  const kept: Kept = { different: [], secrets: [] };
  for (const one of plan.kept) {
    const own = plan.base.get(one.name) ?? "";
    if (one.value.kind === "plain") {
      if (own !== one.text) kept.different.push(one.name);
      continue;
    }
    if (one.value.kind !== "reference") continue;
    const value = values.get(printReference(one.value.ref));
    if (!value || value.expand) continue;
    if (Buffer.compare(encoder.encode(own), value.bytes) !== 0) kept.different.push(one.name);
    if (value.class === "secret") kept.secrets.push({ name: one.name, bytes: encoder.encode(own) });
  }
  return kept;
}
